"""Puts what is compared on the same cores.

Two equal servers on two cores are not equal while something else runs on one of them, and a scheduler may leave
it so for seconds: pairs then agree with each other and are all wrong. On the same cores both meet the same.
`benchmarks/false_faster.py` shows the difference.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from auditor.model.fault import Fault


def put_together(pids: Iterable[int], /, *, cores: frozenset[int]) -> None:
    """Confines the trees of processes below `pids`, threads included, to `cores`.

    What they start later inherits it. `Fault` where the system does not allow it.
    """
    for pid in pids:
        for thread in sorted(_threads_below(pid)):
            with contextlib.suppress(ProcessLookupError):
                _confine(thread, cores)


def one_core() -> frozenset[int]:
    """A core for the servers; the highest that may be used, for interrupts tend to the lowest."""
    return frozenset({max(os.sched_getaffinity(0))})


def _confine(thread: int, cores: frozenset[int]) -> None:
    try:
        os.sched_setaffinity(thread, cores)
    except ProcessLookupError:
        raise
    except OSError as error:
        raise Fault(
            f"servers can't be put on core {min(cores)}: {error.strerror}",
            hint="latency is judged only where both servers run on the same cores",
        ) from error


def _threads_below(pid: int) -> set[int]:
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        process = waiting.pop()
        with contextlib.suppress(OSError):
            threads = [int(entry.name) for entry in Path(f"/proc/{process}/task").iterdir()]
            found.update(threads)
            for thread in threads:
                children = Path(f"/proc/{process}/task/{thread}/children").read_text(encoding="ascii")
                waiting += map(int, children.split())
    return found
