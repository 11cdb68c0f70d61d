"""`Bubblewrap`: the jail that isolates."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.execution.asking import check_confinement, resource_limits
from auditor.execution.bubblewrap.arguments import is_kept_link, jail_arguments
from auditor.execution.bubblewrap.binaries import Binary
from auditor.execution.bubblewrap.diagnosis import diagnosed
from auditor.execution.bubblewrap.files import written
from auditor.execution.confinement import Bind, Confinement
from auditor.execution.guest import Guest
from auditor.execution.keeper.plan import Plan
from auditor.execution.kept import KeptCommand, NotStarted, in_memory
from auditor.execution.ownership import check_owned
from auditor.execution.seccomp import assembled, this_architecture
from auditor.model.fault import Fault

_STAGE_FOLDERS: Final = ("/mnt", "/media", "/srv", "/opt", "/home", "/tmp")  # noqa: S108  covered, not written
"""One that exists is covered by a folder in memory in a mount namespace of the run's own, as root only."""


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """`auditor.execution.confinement.Jail`."""

    binary: Binary
    guest: Guest
    overlays: bool
    low_ports: bool = False
    """As the self-test found it."""
    name: str = "bubblewrap"
    isolates: bool = True

    def start(
        self, confinement: Confinement, /, *, each_line: Callable[[bytes], None] | None = None
    ) -> KeptCommand:
        """Starts; returns when all is set up and the command is about to run. `Fault` when it can't be."""
        check_confinement(confinement)
        self._check_binds(confinement.binds)
        plan = self._plan(confinement)
        try:
            return KeptCommand(plan, confinement.limits, each_line)
        except NotStarted as error:
            raise diagnosed(error.reason, error.errors, binary=self.binary.path) from None

    def _check_binds(self, binds: tuple[Bind, ...]) -> None:
        for bind in binds:
            if bind.overlay and not self.overlays:
                raise Fault("this bubblewrap has no overlays", where=str(self.binary.path))
            if bind.overlay:
                check_owned(bind.source, self.guest)

    def _plan(self, confinement: Confinement) -> Plan:
        stage, sources, program = self._staged(confinement.binds)
        files = {
            path: in_memory(Path(path).name, content)
            for path, content in written(self.guest, confinement.hosts).items()
        }
        seccomp = in_memory("filter", assembled(this_architecture()))
        arguments = jail_arguments(confinement, sources=sources, files=files, seccomp=seccomp)
        # By descriptor: an argument list is shown to every user of the host, and to the guest as that of pid 1.
        packed = in_memory("arguments", b"".join(os.fsencode(text) + b"\0" for text in arguments))
        limits = confinement.limits
        return Plan(
            argv=[program, "--args", str(packed), "--", *confinement.argv],
            env={},
            cwd="",
            bubblewrap=True,
            identity=(self.guest.uid, self.guest.gid) if os.geteuid() == 0 else None,
            stage=stage,
            stage_folder=_stage_folder(),
            inherited=[*files.values(), seccomp, packed],
            no_new_privileges=True,
            system_call_filter=b"",
            rlimits=resource_limits(limits),
            memory_bytes=limits.memory_bytes,
            processes=limits.processes,
            limit_processes=False,
            wall_s=limits.wall_s,
        )

    def _staged(self, binds: tuple[Bind, ...]) -> tuple[list[tuple[str, str]], Mapping[Bind, str], str]:
        """What to show where first, where each bind is then to be had, and bubblewrap itself.

        Root's files may lie where an unprivileged user can't go: below a folder that only root may enter.
        """
        real = {bind: os.path.realpath(bind.source) for bind in binds}
        if os.geteuid() != 0:
            return [], real, str(self.binary.path)
        folder = _stage_folder()
        stage = [(real[bind], str(number)) for number, bind in enumerate(binds) if not is_kept_link(bind)]
        sources = {bind: f"{folder}/{number}" for number, bind in enumerate(binds)}
        if self.binary.libraries is None:
            stage.append((str(self.binary.path), "bin/bwrap"))
            return stage, sources, f"{folder}/bin/bwrap"
        package = self.binary.path.parent.parent
        stage.append((str(package), f"bin/{package.name}"))
        stage.append((str(self.binary.libraries), f"bin/{self.binary.libraries.name}"))
        return stage, sources, f"{folder}/bin/{self.binary.path.relative_to(package.parent)}"


def _stage_folder() -> str:
    for folder in _STAGE_FOLDERS:
        if Path(folder).is_dir() and not Path(folder).is_symlink():
            return folder
    raise Fault("none of the usual folders exists", where=", ".join(_STAGE_FOLDERS))
