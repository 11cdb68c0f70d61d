"""Sources to summaries in child processes, so that hostile source costs an entry under coverage and no more.

There is no way of parsing in this process: to start a child takes 40 ms, and half of that is the parser's own
import. Each child is served by a thread, because pipes can't be waited for together on every system.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import auditor
from auditor.index.worker import ANSWER, BATCH, READY, REQUEST
from auditor.model.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_CHILD_BYTES: Final = 256 * 1024
"""A further child starts for so much source: about ten times what its start costs."""
_BATCH_BYTES: Final = 128 * 1024
_BATCH_FILES: Final = 32
_BASE_SECONDS: Final = 2.0
_SECONDS_PER_BYTE: Final = 8.0 / 1024**2
"""Ordinary code takes 0.4 s per MiB; some garbage takes quadratic time."""
_PATIENCE: Final = 4
"""After every so many files that ran out of time the next get half of it: many must not become a hang."""
_LEAST_SECONDS: Final = 0.25
_WALL_FACTOR: Final = 10
"""On a busy machine the clock runs so much faster than CPU; where CPU can't be limited, this is the limit."""
_END_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.5
_STARTUP: Final = "import sys; sys.path.extend(sys.argv[1:]); from auditor.index.worker import serve; serve()"
_PARSER_PACKAGES: Final = ("tree_sitter", "tree_sitter_python")
_SIGPROF: Final = getattr(signal, "SIGPROF", 0)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The answer for the source at `position`."""

    position: int
    summary: bytes
    """A marshalled summary, or the marshalled reason why there is none; empty when the child died over it."""
    failure: str = ""
    """Why the child died. It depends on the machine, so it is not to be kept."""


def parse_all(sources: Sequence[bytes], *, jobs: int) -> Generator[Parsed, None, None]:
    """The summaries of UTF-8 `sources`, in the order in which they are done.

    At most `jobs` children run, fewer where there is little to do; all have ended when the iteration is left.

    Raises:
        Fault: a child can't be started at all.
    """
    if not sources:
        return
    work = _Work(sources)
    children = min(jobs, 1 + sum(map(len, sources)) // _CHILD_BYTES)
    lanes = [_Lane(work, number) for number in range(children)]
    left = len(sources)
    try:
        for lane in lanes:
            lane.start()
        while left:
            try:
                answer = work.answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                for lane in lanes:
                    lane.end_if_stuck()
                continue
            if isinstance(answer, BaseException):
                raise answer
            left -= 1
            yield answer
    finally:
        work.stopped = True
        for lane in lanes:
            lane.end()
        for lane in lanes:
            if lane.ident is not None:
                lane.join(_END_SECONDS)


class _Work:
    """What is left to parse, shared by the lanes."""

    def __init__(self, sources: Sequence[bytes]) -> None:
        self.sources = sources
        # The longest first, so that no child is left alone with one at the end.
        self._left = deque(sorted(range(len(sources)), key=lambda n: -len(sources[n])))
        self._lock = threading.Lock()
        self.answers: queue.SimpleQueue[Parsed | BaseException] = queue.SimpleQueue()
        self.died = 0
        self.stopped = False

    def batch(self) -> list[int]:
        """Positions to parse next; empty at the end."""
        taken: list[int] = []
        size = 0
        with self._lock:
            while self._left and not self.stopped and size < _BATCH_BYTES and len(taken) < _BATCH_FILES:
                taken.append(self._left.popleft())
                size += len(self.sources[taken[-1]])
        return taken

    def seconds(self, position: int) -> float:
        """CPU that a source may take."""
        whole = _BASE_SECONDS + len(self.sources[position]) * _SECONDS_PER_BYTE
        return max(whole / (1 << min(self.died // _PATIENCE, 16)), _LEAST_SECONDS)


class _Lane(threading.Thread):
    """One child at a time, and a new one when it died."""

    def __init__(self, work: _Work, number: int) -> None:
        super().__init__(name=f"parse-{number}", daemon=True)
        self._work = work
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._deadline = float("inf")
        self._stuck = False

    def run(self) -> None:
        try:
            while batch := self._work.batch():
                while batch:
                    batch = self._parse(batch)
        except _Stopped:
            return
        except BaseException as error:  # noqa: BLE001  the caller's thread raises it
            self._work.answers.put(error)
        finally:
            self.end()

    def end(self) -> None:
        """Ends the child, if there is one."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                assert pipe is not None
                with contextlib.suppress(OSError):  # what a dead child was sent can't be flushed
                    pipe.close()

    def end_if_stuck(self) -> None:
        """Ends a child that takes too long by the clock."""
        child = self._child
        if child is not None and time.monotonic() > self._deadline:
            self._stuck = True
            child.kill()

    def _parse(self, batch: list[int]) -> list[int]:
        """Has a batch parsed; gives what is left of it when the child died on the way."""
        child = self._running()
        limits = [self._work.seconds(position) for position in batch]
        assert child.stdin is not None
        assert child.stdout is not None
        self._deadline = time.monotonic() + sum(limits) * _WALL_FACTOR
        with contextlib.suppress(OSError, ValueError):  # it died: then it answers nothing
            child.stdin.write(BATCH.pack(len(batch)))
            for position, limit in zip(batch, limits, strict=True):
                source = self._work.sources[position]
                child.stdin.write(REQUEST.pack(len(source), limit) + source)
            child.stdin.flush()
        for done, position in enumerate(batch):
            summary = _receive(child.stdout)
            if summary is None:
                return self._bury(batch[done:], limits[done])
            self._work.answers.put(Parsed(position, summary))
        self._deadline = float("inf")
        return []

    def _bury(self, left: list[int], limit: float) -> list[int]:
        """The child died over the first of `left`."""
        child = self._child
        if child is None or self._work.stopped:
            return []
        status = child.wait()
        self.end()
        self._work.died += 1
        slow = self._stuck or status == -_SIGPROF
        self._stuck = False
        reason = f"takes over {limit:.1f} s to parse" if slow else "ends the parser"
        self._work.answers.put(Parsed(left[0], b"", reason))
        return left[1:]

    def _running(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._work.stopped:
                raise _Stopped
            if self._child is None:
                self._child = _start()
            return self._child


class _Stopped(Exception):  # noqa: N818  ends a thread, and nobody is told
    """The iteration was left."""


def _start() -> subprocess.Popen[bytes]:
    """A child that is ready for work.

    It finds only the standard library and the two packages it needs: the folder auditor was started in may be
    the target's, and a module in it must not be imported.
    """
    origins = [spec.origin for name in _PARSER_PACKAGES if (spec := find_spec(name)) and spec.origin]
    folders = dict.fromkeys(str(Path(origin).parent.parent) for origin in (auditor.__file__, *origins))
    try:
        child = subprocess.Popen(  # noqa: S603  our own interpreter and our own text
            [sys.executable, "-I", "-S", "-c", _STARTUP, *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the parent, whose end it notices
        )
    except OSError as error:
        raise _no_child(str(error)) from error
    assert child.stdout is not None
    assert child.stderr is not None
    if child.stdout.readline() != READY:
        child.kill()
        told = child.communicate()[1].decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise _no_child(told or f"it ended with status {child.returncode}")
    return child


def _no_child(why: str) -> Fault:
    return Fault(
        f"a process to parse source code in can't be started: {why}",
        where=sys.executable,
        hint="see `auditor doctor`; limits on processes or memory may be too tight",
    )


def _receive(answers: IO[bytes]) -> bytes | None:
    """One summary; None when the child has died."""
    try:
        head = answers.read(ANSWER.size)
        if len(head) < ANSWER.size:
            return None
        length = ANSWER.unpack(head)[0]
        summary = answers.read(length)
    except (OSError, ValueError):  # closed by the other thread
        return None
    return summary if len(summary) == length else None
