"""Standard error: what is going on, what to look out for, what went wrong. This module alone writes to it."""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

from auditor.cli.output import open_or_nowhere
from auditor.model.fault import Fault
from auditor.model.text import clean

_PATIENCE_S: Final = 1.0
"""A run that is over sooner says nothing about its progress."""
_REFRESH_S: Final = 0.1
_ERASE_LINE: Final = "\r\x1b[2K"


class Narration:
    """One line at a time: rewritten in place on a terminal, written once elsewhere."""

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        rewrites: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rewrites`: a terminal can write over a line, which those that call themselves dumb can't."""
        self._stream = stream
        self._quiet = quiet
        self._rewrites = rewrites
        self._clock = clock
        self._began = clock()
        self._shown_at = 0.0
        self._shown = ""
        self._status = ""

    @classmethod
    def standard(cls, *, quiet: bool = False) -> "Narration":
        """The process's own standard error."""
        stream = sys.stderr = open_or_nowhere(sys.stderr)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
        return cls(stream, quiet=quiet, rewrites=os.environ.get("TERM") != "dumb")

    @property
    def is_terminal(self) -> bool:
        """Whether a line can be written over."""
        return self._rewrites and self._stream.isatty()

    def progress(self, step: str, done: int, total: int | None, *, left: str = "") -> None:
        """Notes how far the work is, with what `left` says of the time; shown by `tick`."""
        self._status = f"{step} {done:,} of {total:,}{left}" if total else step
        self.tick()

    def tick(self) -> None:
        """Shows the status if the run has lasted long enough for anybody to wonder; call it now and then."""
        now = self._clock()
        if self._quiet or not self._status or now - self._began < _PATIENCE_S:
            return
        if not self.is_terminal:
            if not self._shown:
                self._shown = self._status
                self._line(f"auditor: {self._status} …")
        elif self._status != self._shown and now - self._shown_at >= _REFRESH_S:
            self._shown, self._shown_at = self._status, now
            self._write(f"{_ERASE_LINE}auditor: {clean(self._status)} …")

    def clear(self) -> None:
        """Takes the status line off a terminal; the work is over."""
        if self._shown and self.is_terminal:
            self._write(_ERASE_LINE)
        self._status = self._shown = ""

    def say(self, text: str, /) -> None:
        """Something worth knowing; silent under ``--quiet``."""
        if not self._quiet:
            self._line(f"auditor: {clean(text)}")

    def warn(self, text: str, /) -> None:
        """Something that may surprise later."""
        self._line(f"auditor: warning: {clean(text)}")

    def fault(self, fault: Fault, /) -> None:
        """Why there is no result, and what to do about it."""
        self._line(f"auditor: {clean(str(fault))}")

    def details(self, text: str, /) -> None:
        """Several lines for whoever looks into a fault of auditor's own."""
        self._write("".join(f"{clean(line) if line.strip() else ''}\n" for line in text.splitlines()))

    def _line(self, text: str) -> None:
        erase = _ERASE_LINE if self._shown and self.is_terminal else ""
        self._write(f"{erase}{text}\n")

    def _write(self, text: str) -> None:
        # Nobody reads standard error any more: that is no reason to lose the result.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
