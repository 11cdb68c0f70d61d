"""Ending everything below this process, daemons and all. Needs `adopt_orphans` to have been called."""

import os
import time

from auditor.execution.keeper.signals import KILL, STOP


def end_tree() -> None:
    """Kills and reaps until no descendant is left; returns at the latest when the kernel lets go of the last.

    All are stopped before any is killed, so that nothing can fork faster than it is found.
    """
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
    """Living processes below this one, as of now."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (parent := _parent(name)) is not None:
            children.setdefault(parent, []).append(int(name))
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting.extend(below)
    return found


def _parent(pid: str) -> int | None:
    """None when it has ended, a zombie included: that one is only waiting to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except OSError:
        return None
    return None if state in {b"Z", b"X"} else int(parent)


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
