"""What auditor asks of a keeper. A plain class: `dataclasses` and `typing` would triple the keeper's start."""

import marshal


class Plan:
    """One command, how to become the one who runs it, and its limits."""

    def __init__(
        self,
        *,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        bubblewrap: bool,
        identity: tuple[int, int] | None,
        stage: list[tuple[str, str]],
        stage_folder: str,
        inherited: list[int],
        no_new_privileges: bool,
        system_call_filter: bytes,
        rlimits: list[tuple[int, int]],
        memory_bytes: int,
        processes: int,
        limit_processes: bool,
        wall_s: float,
    ) -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        """Where to go before exec; empty to stay."""
        self.bubblewrap = bubblewrap
        """`argv` is bubblewrap's: its word is waited for, and it is told to go on."""
        self.identity = identity
        """uid and gid to change to before exec; None to stay who we are."""
        self.stage = stage
        """What to show below `stage_folder` first: (source without links, path below it)."""
        self.stage_folder = stage_folder
        self.inherited = inherited
        """Descriptors for bubblewrap alone; the keeper closes them."""
        self.no_new_privileges = no_new_privileges
        self.system_call_filter = system_call_filter
        """For the command itself; empty where bubblewrap applies it."""
        self.rlimits = rlimits
        self.memory_bytes = memory_bytes
        """Of the control group, or of each process's address space where there can be none."""
        self.processes = processes
        self.limit_processes = limit_processes
        """Whether `processes` is also a resource limit; it is counted per user, so the user must be ours."""
        self.wall_s = wall_s

    def dumped(self) -> bytes:
        """For the same interpreter only."""
        return marshal.dumps(vars(self))


def loaded(data: bytes, /) -> Plan:
    """The inverse of `Plan.dumped`."""
    return Plan(**marshal.loads(data))  # noqa: S302  written by auditor itself a moment ago
