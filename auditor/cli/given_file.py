"""The content of a file that the user names, which may be a pipe, and may lead anywhere."""

import stat
from pathlib import Path
from typing import Final

from auditor.model.fault import Fault

MAX_BYTES: Final = 1 << 30
MAX_PIPED_BYTES: Final = 1 << 28
"""Of what has no size of its own: `/dev/stdin`, `<(git show main:report.json)`, but also a link to `/dev/zero`."""


def given_text(file: Path, /, *, what: str) -> str:
    """The text of `file`, which should be `what`.

    Raises:
        Fault: it can't be read, or is too large for it, or not UTF-8.
    """
    try:
        with file.open("rb") as opened:
            status = file.stat()
            most = MAX_BYTES if stat.S_ISREG(status.st_mode) else MAX_PIPED_BYTES
            content = b"" if status.st_size > most else opened.read(most + 1)
        if status.st_size > most or len(content) > most:
            raise Fault(f"is too large for {what}: over {most:,} bytes", where=str(file))
        return content.decode("utf-8")
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(file)) from error
    except UnicodeDecodeError as error:
        raise Fault(f"is no {what.rpartition(' ')[2]}: not UTF-8", where=str(file)) from error
