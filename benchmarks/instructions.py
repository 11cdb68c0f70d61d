"""Instructions that a process executes, counted by valgrind: a figure that a busy machine leaves alone.

Counted are those outside the kernel, of all threads of one process. `valgrind` and its `vgdb` must be installed.
"""

import re
import shutil
import subprocess
from pathlib import Path

PREFIX = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--vgdb=yes", "--vgdb-prefix={place}/vgdb")
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


def available() -> bool:
    """Whether they can be counted here."""
    return all(shutil.which(name) for name in ("valgrind", "vgdb"))


def under(place: Path, command: list[str]) -> list[str]:
    """`command` so that `Counter` can count it; `place` gets the files of the count."""
    prefix = [word.format(place=place) for word in PREFIX]
    return [*prefix, f"--callgrind-out-file={place}/counted", *command]


class Counter:
    """Counts one process that was started by `under`."""

    def __init__(self, pid: int, place: Path) -> None:
        """Begins to count."""
        self._pid = pid
        self._place = place
        self._dumps = 0
        self._tell("instrumentation", "on")

    def begin(self) -> None:
        """Forgets what was counted."""
        self._tell("zero")

    def taken(self) -> int:
        """Instructions since `begin`."""
        self._dumps += 1
        self._tell("dump", str(self._dumps))
        found = _TOTALS.search((self._place / f"counted.{self._dumps}").read_text())
        assert found is not None
        return int(found[1])

    def _tell(self, *words: str) -> None:
        command = ["vgdb", f"--vgdb-prefix={self._place}/vgdb", f"--pid={self._pid}", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
