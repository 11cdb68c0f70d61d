"""Standard output: data and nothing else. This module alone writes to it."""

import os
import shutil
import sys
from typing import Final, TextIO

_NARROWEST: Final = 40
_WIDEST: Final = 120


class Output:
    """Where a command's result goes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty()
        self.colour = self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @classmethod
    def standard(cls) -> "Output":
        """The process's own; in a pipe always UTF-8 with plain newlines, so that the bytes don't vary."""
        stream = sys.stdout
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

    def write(self, text: str, /) -> None:
        """Writes `text`, with a newline at its end, at once; `BrokenPipeError` when nobody reads."""
        self._stream.write(text if text.endswith("\n") or not text else text + "\n")
        self._stream.flush()


def silence_standard_output() -> None:
    """After a broken pipe: the interpreter flushes at its end and must not stumble over it again."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
