"""The target while it serves."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from auditor.execution.beneath import ends_beneath
from auditor.execution.boot import BootReport
from auditor.execution.confinement import Ended
from auditor.execution.spooled import read_spooled
from auditor.execution.supervised import LOGS, Supervised

SPOOL: Final = "spool"
DOOR: Final = "app.sock"
TARGET: Final = "app"
"""The name of the target's own process."""
_LOG_BYTES: Final = 16 << 20


class Server:
    """A booted target. Leaving it ends everything that was started for it."""

    def __init__(
        self, supervised: Supervised, report: BootReport, /, *, asked: Callable[[], tuple[str, ...]]
    ) -> None:
        self._supervised = supervised
        self._asked = asked
        self._offsets: dict[str, int] = {}
        self.report = report
        """How it booted."""

    @property
    def door(self) -> Path:
        """The unix socket behind which it speaks HTTP."""
        return self._supervised.run_folder / DOOR

    @property
    def pid(self) -> int:
        """Of the outermost process, on the host: everything of it runs below."""
        return self._supervised.running.pid

    def log(self, name: str = TARGET, /) -> str:
        """What a process wrote; of more than 16 MiB, beginning and end."""
        folder = self._supervised.run_folder / LOGS
        return ends_beneath(folder, f"{name}.log", limit=_LOG_BYTES).decode("utf-8", "replace")

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._supervised.alive()

    def workers(self) -> tuple[int, ...]:
        """Ids of its serving processes, inside: others than after the boot were started again."""
        return self._supervised.workers()

    def asked(self) -> tuple[str, ...]:
        """Hosts of the outside that were asked for something in vain. Names that were only looked up stand in the probe's records."""
        return self._asked()

    def records(self) -> tuple[bytes, ...]:
        """Entries that the probe has completed since the last call, by process; `OSError` when the spool was tampered with."""
        return read_spooled(self._supervised.run_folder / SPOOL, self._offsets)

    def settled(self, *, quiet_s: float, timeout_s: float) -> bool:
        """Waits until the spool has not grown for `quiet_s`; False when it never stops."""
        deadline, since, size = time.monotonic() + timeout_s, time.monotonic(), -1
        folder = self._supervised.run_folder / SPOOL
        while time.monotonic() < deadline:
            now = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder))
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since >= quiet_s:
                return True
            time.sleep(min(quiet_s / 4, 0.05))
        return False

    def stop(self) -> Ended:
        """Asks it to end, so that it flushes what it holds, and ends it when it does not; then everything beside it."""
        return self._supervised.stop()

    def kill(self) -> Ended:
        """Ends everything at once."""
        return self._supervised.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
