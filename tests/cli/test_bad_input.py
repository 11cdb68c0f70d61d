"""What people point an audit at by mistake or in bad faith, with the real command from end to end.

Each ends in a message or in an entry under coverage: no traceback, no hang, nothing written beside the output. The
parts have tests of their own (`tests/repo`, `tests/index`, `tests/engine`); here one small application stands among
the bad files and must still be read.
"""

import ctypes
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

APP = """
from flask import Flask
from models import Line, Order, db

app = Flask(__name__)


@app.get("/orders")
def orders():
    rows = []
    for order in Order.query.all():
        rows += db.session.query(Line).filter(Line.order_id == order.id).all()
    return rows
"""
MODELS = """
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Line(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    order_id = db.Column(db.ForeignKey("order.id"))
"""
QUERY_LINE = 12


def written(root: Path, files: Mapping[str, str | bytes], *, app: bool = True) -> Path:
    for name, content in {**({"app.py": APP, "models.py": MODELS} if app else {}), **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink()}


def audited(auditor: Run, root: Path, *more: str) -> dict[str, Any]:
    """The report on a tree whose application must have been read whatever else lies there."""
    before = contents(root)
    done = auditor("audit", str(root), "--format", "json", "--no-cache", "--quiet", *more)
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(root) == before
    report: dict[str, Any] = json.loads(done.stdout)
    assert ("app.py", QUERY_LINE, "query-in-loop") in {
        (f["file"], f["line"], f["rule"]) for f in report["findings"]
    }
    return report


def reasons(report: Mapping[str, Any]) -> dict[str, str]:
    return {entry["file"]: entry["reason"] for entry in report["coverage"]["unparsed"]}


def test_endpoints_that_are_not_there_are_said_to_have_been_looked_for(auditor: Run, tmp_path: Path) -> None:
    root = written(tmp_path / "tree", {"a.py": "def f(x):\n    return x\n"}, app=False)
    plan = auditor("audit", str(root), "--quiet")
    assert plan.returncode == 0
    assert "No endpoints were found" in plan.stdout
    for framework in ("django", "fastapi", "flask"):
        assert framework in plan.stdout.casefold()
    routes = auditor("routes", str(root))
    assert "looked for" in routes.stderr
    trace = auditor("trace", "GET /", str(root))
    assert (trace.returncode, trace.stdout) == (2, "")
    assert "there is no endpoint 'GET /' (no endpoint was found)" in trace.stderr


def test_a_folder_without_python_is_a_fault(auditor: Run, tmp_path: Path) -> None:
    root = written(tmp_path / "tree", {"README.md": "x", "a.js": "y"}, app=False)
    done = auditor("audit", str(root))
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no Python files (2 entries looked at)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_files_that_are_no_python_are_entries(auditor: Run, tmp_path: Path) -> None:
    bad: dict[str, tuple[str | bytes, str]] = {
        "binary.py": (bytes(range(256)) * 9, "NUL"),
        "nul.py": ("x = 1\n\0\0y = 2\n", "NUL"),
        "utf16.py": ("x = 'é'\n".encode("utf-16"), "UTF-16"),
        "utf16_unmarked.py": ("import os\n".encode("utf-16-le"), "UTF-16"),
        "latin.py": (b"x = '\xff\xfe\xfa'\n", "not valid UTF-8"),
        "coding.py": ("# coding: nonsense-42\n", "encoding"),
        "rot13.py": ("# coding: rot13\n", "encoding"),
        "merge.py": ("def a():\n<<<<<<< HEAD\n    x = 1\n=======\n    x = 2\n>>>>>>> b\n", "syntax error"),
        "large.py": ("x = 1\n" * 200_000, "too large"),
        "paren.py": ("x = " + "(" * 200_000 + ")" * 200_000, "nests too deeply"),
        "open.py": ("[" * 200_000, ""),
        "minus.py": ("x = " + "-" * 200_000 + "1", "nests too deeply"),
        "dots.py": ("x = a" + ".b" * 100_000, "nests too deeply"),
    }
    good = {
        "python2.py": "print 'a'\nexec 'x'\ntry:\n    f()\nexcept E, e:\n    raise E, 'x'\n",
        "bom.py": b"\xef\xbb\xbfx = 1\n",
    }
    root = written(tmp_path / "tree", {**{name: content for name, (content, _) in bad.items()}, **good})
    found = reasons(audited(auditor, root))
    assert set(bad) <= set(found)
    for name, (_, reason) in bad.items():
        assert reason in found[name]
    assert "bom.py" not in found


def test_links_pipes_and_a_hostile_repository(auditor: Run, tmp_path: Path) -> None:
    root = written(tmp_path / "tree", {})
    for name, leads_to in {
        "loop": ".",
        "a": "b",
        "b": "a",
        "etc": "/etc",
        "out.py": "/etc/passwd",
        "gone.py": "/none",
    }.items():
        (root / name).symlink_to(leads_to)
    os.mkfifo(root / "pipe.py")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    touch = f"touch {tmp_path}/executed"
    (root / ".git" / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {touch}\n\tpager = {touch}\n\thooksPath = {tmp_path}\n"
        f'[filter "x"]\n\tclean = {touch}\n\tprocess = {touch}\n[include]\n\tpath = /dev/zero\n[alias]\n\tstatus = !{touch}\n'
    )
    (root / ".gitattributes").write_text("* filter=x\n")
    report = audited(auditor, root)
    assert sum(report["coverage"]["skipped"].values()) >= 7
    assert not (tmp_path / "executed").exists()


def without_privileges() -> None:
    """Before `exec`: root gives up reading what nobody may read (Linux's capabilities 1 and 2)."""
    if os.geteuid() == 0:
        for capability in (1, 2):
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def test_what_may_not_be_read_is_an_entry(tmp_path: Path) -> None:
    root = written(tmp_path / "tree", {"secret.py": "x = 1\n", "folder/in.py": "y = 1\n"})
    (root / "secret.py").chmod(0)
    (root / "folder").chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "audit", str(root), "--format", "json", "-q"],
            preexec_fn=without_privileges,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        (root / "folder").chmod(0o700)
        (root / "secret.py").chmod(0o600)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"secret.py", "folder"} <= set(reasons(json.loads(done.stdout)))


def test_code_without_end_is_followed_to_an_end(auditor: Run, tmp_path: Path) -> None:
    """Recursion, hierarchies, cycles and sizes far beyond what people write, all in one tree."""
    classes = [
        "class C0: pass",
        *(f"class C{n}(C{n - 1}):\n    def m{n}(self): return self.m{n - 1}()" for n in range(1, 3000)),
    ]
    doubling = "".join(f"    f{n} = lambda: (f{n - 1}(), f{n - 1}())\n" for n in range(1, 40))
    views = f"""
from app import Line, Order, app
from classes import C2999
from a import *
import c

def down(x):
    for child in x.children:
        Order.query.get(child.id)
        down(child)

def ping(n): return pong(n)
def pong(n): return ping(n)

class Everything:
    def __getattr__(self, name): return getattr(self, name)
    def __call__(self): return self()
    def __iter__(self): return iter(self)

@app.get("/endless")
def endless():
    down(Order.query.first())
    ping(1)
    anything = Everything()
    for one in anything:
        one.b.c()()
    again = lambda f: f(f)
    again(again)
    own = []
    own.append(own)
    C2999().m2999()
    f0 = lambda: Order.query.first()
{doubling}    return f39(), X, Y, c.c.c.x

@app.get("/long")
def long():
{"".join(f"    x{n} = Order.query.get({n}) if x{n - 1} else None" + chr(10) for n in range(5000))}    return "x"
"""
    root = written(
        tmp_path / "tree",
        {
            "views.py": views,
            "classes.py": "\n".join(reversed(classes)),
            "wide.py": "".join(f"a{n} = {n}\n" for n in range(64_000)),
            "a.py": "from b import *\nfrom b import Y\nclass X(Y): pass\n",
            "b.py": "from a import *\nfrom a import X\nclass Y(X): pass\n",
            "c.py": "import c\nfrom c import *\nclass X(X): pass\nc = c.c.c\nx = y\ny = x\n",
            "padded.py": "A = '%99999999999s' % 1\nB = '{:>{}}'.format(1, 10 ** 11)\nC = 10 ** 10 ** 10\n",
            "templates/a.html": "{% if " * 20_000 + "{{ a" * 20_000,
            "templates/b.html": "{% extends 'b.html' %}{% include 'b.html' %}{{ " + "a." * 9_000 + "b }}",
        },
    )
    began = time.monotonic()
    report = audited(auditor, root)
    assert {"GET /endless", "GET /long", "GET /orders"} <= {
        endpoint["id"] for endpoint in report["endpoints"]
    }
    assert time.monotonic() - began < 60


def test_half_characters_in_literals_are_written_nowhere(auditor: Run, tmp_path: Path) -> None:
    view = """
from app import app, db

@app.get("/\\ud800<int:x\\udfff>")
def v(x):
    for a in x:
        db.session.execute(f"select \\ud800 from {x} where \\x00 = '\\udfff'")
        open("\\udc80.json").read()
"""
    report = audited(auditor, written(tmp_path / "tree", {"v.py": view}))
    assert "\ufffd" in str([endpoint["id"] for endpoint in report["endpoints"]])


NAMES = [
    "line\nbreak.py", "\x1b[31mred\x1b[0m.py", "back`tick.py", "pi|pe.py", "cdata]]>.py", "<script>alert(1)</script>.py",
    "quote\"'.py", "%s{0}.py", "[link](http:x).py", "\u202ertl.py", "::error::x.py", "-n.py", "tab\t.py", "```.py", "\u2028.py",
    "@someone#1.py", os.fsdecode(b"latin\xe9.py"),
]  # fmt: skip


def test_odd_names_steer_no_reader_of_any_format(auditor: Run, tmp_path: Path) -> None:
    text = 'from app import Line, Order, app\n@app.get("/{}")\ndef v():\n    for o in Order.query.all():\n        Line.query.get(o.id)\n'
    odd = {f"folder|\n{name}": text.replace("{}", f"|`{n}`\\x1b[31m]]>") for n, name in enumerate(NAMES)}
    root = written(tmp_path / "tree", odd)
    outputs = ["a.md", "a.json", "a.sarif", "a.jsonl"]
    done = auditor("audit", str(root), "-q", *(f"--output={name}" for name in outputs))
    screen = auditor("audit", str(root), "-q", "--format", "screen")
    assert [done.returncode, done.stdout, done.stderr, screen.returncode] == [0, "", "", 0]
    report = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert len([f for f in report["findings"] if f["file"].startswith("folder|\n")]) >= len(NAMES) - 1
    jsonschema.validate(report, json.loads(auditor("schema", "report").stdout))
    for shown in (screen.stdout, *((tmp_path / name).read_text("utf-8") for name in outputs)):
        assert not {c for c in shown if (ord(c) < 32 and c != "\n") or c in "\x7f\u2028\u202e"}
    for line in (tmp_path / "a.md").read_text("utf-8").splitlines():
        assert not line.startswith(("::error", "<script", "@someone", "|---|.py"))


def test_a_read_only_tree_is_read_from_inside(auditor: Run, tmp_path: Path) -> None:
    root = written(tmp_path / "tree", {})
    (root / "app.py").chmod(0o444)
    root.chmod(0o555)
    try:
        done = auditor("audit", ".", "-q", cwd=root)
    finally:
        root.chmod(0o755)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in root.iterdir()) == ["app.py", "models.py"]


def limited(root: Path, kind: int, amount: int, **more: Any) -> "subprocess.CompletedProcess[str]":
    """An audit under a limit of the system's, which a full disk and a small machine look like."""
    return subprocess.run(
        [sys.executable, "-m", "auditor", "audit", str(root), "-q"],
        preexec_fn=lambda: resource.setrlimit(kind, (amount, amount)),
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        **{"stdout": subprocess.PIPE, **more},
    )


def test_a_disk_without_room_for_the_cache_costs_warnings(tmp_path: Path) -> None:
    done = limited(written(tmp_path / "tree", {}), resource.RLIMIT_FSIZE, 4096)
    assert done.returncode == 0
    assert done.stdout.startswith("# Performance plan for ")
    assert all(line.startswith("auditor: warning: ") for line in done.stderr.splitlines())
    assert "can't be kept" in done.stderr
    assert "Errno" not in done.stderr


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    done = limited(written(tmp_path / "tree", {}), resource.RLIMIT_AS, 500 << 20)
    assert done.returncode == 2
    assert "internal error" not in done.stderr
    assert "too tight" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux's")
def test_standard_output_on_a_full_disk_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = limited(written(tmp_path / "tree", {}), resource.RLIMIT_CORE, 0, stdout=full)
    assert (done.returncode, done.stderr) == (
        2,
        "auditor: standard output: can't be written: No space left on device\n",
    )


def test_closed_streams_are_no_fault(tmp_path: Path) -> None:
    for closing in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'"$0" -m auditor rules {closing}', sys.executable],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("[audit\n", "auditor.toml:1: is not valid TOML"),
        ("[adit]\n", "auditor.toml:1: unknown key 'adit' (did you mean 'audit'?)"),
        ("[audit]\ntarget = 'soon'\n", "'soon' is no length of time"),
        ("cache_dir = '/tmp'\n", "'cache_dir' can't be set here"),
        ("[rules.severity]\nquery-in-loop = 'bad'\n", "one of low, medium, high, critical"),
        ("[audit]\nexclude = ['*']\n", "has no Python files"),
    ],
)
def test_settings_of_the_target_that_mean_nothing_are_one_line(
    auditor: Run, tmp_path: Path, settings: str, message: str
) -> None:
    done = auditor("audit", str(written(tmp_path / "tree", {"auditor.toml": settings})))
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("comment", "silenced", "note"),
    [
        ("ignore[query-in-loop] three at most", 1, ""),
        ("ignore three at most", "all", ""),
        ("ignore[query-in-loop]", 0, "gives no reason"),
        ("ignore[query-in-lop] three at most", 0, "did you mean 'query-in-loop'"),
        ("ignore[log-in-loop] three at most", 0, ""),
    ],
)
def test_a_comment_silences_what_it_names(
    auditor: Run, tmp_path: Path, comment: str, silenced: int | str, note: str
) -> None:
    plain = json.loads(
        auditor("audit", str(written(tmp_path / "plain", {"app.py": APP})), "--format", "json").stdout
    )
    there = [f["rule"] for f in plain["findings"] if (f["file"], f["line"]) == ("app.py", QUERY_LINE)]
    assert "query-in-loop" in there
    lines = APP.split("\n")
    lines[QUERY_LINE - 1] += f"  # auditor: {comment}"
    root = written(tmp_path / "tree", {"app.py": "\n".join(lines)})
    report = json.loads(auditor("audit", str(root), "--format", "json").stdout)
    rules = [f["rule"] for f in report["findings"]]
    assert report["coverage"]["suppressed"] == (len(there) if silenced == "all" else silenced)
    assert ("query-in-loop" in rules) is not bool(silenced)
    assert len(rules) == len(plain["findings"]) - report["coverage"]["suppressed"]
    assert note in "".join(report["coverage"]["notes"])


def test_a_tree_that_changes_while_it_is_read(tmp_path: Path) -> None:
    root = written(
        tmp_path / "tree",
        {f"m{n}.py": f"def f{n}(a):\n    return [b.c for b in a]\n" * 40 for n in range(150)},
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "audit", str(root), "--format", "json", "-q", "--no-cache"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for n in range(150):
        path = root / f"m{n}.py"
        if n % 3 == 0:
            path.unlink()
        elif n % 3 == 1:
            path.write_text("x = (\n" * 50)
        else:
            path.unlink()
            path.mkdir()
        time.sleep(0.004)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "GET /orders" in {endpoint["id"] for endpoint in json.loads(out)["endpoints"]}


def environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def running_in(number: int) -> list[str]:
    """Ids of the processes of one run, wherever they were moved to since."""
    mark = f"AUDITOR_TEST_RUN={number}-{os.getpid()}".encode()
    return [p.name for p in Path("/proc").iterdir() if p.name.isdigit() and mark in environment_of(p)]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for orphans in /proc")
def test_an_interrupt_at_any_moment_leaves_one_line_and_nothing_else(tmp_path: Path) -> None:
    root = written(
        tmp_path / "tree",
        {f"m{n}.py": f"def f{n}(a):\n    return [b.c for b in a]\n" * 300 for n in range(60)},
    )
    moments = random.Random(7)
    ended = []
    for number in range(6):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "auditor",
                "audit",
                str(root),
                "--output=plan.md",
                "--output=report.json",
                "--no-cache",
            ],
            cwd=folder,
            env={**os.environ, "AUDITOR_TEST_RUN": f"{number}-{os.getpid()}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        time.sleep(moments.uniform(0.25, 2.0))  # the interpreter's own start is not ours to interrupt well
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        ended.append(process.returncode)
        assert process.returncode in {0, 130}
        if process.returncode == 130:
            assert (out, err.splitlines()[-1]) == ("", "auditor: interrupted")
            assert all(line.startswith("auditor: ") for line in err.splitlines())
            assert list(folder.iterdir()) == []
        deadline = time.monotonic() + 5
        while (left := running_in(number)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert left == []
    assert 130 in ended
