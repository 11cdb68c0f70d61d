"""What a jail is asked for, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

WORK: Final = "/work"
"""Where the private copy of the target stands inside a jail."""
RUN: Final = "/run/auditor"
"""The one folder that host and guest share: sockets, the probe's spool, logs."""
GUEST: Final = "/auditor"
"""Where the guest side (`sandbox/`) stands inside a jail, read-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A path of the host that is seen inside."""

    source: Path
    target: str
    """Absolute path inside."""
    writable: bool = False
    overlay: bool = False
    """Writes go to a layer that is thrown away at the end; the source stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What everything in one jail may use together, unless said otherwise."""

    wall_s: float = 600.0
    """The parent ends the whole tree after this."""
    memory_bytes: int = 4 << 30
    processes: int = 256
    open_files: int = 1024
    """Of each process."""
    file_bytes: int = 2 << 30
    """Of each file."""
    tmp_bytes: int = 256 << 20
    output_bytes: int = 8 << 20
    """Kept of each stream; beginning and end stay, the middle is dropped and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """One command and all that it may see. What is not named here is not there."""

    argv: tuple[str, ...]
    binds: tuple[Bind, ...] = ()
    cwd: str = WORK
    env: tuple[tuple[str, str], ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()
    """Lines of the jail's /etc/hosts: address and name."""
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command came to its end."""

    how: Literal["exited", "signalled", "deadline", "memory", "stopped"]
    code: int | None
    """Exit status, or the signal's number; None when we ended it."""
    output: bytes
    errors: bytes
    dropped_bytes: int
    """Of both streams, beyond the limit."""
    wall_s: float

    @property
    def succeeded(self) -> bool:
        """It ended by itself with status 0."""
        return self.how == "exited" and self.code == 0


class Running(Protocol):
    """A command in its jail. Closing it, or the end of this process, ends the whole tree."""

    @property
    def pid(self) -> int:
        """Of the outermost process, on the host."""

    def poll(self) -> Ended | None:
        """None while it runs."""

    def wait(self, timeout_s: float | None = None, /) -> Ended:
        """Waits for the end; raises `TimeoutError` when it still runs after `timeout_s`."""

    def stop(self) -> Ended:
        """Ends the whole tree now, hard; how it had ended when it already had."""


class Jail(Protocol):
    """A way to run what is not trusted."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `outer`, `none`: what a report says."""

    @property
    def isolates(self) -> bool:
        """Whether it keeps anything out; a report says so loudly when it does not."""

    @property
    def overlays(self) -> bool:
        """Whether `Bind.overlay` can be had."""

    @property
    def low_ports(self) -> bool:
        """Whether a command can listen on ports below 1024 of its own loopback."""

    def start(
        self, confinement: Confinement, /, *, each_line: Callable[[bytes], None] | None = None
    ) -> Running:
        """Starts; `each_line` gets what the command prints, as it comes. `Fault` when it can't be started."""
