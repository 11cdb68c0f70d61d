"""Whether what is asked of a jail makes sense, whichever jail it is."""

import os
import resource
from typing import Final

from auditor.execution.confinement import Bind, Confinement, Limits
from auditor.model.fault import Fault


def resource_limits(limits: Limits, /) -> list[tuple[int, int]]:
    """Of each process."""
    return [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
    ]


_LONGEST_S: Final = 31 * 24 * 3600.0


def check_confinement(confinement: Confinement, /) -> None:
    """`Fault` for one that makes no sense; nothing is guessed."""
    if not confinement.argv or not confinement.argv[0]:
        raise Fault("there is no command to run")
    texts = [*confinement.argv, *(part for pair in (*confinement.env, *confinement.hosts) for part in pair)]
    if any("\0" in text for text in texts):
        raise Fault("a NUL character can't be part of a command, its environment or a host's name")
    if any("=" in name or not name for name, _ in confinement.env):
        raise Fault("a variable's name can't be empty or contain =")
    if any(set(part) & set(" \t\n\r") or not part for pair in confinement.hosts for part in pair):
        raise Fault("an address or a host's name can't be empty or contain spaces")
    limits = confinement.limits
    counts = limits.memory_bytes, limits.processes, limits.open_files, limits.file_bytes, limits.tmp_bytes
    if not 0 < limits.wall_s < _LONGEST_S or min(counts) < 1 or limits.output_bytes < 0:
        raise Fault("a limit has to be more than nothing, and not longer than a month")
    for bind in confinement.binds:
        _check_bind(bind)


def _check_bind(bind: Bind) -> None:
    if (
        not bind.target.startswith("/")
        or ".." in bind.target.split("/")
        or os.path.normpath(bind.target) == "/"
    ):
        raise Fault(f"{bind.target!r} is no place to show something at", where=str(bind.source))
    if (bind.writable or bind.overlay) and bind.source.is_symlink():
        raise Fault("is a link; what a guest may write is bound by its own name", where=str(bind.source))
    if not bind.source.exists():
        raise Fault("can't be shown inside: there is no such file or folder", where=str(bind.source))
