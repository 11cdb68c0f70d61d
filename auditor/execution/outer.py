"""`Outer`: the container around auditor is the jail. It must be one that is thrown away."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from auditor.execution.bubblewrap.arguments import DEFAULT_ENV
from auditor.execution.confinement import Bind, Confinement
from auditor.execution.guest import Guest
from auditor.execution.kept import KeptCommand
from auditor.execution.seccomp import assembled, this_architecture
from auditor.execution.unconfined import direct_plan, started
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Outer:
    """`auditor.execution.confinement.Jail` for ``--jail outer``.

    What needs no namespaces is done here all the same: another uid where auditor is root, no new privileges,
    the filter of system calls, limits, deadline. The rest, the network above all, is the container's business
    and is tested before the first use.
    """

    guest: Guest
    name: str = "outer"
    isolates: bool = True
    overlays: bool = False
    low_ports: bool = False

    def start(
        self, confinement: Confinement, /, *, each_line: Callable[[bytes], None] | None = None
    ) -> KeptCommand:
        """Starts. `Fault` when it can't be started."""
        as_root = os.geteuid() == 0
        plan = direct_plan(
            confinement,
            default_env=dict(DEFAULT_ENV),
            where="--jail outer",
            identity=self.guest if as_root else None,
            system_call_filter=assembled(this_architecture()),
        )
        if as_root:
            for bind in confinement.binds:
                _check_reachable(bind)
        return started(plan, confinement, each_line)


def _check_reachable(bind: Bind) -> None:
    for folder in Path(os.path.realpath(bind.source)).parents:
        if not folder.stat().st_mode & 0o001:
            raise Fault(
                f"the guest can't get to it through {folder}, which is closed to other users",
                where=str(bind.source),
                hint="put it elsewhere: AUDITOR_STATE_DIR for what is auditor's, another folder for an interpreter",
            )
