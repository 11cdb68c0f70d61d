"""The guest side of a world: what the supervisor runs, relays and ends."""

import ast
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.bundle import bundled
from auditor.config.command import Command
from auditor.execution.ran import Ran
from auditor.execution.world import World

MakeWorld = Callable[..., World]

GUEST = sorted(bundled("sandbox").glob("*.py"))
PRIMITIVES = {f"asyncio.{name}" for name in ("Event", "Lock", "Condition", "Semaphore", "Queue")}


def interpreter(version: str) -> str | None:
    """One of that version which runs: pyenv's, else the path's."""
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    kept = sorted(root.glob(f"versions/{version}.*/bin/python"))
    found = shutil.which(f"python{version}")
    return str(kept[-1]) if kept else found if found and "shims" not in found else None


@pytest.mark.parametrize("path", GUEST, ids=lambda path: path.name)
def test_it_is_python_3_8_and_needs_nothing_installed(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names | {each.stem for each in GUEST}


@pytest.mark.parametrize("path", GUEST, ids=lambda path: path.name)
def test_what_belongs_to_a_loop_is_made_while_the_loop_runs(path: Path) -> None:
    """Python 3.8 and 3.9 bind events and locks to whichever loop is current when they are made."""
    tree = ast.parse(path.read_text("utf-8"))
    running = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    late = {id(node) for function in running for node in ast.walk(function)}
    made = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in PRIMITIVES
    ]
    assert [ast.unparse(node) for node in made if id(node) not in late] == []


VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]


@pytest.mark.parametrize("version", VERSIONS)
def test_it_runs_a_command_in_older_and_newer_interpreters(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    process = {
        "name": "one", "argv": ["/bin/sh", "-c", "echo out; exit 3"], "env": {}, "cwd": "/", "ready": None,
        "log": str(tmp_path / "one.log"), "errors": None, "stop": "TERM",
    }  # fmt: skip
    plan = {"relays": [], "control": str(tmp_path / "control"), "processes": [process]}
    supervisor = bundled("sandbox") / "supervisor.py"
    done = subprocess.run(
        [python, "-I", "-S", str(supervisor), json.dumps(plan)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert (tmp_path / "one.log").read_text() == "out\n"


SPEAKS_FIRST = """
import asyncio, socket, sys
import relay

async def echo(reader, writer):
    writer.write(await reader.read())
    writer.close()

async def main(end):
    await asyncio.start_unix_server(echo, "behind")
    await relay.listen("unix:door", ("unix:nowhere", "unix:behind"))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("door")
        client.sendall(b"spoken at once")
        if end == "at once":
            client.shutdown(socket.SHUT_WR)
        reader, writer = await asyncio.open_connection(sock=client)
        if end != "at once":
            await asyncio.sleep(0)
            writer.write(b", and on" * 100000)
            writer.write_eof()
        print(len(await asyncio.wait_for(reader.read(), 30)))

asyncio.get_event_loop_policy().new_event_loop().run_until_complete(main(sys.argv[1]))
"""


@pytest.mark.parametrize("end", ["at once", "later"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_speaks_at_once_is_heard(version: str, end: str, tmp_path: Path) -> None:
    """Before the relay has been connected to what stands behind it."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    (tmp_path / "relay.py").write_bytes((bundled("sandbox") / "relay.py").read_bytes())
    (tmp_path / "speaks.py").write_text(SPEAKS_FIRST)
    done = subprocess.run(
        [python, "speaks.py", end], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{14 if end == 'at once' else 14 + 800000}\n", "")


def test_output_and_errors_of_a_command_are_told_apart(make_world: MakeWorld) -> None:
    world = make_world({"app.py": ""})
    ran = world.run(
        Command("", ("python", "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    )
    assert (ran.output, ran.errors, ran.succeeded, ran.ended.code) == ("out\n", "err\n", False, 3)


@pytest.mark.parametrize("command", [("nothing-of-that-name",), ("/etc",)])
def test_a_command_that_is_not_there(make_world: MakeWorld, command: tuple[str, ...]) -> None:
    ran = make_world({"app.py": ""}).run(Command("", command))
    assert not ran.succeeded
    assert command[0] in ran.errors


def test_a_command_that_dies_of_a_signal(make_world: MakeWorld) -> None:
    ran = make_world({"app.py": ""}).run(Command("", ("/bin/sh", "-c", "kill -SEGV $$")))
    assert (ran.ended.how, ran.ended.code) == ("signalled", 11)


def test_what_a_command_leaves_behind_ends_with_it(make_world: MakeWorld) -> None:
    """A daemon of a session of its own that heeds no request to end holds nothing up."""
    daemon = "(trap '' TERM HUP; setsid sleep 600 & setsid sh -c 'trap : TERM; sleep 600' &) ; echo done"
    ran = make_world({"app.py": ""}).run(Command("", ("/bin/sh", "-c", daemon)))
    assert ran.succeeded
    assert ran.output == "done\n"
    assert ran.ended.wall_s < 60


def test_a_command_that_takes_too_long_is_ended(make_world: MakeWorld) -> None:
    ran = make_world({"app.py": ""}).run(Command("", ("sleep", "600")), wall_s=1)
    assert ran.ended.how == "deadline"


def test_a_command_that_runs_is_ended_from_another_thread(make_world: MakeWorld) -> None:
    world, ran = make_world({"app.py": ""}), list[Ran]()
    command = Command("", ("/bin/sleep", "600"))
    thread = threading.Thread(target=lambda: ran.append(world.run(command)), daemon=True)
    thread.start()
    for _ in range(200):  # what does not run yet can't be killed
        world.kill()
        thread.join(0.1)
        if not thread.is_alive():
            break
    assert [one.ended.how for one in ran] == ["stopped"]
