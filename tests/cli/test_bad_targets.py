"""Targets that can't be run, or not usefully: what `auditor record` says of them, with the real server in the real jail.

The gate, the root errors and the replay have tests of their own; here stands what a person is told: what, where,
what to do, and status 2. What is wrong with a request shares one boot with all the others.
"""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.cli.dispatch import dispatch
from auditor.execution.choosing import choose_jail
from auditor.execution.disposable import start_time
from auditor.model.fault import Fault

APP = """
import json, os, time
{top}
def application(environ, start_response):
    path, kind = environ["PATH_INFO"], [("Content-Type", "application/json")]
{body}
    start_response("200 OK", kind)
    return [json.dumps({"path": path}).encode()]
"""
SETTINGS = """
[boot]
command = "gunicorn --workers 1 --bind 127.0.0.1:{port} app:application"
ready = "/ready"
ready_timeout = "8s"
python = "PYTHON"
"""
ONE = '{"id": "a", "path": "/a"}\n'
MANY_FAULTS = """
if path == "/never":
    start_response("404 Not Found", kind)
    return [b"{}"]
if path in ("/round", "/about"):
    start_response("302 Found", [("Location", "/about" if path == "/round" else "/round")])
    return [b""]
if path == "/broken":
    raise RuntimeError("the flux capacitor is empty")
if path == "/outside":
    open("/usr/share/app.log", "w")
if path == "/large":
    start_response("200 OK", [])
    return (b"x" * (1 << 20) for _ in range(64))
if path == "/half":
    start_response("200 OK", kind)
    return [b'{"a": ']
if path == "/chance":
    start_response("200 OK", kind)
    return [json.dumps({"value": os.urandom(8).hex()}).encode()]
"""


@dataclass(frozen=True)
class Told:
    """What came of a command."""

    status: int
    output: str
    errors: str

    @property
    def last(self) -> str:
        """The message."""
        return (self.errors.strip().splitlines() or [""])[-1]


Record = Callable[..., Told]


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Makes a target: `top` are statements of its module, `body` those of its handler."""
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix

    def write(*, top: str = "", body: str = "", settings: str = "", workload: str = ONE) -> Path:
        root = tmp_path / "target"
        root.mkdir()
        indented = "".join(f"    {line}\n" for line in body.splitlines())
        (root / "app.py").write_text(APP.replace("{top}", top).replace("{body}", indented), "utf-8")
        (root / "auditor.toml").write_text(SETTINGS.replace("PYTHON", environment) + settings, "utf-8")
        (root / "requests.jsonl").write_text(workload, "utf-8")
        return root

    return write


@pytest.fixture
def record(written: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> Record:
    """Writes a target and records it, once and without edges."""

    def run(*more: str, **parts: str) -> Told:
        root = written(**parts)
        before = sorted(root.rglob("*"))
        arguments = [
            str(root),
            "--workload",
            str(root / "requests.jsonl"),
            "--no-edges",
            "--runs",
            "1",
            *more,
        ]
        status = dispatch(["record", *arguments])
        assert sorted(root.rglob("*")) == before
        told = Told(status, *capsys.readouterr())
        assert "Traceback" not in told.errors
        return told

    return run


def test_faults_of_single_requests_are_said_and_the_rest_is_recorded(record: Record) -> None:
    paths = ["fine", "never", "round", "about", "broken", "outside", "large", "half", "chance"]
    lines = "".join(f'{{"id": "{path}", "path": "/{path}"}}\n' for path in paths)
    told = record("--runs", "2", body=MANY_FAULTS, workload=lines)
    assert told.status == 0
    assert "5 × 200, 2 × 302, 1 × 404, 1 × 500" in " ".join(told.output.split()) or "no answer" in told.output
    assert "`broken` first with 500: RuntimeError: the flux capacitor is empty (app.py:" in told.errors
    assert "`outside` first: OSError: [Errno 30] Read-only file system" in told.errors
    assert "/about → /round → /about" in told.errors
    assert "`large`" in told.errors
    assert "67,108,864 bytes" in told.errors
    assert "1 place of answers" in told.output


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("401 Unauthorized", "2 of 2 requests were not let in, so what lies behind the door can't be judged"),
        ("404 Not Found", "(2 answered 404): nothing can be judged (ask for things that are there"),
        ("200 OK", "(2 empty): nothing can be judged"),
    ],
)
def test_what_judges_nothing_is_no_contract(record: Record, answer: str, said: str) -> None:
    body = f'if path != "/ready":\n    start_response("{answer}", kind)\n    return [b"[]"]'
    told = record(body=body, workload=ONE + '{"id": "b", "path": "/b"}\n')
    assert (told.status, told.output) == (2, "")
    assert "nothing can be judged" in told.last
    assert said in told.last
    assert not list(Path(os.environ["AUDITOR_STATE_DIR"]).glob("targets/*/contract"))


BOOTS = {
    "slow": ({"top": "time.sleep(30)"}, "boot.ready_timeout gives it longer"),
    "the internet": (
        {"top": "import urllib.request\nurllib.request.urlopen('https://config.example.com/boot')"},
        'app.py:4: needs the internet to boot: it asked for config.example.com ([[outside]] host = "config.example.com"',
    ),
    "a file elsewhere": (
        {"top": "open('/var/lib/app.log', 'w')"},
        "app.py:3: wants a file outside its tree: [Errno 2] No such file or directory: '/var/lib/app.log'",
    ),
    "a variable": ({"top": "os.environ['STRIPE_KEY']"}, "app.py:3: the variable STRIPE_KEY is not set"),
}


@pytest.mark.parametrize("name", BOOTS)
def test_what_does_not_boot_leaves_its_log(record: Record, name: str) -> None:
    parts, said = BOOTS[name]
    told = record(**parts)
    assert (told.status, told.output) == (2, "")
    assert said in told.last
    log = Path(told.last.rpartition("the whole log: ")[2].rstrip(")"))
    assert "gunicorn" in log.read_text("utf-8")


def test_a_target_that_dies_makes_the_run_void(record: Record) -> None:
    told = record(body='if path == "/a":\n    os.kill(os.getppid(), 9)\n    os._exit(1)')
    assert (told.status, told.output) == (2, "")
    assert "request 'a': the target died while it was asked, so the run is void" in told.last
    assert Path(told.last.rpartition("the whole log: ")[2].rstrip(")")).exists()


def test_a_target_that_never_rests_can_not_be_counted(record: Record) -> None:
    ticking = "while True:\n        logging.warning('tick')\n        time.sleep(0.05)"
    top = f"import logging, threading\ndef tick():\n    {ticking}\n"
    told = record(top=top, body="if path == '/a': threading.Thread(target=tick, daemon=True).start()")
    assert (told.status, told.output) == (2, "")
    assert "goes on working 10 s after its last answer" in told.last


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"workload": "\n"}, "requests.jsonl: holds no request"),
        ({"workload": '{"id": "a", "pth": "/a"}\n'}, "requests.jsonl:1: unknown key 'pth' (did you mean 'path'?)"),
        ({"settings": "[workload\nfile"}, "is not valid TOML: Expected"),
        ({"settings": "[workload]\nfille = 'x'\n"}, "unknown key 'workload.fille' (did you mean 'file'?)"),
        ({"settings": "[model]\nname = 'x'\n"}, "'model' can't be set here"),
    ],
)  # fmt: skip
def test_what_is_written_wrongly_is_named(record: Record, parts: dict[str, str], said: str) -> None:
    told = record(**parts)
    assert (told.status, told.output) == (2, "")
    assert said in told.last


def test_a_killed_auditor_leaves_no_process_and_nothing_locked(written: Callable[..., Path]) -> None:
    root, state = (
        written(settings='[[service]]\nname = "side"\ncommand = "sleep 611"\n'),
        Path(os.environ["AUDITOR_STATE_DIR"]),
    )
    command = [sys.executable, "-m", "auditor", "record", str(root), "--no-edges"]
    command += ["--workload", str(root / "requests.jsonl")]
    below: set[tuple[int, int]] = set()
    for moment in (1, 3, 5):  # processes: the first jail, a server that starts, one that serves
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while process.poll() is None and len(now := family(process.pid)) < moment:
            below |= now
            time.sleep(0.005)
        below |= family(process.pid)
        ended = process.poll()
        process.send_signal(signal.SIGKILL)
        assert ended is None, process.communicate()
        process.communicate()
    deadline = time.monotonic() + 5
    while alive(below) and time.monotonic() < deadline:
        time.sleep(0.02)  # the kernel needs a moment to end a namespace
    assert alive(below) == set()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    contract = next((state / "targets").glob("*/contract/contract.json"))
    assert json.loads(contract.read_text("utf-8"))["runs"] == 2
    assert not any(entry.name.startswith(".contract") for entry in contract.parent.parent.iterdir())
    assert not any((state / "tmp").glob("*/*"))


def family(root: int) -> set[tuple[int, int]]:
    """Everybody below a process: id and start time."""
    found, more = set[int](), {root}
    while more:
        children = {
            int(child)
            for pid in more
            for listed in Path(f"/proc/{pid}/task").glob("*/children")
            for child in _read(listed).split()
        }
        more = children - found
        found |= children
    return {(pid, started) for pid in found if (started := start_time(pid)) is not None}


def alive(processes: set[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(pid, started) for pid, started in processes if start_time(pid) == started}


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError:
        return ""  # it has ended meanwhile
