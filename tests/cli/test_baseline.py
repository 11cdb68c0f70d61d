"""``audit --baseline``: as processes, on a small application that gets worse and better."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

VIEW = """

@app.get("/{name}")
def {name}():
    rows = []
    for order in Order.query.limit(50).all():
        lines = db.session.query(Line).filter(Line.order_id == order.id).all()
        rows.append([line.sku for line in lines])
    return jsonify(rows)
"""
HEAD = """from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy()


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Line(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    order_id = db.Column(db.ForeignKey("order.id"), index=True)
    sku = db.Column(db.String)
"""


@pytest.fixture
def shop(tree: Callable[[Mapping[str, str]], Path]) -> Path:
    return tree({"app.py": HEAD + VIEW.format(name="orders")})


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_only_what_is_new_fails(auditor: Run, shop: Path, tmp_path: Path) -> None:
    auditor("audit", str(shop), "-o", "old.json")
    moved = "# moved\n\n" + HEAD + VIEW.format(name="orders").replace(".all()\n", ".all()  # all\n\n")
    (shop / "app.py").write_text(moved)
    known = auditor("audit", str(shop), "--baseline", "old.json", "--fail-on", "low", "--format", "sarif")
    assert known.returncode == 0
    results = json.loads(known.stdout)["runs"][0]["results"]
    assert results
    assert {result["baselineState"] for result in results} == {"unchanged"}

    (shop / "app.py").write_text(moved + VIEW.format(name="bills"))
    worse = auditor("audit", str(shop), "--baseline", "old.json", "--fail-on", "low", "--format", "github")
    assert worse.returncode == 1
    *new, last = worse.stdout.splitlines()
    assert new
    assert all("bills" in line for line in new)
    assert f"{len(new)} new finding" in last
    events = auditor("audit", str(shop), "--baseline", "old.json", "--format", "jsonl").stdout
    found = [json.loads(line) for line in events.splitlines()]
    made = [one["data"]["baseline"] for one in found if one["kind"] == "finding"]
    assert sorted(set(made)) == ["known", "new"]


def test_a_revision_is_a_baseline_too(auditor: Run, shop: Path) -> None:
    git(shop, "init", "-q")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "one")
    (shop / "app.py").write_text(HEAD + VIEW.format(name="bills"))
    done = auditor("audit", str(shop), "--baseline", "HEAD")
    assert done.returncode == 0
    assert "## Since `HEAD`" in done.stdout
    assert "**New:**" in done.stdout
    assert "**Gone:**" in done.stdout
    wrong = auditor("audit", str(shop), "--baseline", "no-such-branch")
    assert wrong.returncode == 2
    assert "--baseline no-such-branch: is neither a file nor a revision" in wrong.stderr


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("none.json", "--baseline none.json: there is no such file"),
        ("v1.0", "is neither a file nor a revision that can be audited"),
        ("tree", "is a folder, not a report"),
        ("broken.json", "broken.json: is no report: not JSON"),
        ("binary.json", "is no report: not UTF-8"),
        ("other.json", "other.json: is a report of another tree"),
    ],
)
def test_what_is_no_baseline_is_said_in_words(
    auditor: Run, shop: Path, tmp_path: Path, named: str, said: str
) -> None:
    (tmp_path / "broken.json").write_text('{"schema": ')
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    end = {"file": "elsewhere/views.py"}
    other = {"schema": "auditor/report@1", "target": {}, "endpoints": [end], "findings": []}
    (tmp_path / "other.json").write_text(json.dumps(other))
    done = auditor("audit", str(shop), "--baseline", named)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
