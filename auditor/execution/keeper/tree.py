"""Ending everything below this process, daemons and all. Needs `adopt_orphans` to have been called."""

import os
import time

from auditor.execution.keeper.signals import KILL, STOP


def end_tree() -> None:
    """Kills and reaps until no descendant is left; returns at the latest when the kernel lets go of the last.

    All are stopped before any is killed, so that nothing can fork faster than it is found.
    """
    if not _reap():
        return
    stopped: set[int] = set()
    while new := descendants() - stopped:
        for pid in new:
            _send(pid, STOP)
        stopped |= new
    while True:
        for pid in descendants():
            _send(pid, KILL)
        if not _reap():
            return
        time.sleep(0.001)


def descendants() -> set[int]:
    """Processes below this one, as of now; one that is just being born may be missed."""
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        below = [child for child in _children(waiting.pop()) if child not in found]
        found.update(below)
        waiting.extend(below)
    return found


def _children(pid: int) -> list[int]:
    """Of all its threads; none when it has ended."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
            return _children_by_search(pid)  # a kernel without CONFIG_PROC_CHILDREN
    return found


def _children_by_search(pid: int) -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == pid]


def _parent(pid: str) -> int | None:
    """None when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return None


def _reap() -> bool:
    """Whether children are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
