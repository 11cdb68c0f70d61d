"""The folder that a person named as the target."""

import errno
import os
from pathlib import Path

from auditor.repo import errors


def root_of(path: Path, /) -> Path:
    """The folder at `path`, resolved.

    Raises:
        Fault: there is none, it is something else, or its name can't be followed.
    """
    try:
        root = path.resolve(strict=True)
    except (FileNotFoundError, ValueError) as error:
        raise errors.missing(path) from error
    except NotADirectoryError as error:
        raise errors.not_a_directory(path) from error
    except (OSError, RuntimeError) as error:
        looped = error if isinstance(error, OSError) else OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        raise errors.inaccessible(path, looped) from error
    if not root.is_dir():
        raise errors.not_a_directory(path)
    return root
