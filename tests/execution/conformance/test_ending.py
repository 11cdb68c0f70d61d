"""However it ends, nothing of it is left."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import auditor
from auditor.execution.confinement import Limits

DAEMONS = """
import os, signal, time
for _ in range(10):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for descriptor in range(3):
            os.close(descriptor)
        time.sleep(600)
for _ in range(10):
    os.wait()
print('up', flush=True)
"""


def _gone_within(seconds: float, alive: Callable[[], list[str]]) -> list[str]:
    """What is left when the time is up; empty as soon as there is nothing."""
    end = time.monotonic() + seconds
    while (left := alive()) and time.monotonic() < end:
        time.sleep(0.002)
    return left


def test_s9_daemons_that_ignore_signals_end_with_the_command(cell) -> None:
    ended = cell.run(DAEMONS)
    assert ended.output == b"up\n"
    assert ended.succeeded
    assert cell.alive() == []


def test_s9_daemons_that_ignore_signals_end_with_a_stop(cell) -> None:
    up = threading.Event()
    running = cell.start(f"{DAEMONS}\ntime.sleep(600)", each_line=lambda _: up.set())
    assert up.wait(20)
    assert len(cell.alive()) >= 11
    assert running.stop().how == "stopped"
    assert cell.alive() == []


def test_s10_stopping_and_tracing_the_first_process_delays_nothing(stripped) -> None:
    code = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
traced = libc.ptrace(16, os.getppid(), 0, 0), ctypes.get_errno()
try:
    os.kill(1, 19)
except PermissionError:
    pass
print(traced, flush=True)
while True: pass
"""
    ended = stripped.run(code, limits=Limits(wall_s=1.5))
    assert ended.how == "deadline"
    assert ended.wall_s < 6
    assert ended.output == b"(-1, 1)\n"


CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from auditor.execution.choosing import Unconfined, choose_jail
from auditor.execution.confinement import Bind, Confinement
from auditor.execution.interpreter import interpreter_binds
jail = choose_jail(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
jail.start(Confinement(argv=("/bin/sh", "-c", "(setsid sleep 600 &) ; sleep 600 # " + sys.argv[3], sys.argv[3]), cwd="/"))
print("started", flush=True)
time.sleep(600)
"""


def _auditor(name: str, marker: str) -> "subprocess.Popen[str]":
    root = str(Path(auditor.__file__).parent.parent)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, root, name, marker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    return child


def _left(pid: int, marker: str) -> Callable[[], list[str]]:
    """What lives of the runs of that process: keepers, which have its pid as their last word, and the rest."""

    def alive() -> list[str]:
        found = []
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            except OSError:
                continue
            keeps = (
                any(b"auditor.execution.keeper" in word for word in words) and words[-1] == str(pid).encode()
            )
            if keeps or any(marker.encode() in word for word in words):
                found.append(f"{folder.name}: {words}")
        return found

    return alive


@pytest.mark.parametrize("name", ["bubblewrap", "none"])
def test_s21_kill_9_of_auditor_at_any_moment_leaves_nothing(name: str) -> None:
    marker = f"marker-{secrets.token_hex(8)}"
    for step in range(12):  # from before the fork of the keeper to after the start of the command
        child = _auditor(name, marker)
        assert child.stdin
        assert child.stdout
        child.stdin.write("go\n")
        child.stdin.flush()
        time.sleep(step * 0.008)
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
        assert _gone_within(5, _left(child.pid, marker)) == [], f"killed after {step * 8} ms"


def test_s21_kill_9_of_auditor_while_a_fork_of_it_lives_on_leaves_nothing() -> None:
    name, marker = "none", f"marker-{secrets.token_hex(8)}"
    root = str(Path(auditor.__file__).parent.parent)
    forking = CHILD.replace(
        "time.sleep(600)\n", "import os\npid = os.fork()\nif pid: print(pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", forking, root, name, marker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write("go\n")
        child.stdin.flush()
        lines = [child.stdout.readline() for _ in range(3)]
        fork = int(lines[2])
        child.kill()
        try:

            def others() -> list[str]:
                return [line for line in _left(child.pid, marker)() if not line.startswith(f"{fork}:")]

            assert _gone_within(5, others) == []
        finally:
            os.kill(fork, signal.SIGKILL)


def test_s21_kill_9_of_the_keeper_leaves_nothing(walled) -> None:
    running = walled.start("import time; time.sleep(600)")
    os.kill(running.pid, signal.SIGKILL)
    running.wait(20)
    assert _gone_within(5, walled.alive) == []
