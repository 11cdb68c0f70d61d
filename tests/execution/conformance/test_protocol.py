"""What every jail does for its user, with or without walls."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from auditor.execution.confinement import Bind, Confinement, Limits, Running
from auditor.model.fault import Fault


def test_a_command_ends_by_itself_with_its_status_and_output(cell) -> None:
    ended = cell.run("import os; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (ended.how, ended.code, ended.output, ended.errors) == ("exited", 3, b"out\n", b"err\n")
    assert not ended.succeeded
    assert ended.dropped_bytes == 0
    assert 0 < ended.wall_s < 30


def test_a_command_that_dies_of_a_signal_says_which(cell) -> None:
    ended = cell.run("import os; os.kill(os.getpid(), 11)")
    assert (ended.how, ended.code) == ("signalled", 11)


def test_a_command_that_is_not_there_ends_like_in_a_shell(cell) -> None:
    ended = cell.jail.start(Confinement(argv=("no-such-command",), cwd="/")).wait(30)
    assert (ended.how, ended.code) == ("exited", 127)
    assert b"No such file" in ended.errors


def test_lines_arrive_while_it_runs_and_stop_ends_it(cell) -> None:
    came = threading.Event()
    running = cell.start(
        "import time; print('ready', flush=True); time.sleep(100)", each_line=lambda _: came.set()
    )
    assert came.wait(20)
    assert running.poll() is None
    with pytest.raises(TimeoutError):
        running.wait(0.01)
    ended = running.stop()
    assert (ended.how, ended.code, ended.output) == ("stopped", None, b"ready\n")
    assert running.stop() == ended == running.poll() == running.wait()


def test_stop_after_the_end_tells_how_it_had_ended(cell) -> None:
    running = cell.start("sys.exit(0)")
    running.wait(20)
    assert running.stop().succeeded


def test_the_work_copy_is_where_it_starts_and_can_be_written(cell) -> None:
    cell.says("open('made', 'w').write('inside')")
    made = cell.work / "made"
    assert made.read_text() == "inside"
    assert (made.stat().st_uid, made.stat().st_gid) in {
        (cell.guest.uid, cell.guest.gid),
        (os.geteuid(), os.getegid()),
    }


def test_variables_arrive_and_nothing_waits_for_input(cell) -> None:
    said = cell.says(
        "import os; print(os.environ['GREETING'], sys.stdin.read() == '')", env=(("GREETING", "a=b c"),)
    )
    assert said == "a=b c True"


def test_paths_of_the_jail_hold_in_command_and_environment(cell) -> None:
    folder = cell.work.parent / "tools"
    folder.mkdir(mode=0o755)
    (folder / "word.py").write_text("print('found')")
    tools = Bind(source=folder, target="/auditor")
    said = cell.says(
        "import os, runpy; runpy.run_path(sys.argv[1]); print(os.environ['PLACES'].count(':'))",
        "/auditor/word.py",
        binds=(tools,),
        env=(("PLACES", "/auditor:/work"),),
    )
    assert said.split() == ["found", "1"]


def test_host_and_guest_meet_at_a_socket_in_a_shared_folder(cell) -> None:
    came = threading.Event()
    running = cell.start(
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('door'); s.listen(); print('up', flush=True)\n"
        "s.accept()[0].sendall(b'hello')",
        each_line=lambda _: came.set(),
    )
    assert came.wait(20)
    here = os.open(cell.work, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(f"/proc/self/fd/{here}/door")  # a path as long as a test's would not fit
        assert door.recv(10) == b"hello"
    os.close(here)
    assert running.wait(20).succeeded


def test_its_own_loopback_works_in_both_versions(cell) -> None:
    code = """
import socket
for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    server = socket.create_server((address, 0), family=family)
    client = socket.create_connection(server.getsockname()[:2])
    client.sendall(b'x')
    assert server.accept()[0].recv(1) == b'x'
print(socket.gethostbyname('localhost'))
"""
    assert cell.says(code) == "127.0.0.1"


def test_ordinary_things_work_under_the_filter(cell) -> None:
    code = """
import subprocess, threading, multiprocessing, tempfile, os, select, signal
assert subprocess.run(['/bin/sh', '-c', 'exit 4']).returncode == 4
t = threading.Thread(target=lambda: None); t.start(); t.join()
if os.fork() == 0:
    os._exit(0)
os.wait()
lock = multiprocessing.Lock()
tempfile.TemporaryFile().write(b'x')
import socket; socket.getaddrinfo('localhost', 80); socket.if_nameindex(); socket.socketpair()
print(os.cpu_count() > 0)
"""
    assert cell.says(code) == "True"


def test_it_outlives_the_thread_that_started_it(cell) -> None:
    started: list[Running] = []
    thread = threading.Thread(
        target=lambda: started.append(cell.start("import time; time.sleep(0.5); print('still here')"))
    )
    thread.start()
    thread.join()
    assert started[0].wait(20).output == b"still here\n"


def test_a_fork_of_ours_that_holds_everything_open_does_not_keep_it_from_being_stopped(cell) -> None:
    running = cell.start("import time; time.sleep(100)")
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        assert running.stop().how == "stopped"
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "it was waited for"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_an_exception_of_who_listens_ends_the_run_and_is_raised(cell) -> None:
    def object_to(_: bytes) -> None:
        raise ValueError("not this line")

    running = cell.start("import time; print('x', flush=True); time.sleep(100)", each_line=object_to)
    with pytest.raises(ValueError, match="not this line"):
        running.wait(20)


@pytest.mark.parametrize(
    "wrong",
    [
        Confinement(argv=()),
        Confinement(argv=("a\0b",)),
        Confinement(argv=("true",), env=(("A=B", "c"),)),
        Confinement(argv=("true",), hosts=(("127.0.0.2", "two words"),)),
        Confinement(argv=("true",), binds=(Bind(source=Path("/usr"), target="relative"),)),
        Confinement(argv=("true",), binds=(Bind(source=Path("/usr"), target="/"),)),
        Confinement(argv=("true",), binds=(Bind(source=Path("/usr"), target="/work/../etc"),)),
        Confinement(argv=("true",), binds=(Bind(source=Path("/no/such"), target="/work"),)),
        Confinement(argv=("true",), limits=Limits(wall_s=0)),
        Confinement(argv=("true",), limits=Limits(memory_bytes=-1)),
    ],
)
def test_s20_a_malformed_wish_is_refused(cell, wrong: Confinement) -> None:
    with pytest.raises(Fault):
        cell.jail.start(wrong)
