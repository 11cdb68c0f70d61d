"""Processes run by the supervisor in one jail: what it is told, what it tells."""

import json
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from auditor.bundle import bundled
from auditor.execution.confinement import GUEST, RUN, Bind, Confinement, Ended, Jail, Limits, Running
from auditor.execution.interpreter import interpreter_binds
from auditor.model.fault import Fault

LOGS: Final = "log"
_ANSWER_S: Final = 5.0
_STOP_S: Final = 15.0
"""The supervisor's own patience is ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process beside others in a jail. Paths are those inside."""

    name: str
    """Of its log: letters, digits, ``-`` and ``_``."""
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    ready_port: int | None = None
    """What the next process waits for: a port that opens, or where `ready_path` is answered."""
    ready_path: str | None = None
    ready_timeout_s: float = 30.0
    stop_signal: str = "TERM"
    errors_apart: bool = False
    """Whether standard error goes to a log of its own, ``NAME.errors.log``."""

    def told(self) -> dict[str, Any]:
        ready = {"port": self.ready_port, "path": self.ready_path, "timeout_s": self.ready_timeout_s}
        return {
            "name": self.name,
            "argv": self.argv,
            "env": dict(self.env),
            "cwd": self.cwd,
            "log": f"{RUN}/{LOGS}/{self.name}.log",
            "errors": f"{RUN}/{LOGS}/{self.name}.errors.log" if self.errors_apart else None,
            "ready": None if self.ready_port is None else ready,
            "stop": self.stop_signal,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A place to listen on inside, and where to connect to: ``unix:/path`` or ``tcp:ADDRESS:PORT``."""

    name: str
    listen: str
    to: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        return {"name": self.name, "listen": self.listen, "to": self.to}


@dataclass(slots=True)
class Told:
    """What the supervisor has said so far. Written by the thread that reads it."""

    events: list[dict[str, Any]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, line: bytes) -> None:
        """One line of its output; what is no event is nobody's."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def all(self, kind: str, /) -> list[dict[str, Any]]:
        """Events of one kind, in order."""
        with self.changed:
            return [event for event in self.events if event["event"] == kind]


class Supervised:
    """A jail with the supervisor and its processes. Leaving it ends all of them."""

    def __init__(self, running: Running, run_folder: Path, told: Told, *, control: str) -> None:
        self.running = running
        self.run_folder = run_folder
        self.told = told
        self._socket = run_folder / control

    def alive(self) -> bool:
        """Whether the target's process runs."""
        return self.running.poll() is None and not self.exited()

    def exited(self) -> dict[str, Any] | None:
        """The event that ended it, if one did: a process that exited or a companion that never was ready."""
        for event in self.told.all("late") + self.told.all("exited"):
            return event
        return None

    def workers(self) -> tuple[int, ...]:
        """Ids inside of the target's processes that hold its socket: its workers, or itself where it has none."""
        return tuple(int(pid) for pid in self._list(b"who"))

    def listening(self) -> tuple[str, ...]:
        """Where the target listens: ``127.0.0.1:8000``; empty when the supervisor does not answer."""
        return tuple(str(place) for place in self._list(b"where"))

    def stop(self) -> Ended:
        """Asks the target to end, so that it can finish what it does and flush what it holds; then all ends."""
        if self.running.poll() is None:
            try:
                self._control(b"stop")
                return self.running.wait(_STOP_S)
            except (OSError, TimeoutError):
                pass
        return self.running.stop()

    def kill(self) -> Ended:
        """Ends all at once."""
        return self.running.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _list(self, word: bytes) -> list[Any]:
        try:
            answer = json.loads(self._control(word) or b"[]")
        except (OSError, ValueError, RecursionError):
            return []
        return answer if isinstance(answer, list) else []

    def _control(self, word: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(_ANSWER_S)
            control.connect(str(self._socket))
            control.sendall(word + b"\n")
            if word == b"stop":
                return b""
            return control.makefile("rb").readline(1 << 20)


def supervise(
    jail: Jail,
    run_folder: Path,
    *,
    processes: tuple[Process, ...],
    relays: tuple[Relay, ...] = (),
    python: Path = Path(sys.executable),
    binds: tuple[Bind, ...] = (),
    hosts: tuple[tuple[str, str], ...] = (),
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> Supervised:
    """Starts `processes` in order, in one jail, with `run_folder` as their `RUN`.

    `python` runs the supervisor. `Fault` when the jail can't be started.
    """
    control = f"{processes[-1].name}.control"
    plan = {
        "relays": [relay.told() for relay in relays],
        "control": f"{RUN}/{control}",
        "processes": [process.told() for process in processes],
    }
    told = Told()
    confinement = Confinement(
        argv=(str(python), "-I", "-S", f"{GUEST}/supervisor.py", json.dumps(plan)),
        binds=(
            *binds,
            *interpreter_binds(python),
            Bind(source=bundled("sandbox"), target=GUEST),
            Bind(source=run_folder, target=RUN, writable=True),
        ),
        cwd=RUN,
        env=(("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")),
        hosts=hosts,
        limits=limits,
    )
    return Supervised(jail.start(confinement, each_line=told.hear), run_folder, told, control=control)


def prepare_run_folder(folder: Path, /, *, inner: tuple[str, ...] = ()) -> None:
    """Makes the shared folder with what stands in it, empty: `Fault` where sockets in it would have too long names."""
    longest = folder / "outside" / "000-00000.sock"
    if len(str(longest).encode()) > 100:  # the kernel's limit is 107 bytes
        raise Fault(
            "is too long a path for sockets", where=str(folder), hint="set AUDITOR_STATE_DIR to a short one"
        )
    for name in ("", LOGS, *inner):
        (folder / name).mkdir(mode=0o755, exist_ok=True)
