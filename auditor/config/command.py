"""A command as a settings file writes it: a text as in a shell, or a list of words."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.config.placeholder import fill
from auditor.model.fault import Fault

SHELL: Final = "/bin/sh"
_NEEDS_SHELL: Final = re.compile(r"[|&;<>()$`*?\[\]#~\n]|^\s*\w+=")
"""What only a shell understands; everything else is split into words and started directly."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start."""

    text: str
    """As it was written, for people; a list is joined with quotes where they are needed."""
    argv: tuple[str, ...]
    """The words to start; a text that needs a shell becomes ``/bin/sh -c TEXT``. Placeholders still stand."""

    def filled(self, values: Mapping[str, str | int], /) -> "Command":
        """With each ``{name}`` of `values` replaced."""
        return Command(fill(self.text, values), tuple(fill(word, values) for word in self.argv))


def parse_command(value: str | Sequence[str], /, *, where: str) -> Command:
    """The command of a text or a list of words; `where` names the key in messages.

    `Fault` for no words, a NUL byte or a quote that is not closed.
    """
    words = _words(value, where)
    if not words or not words[0].strip():
        raise Fault("names no program", where=where)
    if any("\0" in word for word in words):
        raise Fault("holds a NUL byte", where=where)
    return Command(value if isinstance(value, str) else shlex.join(value), words)


def _words(value: str | Sequence[str], where: str) -> tuple[str, ...]:
    if not isinstance(value, str):
        return tuple(value)
    if _NEEDS_SHELL.search(value):
        return (SHELL, "-c", value)
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise Fault(f"can't be split into words: {error}", where=where, hint="close the quote") from error
