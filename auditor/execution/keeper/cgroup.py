"""A control group of its own for one run, where this machine lets us make one (version 1 or 2)."""

import os

_ROOT = "/sys/fs/cgroup"


class Group:
    """Memory and processes of one run together."""

    def __init__(self, memory: str, pids: str, *, version: int) -> None:
        self._folders = (memory,) if memory == pids else (memory, pids)
        self._memory = memory
        self._version = version

    def add(self, pid: int, /) -> None:
        """Puts a process in; what it starts from then on is in as well."""
        for folder in self._folders:
            _write(f"{folder}/cgroup.procs", pid)

    def memory_ran_out(self) -> bool:
        """Whether the kernel killed something in it for want of memory."""
        name = "memory.oom_control" if self._version == 1 else "memory.events"
        try:
            with open(f"{self._memory}/{name}", encoding="ascii") as file:
                fields = dict(line.split() for line in file)
        except OSError:
            return False
        return int(fields.get("oom_kill", 0)) > 0

    def remove(self) -> None:
        """Takes it away; all its processes have ended."""
        for folder in self._folders:
            try:
                os.rmdir(folder)
            except OSError:
                pass  # the kernel still counts a process out: the next run's `make_group` sweeps


def make_group(memory_bytes: int, processes: int) -> Group | None:
    """A group with these limits, or None where it can't be had."""
    own = _own_paths()
    name = f"auditor-{os.getpid()}"
    memory, pids = (
        f"{_ROOT}/{controller}{own.get(controller, '/')}".rstrip("/") for controller in ("memory", "pids")
    )
    if group := _version_1(memory, pids, name, memory_bytes, processes):
        return group
    path = f"{_ROOT}{own.get('', '/')}".rstrip("/")
    for parent in (path, os.path.dirname(path)):
        if parent.startswith(_ROOT) and (group := _version_2(parent, name, memory_bytes, processes)):
            return group
    return None


def _version_1(memory: str, pids: str, name: str, memory_bytes: int, processes: int) -> Group | None:
    folders = f"{memory}/{name}", f"{pids}/{name}"
    try:
        for parent, folder in zip((memory, pids), folders, strict=True):
            _sweep(parent)
            os.mkdir(folder)
        _write(f"{folders[0]}/memory.limit_in_bytes", memory_bytes)
        _write(f"{folders[1]}/pids.max", processes)
    except OSError:
        _give_up(folders)
        return None
    try:  # swap counts too, where it is counted at all
        _write(f"{folders[0]}/memory.memsw.limit_in_bytes", memory_bytes)
    except OSError:
        pass
    return Group(*folders, version=1)


def _version_2(parent: str, name: str, memory_bytes: int, processes: int) -> Group | None:
    folder = f"{parent}/{name}"
    try:
        with open(f"{parent}/cgroup.subtree_control", encoding="ascii") as file:
            if not {"memory", "pids"} <= set(file.read().split()):
                return None
        _sweep(parent)
        os.mkdir(folder)
        _write(f"{folder}/memory.max", memory_bytes)
        _write(f"{folder}/pids.max", processes)
    except OSError:
        _give_up((folder,))
        return None
    try:
        _write(f"{folder}/memory.swap.max", 0)
    except OSError:
        pass
    return Group(folder, folder, version=2)


def _give_up(folders: tuple[str, ...]) -> None:
    for folder in folders:
        try:
            os.rmdir(folder)
        except OSError:
            pass


def _sweep(parent: str) -> None:
    """Removes groups whose keeper is gone; the kernel refuses where something still lives."""
    for name in os.listdir(parent):
        pid = name.removeprefix("auditor-")
        if pid != name and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            _give_up((f"{parent}/{name}",))


def _own_paths() -> dict[str, str]:
    """Where this process is: controller to path, version 2 under the empty name."""
    paths = {}
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                paths[controller] = path
    return paths


def _write(path: str, value: int) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))
