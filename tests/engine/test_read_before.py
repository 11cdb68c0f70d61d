"""A tree in which only such things were changed as no audit reads has the report it had; any other one is audited."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.engine import AuditRequest, audit
from auditor.engine.opening import opened
from auditor.engine.read_before import ReadBefore
from auditor.model import events

TREE = {
    "shop/__init__.py": "",
    "shop/app.py": '''"""The shop."""
from flask import Flask, render_template
from shop.rows import names
app = Flask(__name__)


@app.get("/names")
def listed():
    """Every name."""
    # one after another
    return render_template("names.html", names=[names(n) for n in range(30)])
''',
    "shop/rows.py": """import sqlite3
connection = sqlite3.connect("shop.db")


def names(n):
    return connection.execute("SELECT name FROM shop WHERE id = ?", [n]).fetchall()  # all
""",
    "shop/templates/names.html": "{% for name in names %}{{ name }}{% endfor %}\n",
    "shop/api.yaml": "openapi: 3.0.0\npaths: {}\n",
    "shop/silent.py": """from shop.rows import names


def silent(items):
    # auditor: ignore[query-in-loop] few
    return [names(item) for item in items]
""",
    "tests/test_app.py": "def test_app():\n    assert True\n",
    "notes.md": "as it was\n",
}


@pytest.fixture
def request_(tmp_path: Path) -> AuditRequest:
    root = tmp_path / "tree"
    for name, text in TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return AuditRequest(path=root, cache_dir=tmp_path / "cache")


def report(request: AuditRequest, *, keep: bool = True) -> events.ReportReadyData:
    async def gather() -> list[events.Event]:
        return [event async for event in audit(request, keep=keep)]

    happened = asyncio.run(gather())
    assert not [event for event in happened if isinstance(event, (events.Failed, events.Warned))]
    return next(event.data for event in happened if isinstance(event, events.ReportReady))


def swap(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


CHANGED: dict[str, Callable[[Path], object]] = {
    "a literal": lambda root: swap(root, "shop/app.py", "range(30)", "range(31)"),
    "a literal of another type": lambda root: swap(root, "shop/rows.py", "[n]", "[True, 1.0]"),
    "a line more": lambda root: swap(root, "shop/app.py", "# one", "#\n    # one"),
    "the comment that silences": lambda root: swap(root, "shop/silent.py", " few", ""),
    "what stands beside a comment that silences": lambda root: swap(
        root, "shop/silent.py", "    # auditor", "    1  # auditor"
    ),
    "a template": lambda root: swap(root, "shop/templates/names.html", "{{ name }}", "{{ name.first }}"),
    "a description of the interface": lambda root: swap(root, "shop/api.yaml", "{}", ""),
    "one more test": lambda root: (root / "tests/test_more.py").write_text(""),
    "one file more": lambda root: (root / "shop/more.py").write_text(""),
    "a file less": lambda root: (root / "shop/silent.py").unlink(),
    "a broken file": lambda root: (root / "shop/rows.py").write_bytes(b"\0\xff"),
    "a file in another's place": lambda root: (root / "shop/silent.py").rename(root / "shop/loud.py"),
}
MEANT_THE_SAME: dict[str, Callable[[Path], object]] = {
    "a test": lambda root: swap(root, "tests/test_app.py", "True", "1 == 1"),
    "a document": lambda root: (root / "notes.md").write_text("longer\nnow\n"),
    "one more document": lambda root: (root / "more.md").write_text("more\n"),
    "a comment": lambda root: swap(root, "shop/app.py", "# one after another", "# all"),
    "blanks": lambda root: swap(root, "shop/rows.py", "  # all", ""),
    "a docstring": lambda root: swap(root, "shop/app.py", "Every name.", "All the names."),
    "a time": lambda root: os.utime(root / "shop/templates/names.html", (1, 1)),
}


def test_what_no_audit_reads_changes_no_report(request_: AuditRequest) -> None:
    report(request_)
    for name, change in MEANT_THE_SAME.items():
        change(request_.path)
        told = report(request_)
        assert told.cached, name
        assert told.report == report(request_, keep=False).report, name


def test_whatever_may_change_a_report_is_looked_at(request_: AuditRequest) -> None:
    report(request_)
    with opened(request_) as job:
        assert request_.cache_dir is not None
        before = ReadBefore.of(job, request_.cache_dir, "")
    for name, change in CHANGED.items():
        kept = {path: path.read_bytes() for path in request_.path.rglob("*") if path.is_file()}
        with opened(request_) as job:
            assert before.holds_for(job, request_.cache_dir), name
        change(request_.path)
        with opened(request_) as job:
            assert not before.holds_for(job, request_.cache_dir), name
        for path in list(request_.path.rglob("*")):
            if path.is_file() and path not in kept:
                path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)


def test_edits_at_random_give_what_an_audit_anew_gives(request_: AuditRequest) -> None:
    chance = random.Random(8)
    edits = [*CHANGED.items(), *MEANT_THE_SAME.items()]
    report(request_)
    for _ in range(5):
        done = []
        for name, change in chance.sample(edits, 2):
            try:
                change(request_.path)
            except (AssertionError, FileNotFoundError, UnicodeDecodeError):
                continue  # an earlier one took its place away
            done.append(name)
        assert report(request_).report == report(request_, keep=False).report, done
