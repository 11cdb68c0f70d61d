"""The child process that parses: nothing it meets can cost more than itself.

It reads batches of sources from standard input and answers each on standard output, until its input ends: a
parent that dies leaves no orphan. `auditor.index.parsing` is the other side.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import signal
import struct
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

BATCH: Final = struct.Struct("<I")
"""Requests that follow. All are read before the first is answered: else both sides could wait to write."""
REQUEST: Final = struct.Struct("<Id")
"""Bytes of source that follow, seconds of CPU they may take."""
ANSWER: Final = struct.Struct("<I")
"""Bytes of summary that follow."""
READY: Final = b"ready\n"
MEMORY_BYTES: Final = 2 * 1024**3
"""A source of 1 MiB takes 0.4 GB at worst."""
TOO_DEEP: Final = "nests too deeply to be hand-written code"
NO_MEMORY: Final = "takes too much memory to parse"


def serve() -> None:
    """Lowers sources until there are none left."""
    from auditor.index.lower import lower  # noqa: PLC0415  the parent needs this module's names and no parser
    from auditor.index.lower_expressions import TooDeep  # noqa: PLC0415

    _limit_process()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(READY)
    answers.flush()
    while batch := list(_batch(requests)):
        for source, seconds in batch:
            _limit_file(seconds)
            data = _summary(source, lower, TooDeep)
            _limit_file(0)
            _answer(answers, data)


def _batch(requests: BinaryIO) -> Iterator[tuple[bytes, float]]:
    """The next sources, each with the CPU seconds it may take; nothing at the end of input."""
    head = requests.read(BATCH.size)
    for _ in range(BATCH.unpack(head)[0] if len(head) == BATCH.size else 0):
        about = requests.read(REQUEST.size)
        if len(about) < REQUEST.size:
            raise SystemExit
        length, seconds = REQUEST.unpack(about)
        yield requests.read(length), seconds


def _summary(source: bytes, lower: Callable[[bytes], dict[str, Any]], too_deep: type[Exception]) -> bytes:
    try:
        return marshal.dumps(lower(source))
    except (too_deep, RecursionError):
        return marshal.dumps(TOO_DEEP)
    except MemoryError:
        return marshal.dumps(NO_MEMORY)


def _answer(answers: BinaryIO, data: bytes) -> None:
    try:
        answers.write(ANSWER.pack(len(data)) + data)
        answers.flush()
    except BrokenPipeError:
        # Nobody listens any more; a second attempt at exit would only write to standard error.
        sys.stdout = None
        raise SystemExit from None


def _limit_process() -> None:
    gc.disable()  # trees of tuples without cycles: collecting them takes half as long as making them
    sys.setrecursionlimit(20_000)
    with contextlib.suppress(ImportError, OSError, ValueError):  # not there, or a tighter limit holds
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _limit_file(seconds: float) -> None:
    """From now on so much CPU, then the system ends this process; 0 lifts the limit."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
