"""The small target, and one with several changes that can be kept."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import small_target
from small_target import known, notes_of_module

from auditor.engine.fixing.fix import Fixed, fix
from auditor.engine.fixing.request import FixRequest
from auditor.trial.making import patch_between

__all__ = ["known", "notes_of_module", "patch", "shelf", "tried"]

sys.path.insert(0, str(Path(__file__).parent))  # for timed_shop, which two files use
_ROUTES = """\
@app.get("/people")
def people():
    with database() as connection:
        found = []
        for row in connection.execute("SELECT id, name FROM people ORDER BY id").fetchall():
            teams = connection.execute("SELECT name FROM teams WHERE person = ?", [row["id"]]).fetchall()
            found.append({"id": row["id"], "name": row["name"], "teams": [team["name"] for team in teams]})
    return jsonify(people=found)


@app.get("/teams")
def teams():
    with database() as connection:
        found = []
        for row in connection.execute("SELECT person, name FROM teams ORDER BY name").fetchall():
            person = connection.execute("SELECT name FROM people WHERE id = ?", [row["person"]]).fetchone()
            found.append({"name": row["name"], "person": person["name"]})
    return jsonify(teams=found)


@app.get("/names")
def names():
    limit = request.args.get("limit", 0, type=int)
    with database() as connection:
        found = []
        for row in connection.execute("SELECT id FROM people ORDER BY id").fetchall():
            found.append(connection.execute("SELECT name FROM people WHERE id = ?", [row["id"]]).fetchone()[0])
    return jsonify(names=found[:limit] if limit else found)
"""
SHELF = small_target.CONNECTED + _ROUTES
LOOPS = {
    "people": """            teams = connection.execute("SELECT name FROM teams WHERE person = ?", [row["id"]]).fetchall()
            found.append({"id": row["id"], "name": row["name"], "teams": [team["name"] for team in teams]})
""",
    "teams": """        for row in connection.execute("SELECT person, name FROM teams ORDER BY name").fetchall():
            person = connection.execute("SELECT name FROM people WHERE id = ?", [row["person"]]).fetchone()
            found.append({"name": row["name"], "person": person["name"]})
""",
    "names": """        found = []
        for row in connection.execute("SELECT id FROM people ORDER BY id").fetchall():
            found.append(connection.execute("SELECT name FROM people WHERE id = ?", [row["id"]]).fetchone()[0])
""",
    "fewer-rows": """        for team in connection.execute("SELECT person, name FROM teams"):
            by_id[team["person"]]["teams"].append(team["name"])
""",
}
BATCHES = {
    "people": f"""            found.append({{"id": row["id"], "name": row["name"], "teams": []}})
        by_id = {{one["id"]: one for one in found}}
{LOOPS["fewer-rows"]}""",
    "teams": """        people = dict(connection.execute("SELECT id, name FROM people").fetchall())
        for row in connection.execute("SELECT person, name FROM teams ORDER BY name").fetchall():
            found.append({"name": row["name"], "person": people[row["person"]]})
""",
    "names": """        found = [row[0] for row in connection.execute("SELECT name FROM people ORDER BY id")]
""",
    "fewer-rows": """        grouped = "SELECT person, group_concat(name) FROM teams GROUP BY person"
        for person, listed in connection.execute(grouped):
            by_id[person]["teams"] = listed.split(",")
""",
}
EDITS = {name: [(LOOPS[name], BATCHES[name])] for name in LOOPS}
EDITS["names"].append(("names=found[:limit] if limit else found)", "names=found[:limit])"))
"""Small edits, each on what those before it made. `names` means another thing by 0, and `fewer-rows` stands on `people`."""
SEED = """
import os, sqlite3, sys
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("CREATE TABLE teams (person INTEGER, name TEXT)")
    for number in range(3 * int(sys.argv[1])):
        connection.execute("INSERT INTO people (name) VALUES (?)", [f"p{number}"])
        connection.executemany("INSERT INTO teams VALUES (?, ?)", [(number + 1, f"{side}{number}") for side in "ab"])
"""
WORKLOAD = """
{"id": "people", "path": "/people"}
{"id": "teams", "path": "/teams"}
{"id": "names", "path": "/names", "query": [["limit", "2"]]}
"""


@pytest.fixture
def shelf(tmp_path_factory: pytest.TempPathFactory) -> FixRequest:
    """Three endpoints with a query in a loop each; the workload never asks `/names` without a limit."""
    asked = small_target.asking(tmp_path_factory)
    root = asked.audit.path
    (root / "app.py").write_text(SHELF.lstrip(), "utf-8")
    (root / "requests.jsonl").write_text(WORKLOAD.lstrip(), "utf-8")
    (root / "seed.py").write_text(SEED.lstrip(), "utf-8")
    settings = (root / "auditor.toml").read_text("utf-8").partition("[[identity]]")[0]
    (root / "auditor.toml").write_text(settings, "utf-8")
    audit = replace(asked.audit, command="fix")
    return FixRequest(audit=audit, user=asked.user, workload=asked.workload, edges=False)


@pytest.fixture
def patch(shelf: FixRequest) -> Callable[..., Path]:
    """Writes the last of the edits that are named, made for the tree with those before it."""

    def write(*names: str) -> Path:
        after = (shelf.audit.path / "app.py").read_text("utf-8")
        before = after
        for name in names:
            before = after
            for old, new in EDITS[name]:
                assert before.count(old) == 1, name
                after = after.replace(old, new)
        made = patch_between({"app.py": before.encode()}, {"app.py": after})
        file = shelf.user.state_dir.parent / f"{shelf.user.state_dir.name}-patches" / f"{names[-1]}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(made.model_dump_json(by_alias=True), "utf-8")
        return file

    return write


@pytest.fixture
def tried(shelf: FixRequest) -> Callable[..., Fixed]:
    """Tries patches on the shelf, in this order."""

    def run(*files: Path, resume: bool = False) -> Fixed:
        return fix(replace(shelf, patches=files, resume=resume), small_target.Silent())

    return run
