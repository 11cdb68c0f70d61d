"""kill -9 of auditor: nothing runs on, nothing stays locked, and whoever starts next cleans up."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.execution.disposable import remove_abandoned, start_time
from auditor.execution.world import World

MakeWorld = Callable[..., World]

SCRIPT = """
import os, sys, time
from pathlib import Path
from auditor.config.target import parse_target_settings
from auditor.execution.choosing import choose_jail
from auditor.execution.recipe import recipe_of
from auditor.execution.world import World
root, state, python = map(Path, sys.argv[1:4])
settings = parse_target_settings((root / "auditor.toml").read_bytes())
recipe = recipe_of(settings, root, env={"VIRTUAL_ENV": str(python)})
world = World(recipe, root, jail=choose_jail(), state=state, templates=state / "templates")
print("copied", flush=True)
world.prepare()
print("prepared", flush=True)
world.boot()
print("booted", flush=True)
time.sleep(600)
"""
APP = """
import os, psycopg2
connection = psycopg2.connect(os.environ["DATABASE_URL"])
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
"""
SETTINGS = """
[boot]
command = "gunicorn --workers 2 --bind 127.0.0.1:{port} app:app"
ready = "/"
[database]
engine = "postgresql"
[[service]]
name = "side"
command = "sleep 611"
"""


def family(root: int) -> set[tuple[int, int]]:
    """Everybody below a process: id and start time."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
    found = {root}
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return {(pid, started) for pid in found - {root} if (started := start_time(pid)) is not None}


def alive(processes: set[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(pid, started) for pid, started in processes if start_time(pid) == started}


@pytest.mark.parametrize(("moment", "processes"), [("copied", 0), ("booted", 12)])
def test_nothing_is_left_of_a_killed_auditor(
    jail: object, state: Path, tmp_path: Path, make_world: MakeWorld, moment: str, processes: int
) -> None:
    root = tmp_path / "target"
    root.mkdir()
    (root / "app.py").write_text(APP, "utf-8")
    (root / "auditor.toml").write_text(SETTINGS, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(root), str(state), sys.prefix], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        for line in process.stdout:
            if line.strip() == moment:
                break
        below = family(process.pid)
        process.send_signal(signal.SIGKILL)
    assert len(below) >= processes
    deadline = time.monotonic() + 5
    while alive(below) and time.monotonic() < deadline:
        time.sleep(0.01)  # the kernel needs a moment to end a namespace
    assert alive(below) == set()
    assert len(list((state / "tmp").iterdir())) == 1
    remove_abandoned(state)
    assert list((state / "tmp").iterdir()) == []
    if moment == "booted":
        world = make_world(root, SETTINGS, templates=state / "templates")
        assert not world.prepare()
        with world.boot() as server:
            assert server.report.ok
