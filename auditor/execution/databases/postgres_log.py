"""What a PostgreSQL of our own says of its troubles: those that make void what was measured meanwhile, though the server goes on."""

import re
from pathlib import Path
from typing import Final

from auditor.execution.beneath import read_beneath

_MOST_BYTES: Final = 16 << 20
_TROUBLE: Final = re.compile(
    rb"^\d{4}-[^\[\n]*\[\d+\] (?:LOG:  (?P<died>server process \(PID \d+\) was terminated by [^\n]*)"
    rb"|(?:ERROR|FATAL|PANIC):  (?P<full>could not [^\n]*: No space left on device))",
    re.MULTILINE,
)
"""How such a line begins: what others put into a message, statements among it, stands in lines that begin with a tab."""


class PostgresLog:
    """A server's log while it grows."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._read = 0

    def trouble(self) -> str:
        """The first trouble since the last call, in the server's words; empty where there was none."""
        try:
            grown = read_beneath(self._folder, self._name, limit=_MOST_BYTES, start=self._read)
        except OSError:
            return ""
        whole = grown.rfind(b"\n") + 1 or len(grown)
        self._read += whole
        found = _TROUBLE.search(grown[:whole])
        return (found["died"] or found["full"]).decode("utf-8", "replace") if found else ""
