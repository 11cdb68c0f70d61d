"""Standard output: data and nothing else. This module alone writes to it."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final, TextIO

from auditor.model.fault import Fault

_NARROWEST: Final = 40
_WIDEST: Final = 120
_UNCUT: Final = 100_000


class Output:
    """Where a command's result goes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty()
        self.colour = self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @classmethod
    def standard(cls) -> "Output":
        """The process's own; in a pipe always UTF-8 with plain newlines, so that the bytes don't vary."""
        stream = sys.stdout = open_or_nowhere(sys.stdout)
        if hasattr(stream, "reconfigure"):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="replace", newline="\n")
        return cls(stream)

    @property
    def width(self) -> int:
        """Columns to fill."""
        return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)

    @property
    def line_width(self) -> int:
        """Columns for lines of data, such as one endpoint each: in a pipe nothing of them is cut."""
        return self.width if self.is_terminal else _UNCUT

    def write(self, text: str, /) -> None:
        """Writes `text`, with a newline at its end, at once.

        Raises:
            BrokenPipeError: nobody reads.
            Fault: it can't be written, for another reason.
        """
        try:
            self._stream.write(text if text.endswith("\n") or not text else text + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            silence_standard_output()
            raise Fault(f"can't be written: {error.strerror or error}", where="standard output") from error


def open_or_nowhere(stream: TextIO | None, /) -> TextIO:
    """A stream of the process's; one that leads nowhere if it was started without it (``>&-``)."""
    return Path(os.devnull).open("w", encoding="utf-8") if stream is None else stream


def silence_standard_output() -> None:
    """After a failed write: the interpreter flushes at its end and must not stumble over it again."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
