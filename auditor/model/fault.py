"""What went wrong in terms of the person who can mend it."""

import errno
from typing import Final

USAGE_EXIT: Final = 2
PROVIDER_EXIT: Final = 3
"""A model's service is unavailable."""
BUDGET_EXIT: Final = 4
"""The spending limit was reached."""


class Fault(Exception):  # noqa: N818  a fault of the input or the surroundings, not an error of the program
    """Something the user, or what the user pointed at, got wrong: shown as a message, never as a traceback.

    Raised in any layer. `what` is one sentence without a final full stop, `where` a file (with `:line`) or a
    flag, `hint` what to do next.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", exit_code: int = USAGE_EXIT) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        """`where: what (hint)`, on one line."""
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.what}{advice}"


def full_disk(error: OSError, /) -> Fault | None:
    """The fault of a disk that nothing more can be written to; None for any other error."""
    if error.errno in _FULL:
        what = f"can't be written: {error.strerror}"
    elif "No usable temporary directory" in str(error):
        what = "there is no folder for temporary files that can be written to"
    else:
        return None
    hint = "make room; a run goes on with --resume, and what was kept stays kept"
    return Fault(what, where=str(error.filename or ""), hint=hint)


_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
