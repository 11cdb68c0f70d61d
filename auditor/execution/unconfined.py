"""`Unconfined`: no isolation, for people who own the code. Limits, deadline and the end of the tree are kept."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from auditor.execution.asking import check_confinement, resource_limits
from auditor.execution.confinement import Confinement
from auditor.execution.guest import Guest
from auditor.execution.keeper.plan import Plan
from auditor.execution.kept import KeptCommand, NotStarted
from auditor.execution.placing import in_place
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Unconfined:
    """`auditor.execution.confinement.Jail` by name alone: ``--no-jail``.

    Paths of the jail are replaced by those of the host in command, environment and folder. The environment is
    what the confinement says and `PATH`, `HOME`, `LANG`; read-only binds are not held to it.
    """

    name: str = "none"
    isolates: bool = False
    overlays: bool = False
    low_ports: bool = False

    def start(
        self, confinement: Confinement, /, *, each_line: Callable[[bytes], None] | None = None
    ) -> KeptCommand:
        """Starts. `Fault` when it can't be started, or asks for what only a jail can give."""
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        plan = direct_plan(confinement, default_env=env, where="--no-jail")
        return started(plan, confinement, each_line)


def direct_plan(
    confinement: Confinement,
    /,
    *,
    default_env: dict[str, str],
    where: str,
    identity: Guest | None = None,
    system_call_filter: bytes = b"",
) -> Plan:
    """A plan that runs the command on the host's own file system. `where` names the flag that led here."""
    check_confinement(confinement)
    if confinement.hosts:
        names = ", ".join(name for _, name in confinement.hosts)
        raise Fault(
            f"names can't be given to addresses without a jail of our own: {names}",
            where=where,
            hint="take [[outside]] out of auditor.toml, or let bubblewrap do it",
        )
    if any(bind.overlay for bind in confinement.binds):
        raise Fault("there are no overlays without a jail of our own", where=where)
    argv, env, cwd = in_place(confinement)
    limits = confinement.limits
    return Plan(
        argv=argv,
        env={**default_env, **env},
        cwd=cwd,
        bubblewrap=False,
        identity=(identity.uid, identity.gid) if identity else None,
        stage=[],
        stage_folder="",
        inherited=[],
        no_new_privileges=bool(system_call_filter),
        system_call_filter=system_call_filter,
        rlimits=resource_limits(limits),
        memory_bytes=limits.memory_bytes,
        processes=limits.processes,
        limit_processes=identity is not None,
        wall_s=limits.wall_s,
    )


def started(
    plan: Plan, confinement: Confinement, each_line: Callable[[bytes], None] | None, /
) -> KeptCommand:
    """Runs a plan of `direct_plan`."""
    try:
        return KeptCommand(plan, confinement.limits, each_line)
    except NotStarted as error:
        said = error.errors.decode("utf-8", "replace").strip()[-400:]
        reason = "; ".join(part for part in (error.reason, said) if part)
        raise Fault(f"can't be started: {reason}", where=confinement.argv[0]) from None
