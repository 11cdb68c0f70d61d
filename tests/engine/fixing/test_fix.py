"""Patches taken through the gates on a target that is really booted."""

import hashlib
import json
from pathlib import Path

import pytest

from auditor.engine.fixing.fix import Fixed, fix
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.runs import EVENTS
from auditor.engine.measuring.record import RecordRequest
from auditor.engine.request import Notes
from auditor.trial.making import patch_between

pytestmark = pytest.mark.long

LOOP = """        found = []
        for row in rows:
            teams = connection.execute("SELECT name FROM teams WHERE person = ?", [row["id"]]).fetchall()
            found.append({"id": row["id"], "name": row["name"], "teams": [team["name"] for team in teams]})
"""
BATCH = """        teams = {}
        for team in connection.execute("SELECT person, name FROM teams"):
            teams.setdefault(team["person"], []).append(team["name"])
        found = [{"id": row["id"], "name": row["name"], "teams": teams.get(row["id"], [])} for row in rows]
"""
PATCHES = {
    "forgets-names": [(LOOP, BATCH.replace('"name": row["name"], ', ""))],
    "zero-is-a-limit": [(LOOP, BATCH), ("found[:limit] if limit else found", "found[:limit]")],
    "loses-a-write": [
        ('cursor = connection.execute("INSERT INTO people (name) VALUES (?)", [name])', "cursor = connection.execute('SELECT 1')")
    ],
    "loses-a-warning": [('    app.logger.warning("added %s", name)\n', "")],
    "does-not-parse": [(LOOP, BATCH.replace("teams = {}", "teams = {"))],
    "reaches-behind": [("import os, sqlite3, time, uuid\n", "import os, sqlite3, sys, time, uuid\n")],
    "dies-at-boot": [
        ("app = Flask(__name__)\n", 'app = Flask(__name__)\nLIMIT = int(os.environ["NO_SUCH_LIMIT"])\n'),
        (LOOP, BATCH),
    ],
    "gains-nothing": [('jsonify(name="ada")', 'jsonify(**{"name": "ada"})')],
    "costs-more": [("found = []\n        for row in rows:", "found = []\n        connection.execute('SELECT 1')\n        for row in rows:")],
    "not-exercised": [("abort(404)", "abort(404, None)")],
}  # fmt: skip


@pytest.fixture(scope="module")
def fixed(
    known: tuple[RecordRequest, object], notes_of_module: Notes
) -> tuple[RecordRequest, Fixed, dict[str, str]]:
    """Every patch tried in one run; the one of which a part is kept comes last, so that all are judged on the same tree."""
    asked, _ = known
    names = sorted(set(PATCHES) - {"zero-is-a-limit"}, key=lambda one: (one == "dies-at-boot", one))
    files = [_file(asked, name) for name in names]
    before = _tree(asked.audit.path)
    request = FixRequest(audit=asked.audit, user=asked.user, patches=tuple(files))
    done = fix(request, notes_of_module)
    assert _tree(asked.audit.path) == before
    return asked, done, before


EXPECTED = {
    "forgets-names": ("reverted", "contract"),
    "loses-a-write": ("reverted", "contract"),
    "loses-a-warning": ("reverted", "side-effects"),
    "does-not-parse": ("reverted", "parse"),
    "reaches-behind": ("refused", "policy"),
    "gains-nothing": ("reverted", "counts"),
    "costs-more": ("reverted", "counts"),
    "not-exercised": ("refused", "counts"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_stopped_where_it_should_be(fixed: tuple[RecordRequest, Fixed, object], name: str) -> None:
    _, done, _ = fixed
    failed = [one.verdict for one in done.ledger.failed if one.change == f"C-{name}"]
    assert [(verdict.verdict, verdict.gate) for verdict in failed] == [EXPECTED[name]]


def test_what_breaks_at_boot_is_taken_out_and_the_rest_lands(
    fixed: tuple[RecordRequest, Fixed, object],
) -> None:
    _, done, _ = fixed
    failed = next(one.verdict for one in done.ledger.failed if one.change == "C-dies-at-boot")
    assert failed.gate == "boot"
    assert "NO_SUCH_LIMIT" in failed.text
    assert any("NO_SUCH_LIMIT" in line for line in failed.culprit)


def test_falsy_values_that_change_their_meaning_are_taken_out(
    known: tuple[RecordRequest, object], notes_of_module: Notes
) -> None:
    asked, _ = known
    request = FixRequest(audit=asked.audit, user=asked.user, patches=(_file(asked, "zero-is-a-limit"),))
    ledger = fix(request, notes_of_module).ledger
    assert [one.verdict.gate for one in ledger.failed] == ["contract"]
    assert [one.change for one in ledger.kept] == ["C-zero-is-a-limit"]
    assert "found[:limit]" not in ledger.kept[0].patch.model_dump_json()
    again = fix(FixRequest(audit=asked.audit, user=asked.user, resume=True, dry_run=True), notes_of_module)
    assert again.ledger == ledger


def test_the_result_says_what_it_gained(fixed: tuple[RecordRequest, Fixed, object]) -> None:
    _, done, _ = fixed
    people = next(one for one in done.result.endpoints if one.id == "GET /people")
    seeded, at_the_edges = 3, 3
    assert (people.before.sql.value, people.after.sql.value) == (1 + seeded + at_the_edges, 2)
    gains = {
        (gain.endpoint, gain.kind): (gain.before, gain.after) for gain in done.ledger.kept[0].verdict.gains
    }
    assert gains["GET /people", "sql"] == (1 + seeded + at_the_edges, 2)
    events = (done.folder / EVENTS).read_text().splitlines()
    assert all(json.loads(line.partition(" ")[2])["seq"] == at for at, line in enumerate(events))


def _file(asked: RecordRequest, name: str) -> Path:
    source = (asked.audit.path / "app.py").read_bytes()
    text = source.decode()
    for before, after in PATCHES[name]:
        assert text.count(before) == 1, name
        text = text.replace(before, after)
    file = asked.user.state_dir / f"{name}.json"
    file.write_text(patch_between({"app.py": source}, {"app.py": text}).model_dump_json(by_alias=True))
    return file


def _tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
