"""A command with its keeper, seen from auditor: started, listened to, ended."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, get_args

import auditor
from auditor.execution.confinement import Ended, Limits
from auditor.execution.keeper.plan import Plan
from auditor.execution.output import Kept, Lines
from auditor.model.fault import Fault

How: TypeAlias = Literal["exited", "signalled", "deadline", "memory", "stopped"]

_START_S: Final = 30.0
"""A start takes 0.03 s; this is for a machine on its knees."""
_KEEPER_S: Final = 10.0
"""How long the keeper may take to end a tree before it is ended itself."""
_ORPHANS_S: Final = 1.0
"""How long output is still listened to when the keeper is gone: whoever could print is dead, or was not kept."""
_CHUNK: Final = 1 << 18
_BOOTSTRAP: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from auditor.execution.keeper.main import main; main()"
)


class NotStarted(Exception):  # noqa: N818  a state, which a jail turns into a fault of its own words
    """The command did not begin: `reason` of the keeper, and what was printed."""

    def __init__(self, reason: str, errors: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.errors = errors


class KeptCommand:
    """`auditor.execution.confinement.Running`. Also a context manager, which stops it."""

    def __init__(self, plan: Plan, limits: Limits, each_line: Callable[[bytes], None] | None, /) -> None:
        """Starts and returns once the command has begun; raises `NotStarted`.

        `plan.inherited` are closed here. `each_line` is called from another thread; an exception of it stops
        the command and is raised by `poll` and `wait`, not by `stop`.
        """
        self._began = time.monotonic()
        self._lifeline_lock = threading.Lock()
        self._began_or_ended = threading.Event()
        self._done = threading.Event()
        self._reason = ""
        self._has_started = False
        self._status = b""
        self._how: tuple[How, int | None] | None = None
        self._inside = -1
        self._wall_s = 0.0
        self._trouble: BaseException | None = None
        self._kept = {name: Kept(limits.output_bytes) for name in ("output", "errors")}
        self._lines = {name: Lines(each_line) for name in self._kept} if each_line else {}
        self._lifeline, pipes = self._spawn(plan)
        self._listener = threading.Thread(target=self._listen, args=(pipes,), name="jail", daemon=True)
        self._listener.start()
        in_time = self._began_or_ended.wait(_START_S)
        if not self._has_started:
            self.stop()
            reason = self._reason if in_time else f"nothing happened for {_START_S:.0f} s"
            raise NotStarted(reason, self._kept["errors"].value())

    @property
    def pid(self) -> int:
        """Of the keeper."""
        return self._keeper.pid

    def poll(self) -> Ended | None:
        """None while it runs."""
        return self._heard_out() if self._done.is_set() else None

    def wait(self, timeout_s: float | None = None, /) -> Ended:
        """Waits for the end; raises `TimeoutError` when it still runs after `timeout_s`."""
        if not self._done.wait(timeout_s):
            raise TimeoutError(f"still running after {timeout_s} s")
        return self._heard_out()

    def stop(self) -> Ended:
        """Ends the whole tree now, hard; how it had ended when it already had."""
        self._let_go()
        if not self._done.wait(_KEEPER_S):
            self._keeper.kill()  # what it keeps dies with it
            self._done.wait()
        return self._ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _heard_out(self) -> Ended:
        if self._trouble is not None:
            raise self._trouble
        return self._ended()

    def _ended(self) -> Ended:
        how, code = self._how or ("stopped", None)
        return Ended(
            how=how,
            code=code,
            output=self._kept["output"].value(),
            errors=self._kept["errors"].value(),
            dropped_bytes=sum(kept.dropped_bytes for kept in self._kept.values()),
            wall_s=self._wall_s,
        )

    def _spawn(self, plan: Plan) -> tuple[int, dict[str, int]]:
        plan_fd = in_memory("plan", plan.dumped())
        outputs = {name: os.pipe2(os.O_CLOEXEC) for name in ("output", "errors", "status")}
        lifeline_out, lifeline = os.pipe2(os.O_CLOEXEC)
        passed = plan_fd, outputs["status"][1], lifeline_out
        try:
            self._keeper = subprocess.Popen(  # noqa: S603  our own program
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _BOOTSTRAP,
                    _root(),
                    *map(str, passed),
                    str(os.getpid()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=outputs["output"][1],
                stderr=outputs["errors"][1],
                pass_fds=(*passed, *plan.inherited),
                env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            for descriptor in (lifeline, *(ends[0] for ends in outputs.values())):
                os.close(descriptor)
            raise Fault(
                f"can't start a process: {error.strerror}", hint="the machine is out of memory or processes"
            ) from error
        finally:
            for descriptor in (
                plan_fd,
                lifeline_out,
                *(ends[1] for ends in outputs.values()),
                *plan.inherited,
            ):
                os.close(descriptor)
        return lifeline, {name: ends[0] for name, ends in outputs.items()}

    def _listen(self, pipes: dict[str, int]) -> None:
        with selectors.DefaultSelector() as selector:
            for name, descriptor in pipes.items():
                selector.register(descriptor, selectors.EVENT_READ, name)
            patience = None
            while selector.get_map() and (ready := selector.select(patience)):
                for key, _ in ready:
                    chunk = os.read(key.fd, _CHUNK)
                    if chunk:
                        self._hear(key.data, chunk)
                    else:
                        selector.unregister(key.fd)
                        if key.data == "status":
                            patience = _ORPHANS_S
                            self._end_orphans()
        for descriptor in (*pipes.values(), *((self._inside,) if self._inside >= 0 else ())):
            os.close(descriptor)
        for lines in self._lines.values():
            self._guarded(lines.finish)
        self._wall_s = time.monotonic() - self._began
        self._let_go()
        self._done.set()
        self._began_or_ended.set()
        self._keeper.wait()

    def _end_orphans(self) -> None:
        """Should the keeper have been killed, the first process inside takes the whole namespace with it."""
        if self._how is None and self._inside >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._inside, signal.SIGKILL)

    def _hear(self, name: str, chunk: bytes) -> None:
        if name == "status":
            *lines, self._status = (self._status + chunk).split(b"\n")
            for line in lines:
                self._told(line.decode("utf-8", "replace").split("\t"))
            return
        self._kept[name].add(chunk)
        if name in self._lines and self._trouble is None:
            self._guarded(lambda: self._lines[name].add(chunk))

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  another thread's, and it is handed on
            self._trouble = error
            self._let_go()

    def _told(self, fields: list[str]) -> None:
        match fields:
            case ["started", pid]:
                self._has_started = True
                with contextlib.suppress(OSError):  # it may have ended already
                    self._inside = os.pidfd_open(int(pid))
                self._began_or_ended.set()
            case ["failed", reason]:
                self._reason = reason
            case ["ended", how, code] if how in get_args(How):
                self._how = how, int(code) if code else None  # type: ignore[assignment]  # just looked at

    def _let_go(self) -> None:
        """Tells the keeper to end it all; it hears the same when this process is gone."""
        with self._lifeline_lock:
            if self._lifeline >= 0:
                with contextlib.suppress(BrokenPipeError):
                    os.write(self._lifeline, b".")  # closing is not enough: a fork of ours may hold it open
                os.close(self._lifeline)
                self._lifeline = -1


def in_memory(name: str, content: bytes, /) -> int:
    """A descriptor from which `content` can be read, with no file behind it."""
    descriptor = os.memfd_create(name)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
        file.seek(0)
    return descriptor


def _root() -> str:
    return str(Path(auditor.__file__).parent.parent)
