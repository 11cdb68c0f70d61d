"""From a folder with settings to a contract, and what the contract catches."""

import os
import sys
from dataclasses import replace

import pytest
from small_target import Silent

from auditor.engine.measuring.edge_rows import ROWS, load_rows
from auditor.engine.measuring.record import CONTRACT, Recorded, RecordRequest, record
from auditor.engine.request import Notes
from auditor.measure.contract.compare import compare
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.contract.store import load_contract
from auditor.measure.running.bench import open_bench, target_folder
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import play_round
from auditor.model.fault import Fault
from auditor.trial.holding import held

Known = tuple[RecordRequest, Recorded]


def test_what_it_answers_and_does_is_recorded_and_its_noise_known(asked: RecordRequest, notes: Notes) -> None:
    recorded = record(asked, notes)
    contract = load_contract(recorded.folder)
    assert recorded.doubts == ()
    assert recorded.self_differences == ()
    assert {id_: heard.answer.status for id_, heard in contract.recording.heard.items()} == {
        "list": 200,
        "one": 200,
        "mine": 200,
        "add": 201,
        "added": 200,
    }
    assert sorted(contract.masks) == ["list"]
    assert list(contract.recording.changes) == ["people"]
    assert (asked.audit.path / "requests.jsonl").exists()
    assert not any(asked.audit.path.glob("*.sqlite3"))


def test_a_tree_that_is_edited_meanwhile_is_recorded_as_it_was(asked: RecordRequest) -> None:
    app = asked.audit.path / "app.py"
    changed = app.read_text().replace('jsonify(name="ada")', 'jsonify(name="eve")')

    class Editing(Silent):
        def step(self, text: str, /) -> None:
            if text == "preparing the data":
                app.write_text(changed)

    recorded = record(asked, Editing())
    assert recorded.self_differences == ()
    assert sorted(recorded.contract.masks) == ["list"]
    assert b"ada" in recorded.contract.recording.heard["mine"].answer.body


MUTANTS = {
    "a field is lost": ('"name": row["name"], "teams"', '"teams"'),
    "an id becomes a text": ('jsonify(id=row["id"], name', 'jsonify(id=str(row["id"]), name'),
    "0 is a limit": ("found[:limit] if limit else found", "found[:limit]"),
    "the order turns": ("ORDER BY id", "ORDER BY id DESC"),
    "a write is lost": ('cursor = connection.execute("INSERT INTO people (name) VALUES (?)", [name])', "cursor = connection.execute('SELECT 1')"),
    "a warning is lost": ('app.logger.warning("added %s", name)', "pass"),
    "anybody is let in": ("abort(401)", "pass"),
    "noise that is not there": ("at=time.time()", "at=None"),
    "who has no team is lost, which nobody in the seed is": ("FROM people ORDER BY id", "FROM people WHERE id IN (SELECT person FROM teams) ORDER BY id"),
    "who has no name gets one, which all have in the seed": ('jsonify(id=row["id"], name=row["name"])', 'jsonify(id=row["id"], name=row["name"] or "")'),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_change_of_behaviour_is_a_difference(known: Known, mutant: str) -> None:
    before, after = MUTANTS[mutant]
    assert failures(held_to(known, before, after)), mutant


def test_a_change_that_keeps_behaviour_is_none(known: Known) -> None:
    before = 'teams = connection.execute("SELECT name FROM teams WHERE person = ?", [row["id"]]).fetchall()'
    after = 'teams = [t for t in connection.execute("SELECT name, person FROM teams") if t["person"] == row["id"]]'
    assert held_to(known, before, after) == ()


def held_to(known: Known, before: str, after: str) -> tuple[Difference, ...]:
    """What differs from the contract when the one place that reads `before` reads `after`."""
    asked, recorded = known
    bench = open_bench(asked.audit.path, asked.user)
    bench = replace(bench, rows=load_rows(bench.folder / ROWS))
    source = (asked.audit.path / "app.py").read_text()
    assert source.count(before) == 1
    with bench.world(1, replaced={"app.py": source.replace(before, after).encode()}) as world:
        world.prepare()
        identities = identities_of(bench.settings.identities, env={}, allowed=())
        played = play_round(world, recorded.contract.workload, identities)
    return compare(recorded.contract, played.recording)


def test_whoever_a_command_lets_in_is_in_when_requests_come(asked: RecordRequest, notes: Notes) -> None:
    root = asked.audit.path
    token = 'with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:\n'
    token += "    key = secrets.token_hex(8)\n"
    token += '    connection.execute("INSERT INTO teams VALUES (0, ?)", [key])\nprint(key)\n'
    (root / "let_in.py").write_text(f"import os, secrets, sqlite3\n{token}")
    source = (root / "app.py").read_text()
    asks = "not database().execute(\"SELECT 1 FROM teams WHERE person = 0 AND ? = 'Bearer ' || name\", "
    asks += '[request.headers.get("Authorization")]).fetchone()'
    (root / "app.py").write_text(
        source.replace('request.headers.get("Authorization") != "Bearer t-ada"', asks)
    )
    settings = (root / "auditor.toml").read_text()
    login = 'login = {path = "/login", json = {user = "ada"}, token = "$.token"}'
    (root / "auditor.toml").write_text(settings.replace(login, 'command = "python let_in.py"'))
    recording = record(asked, notes).contract.recording
    assert recording.heard["mine"].answer.status == 200
    assert "teams" not in recording.changes  # it was there before


def test_a_target_without_a_command_is_sent_to_init(asked: RecordRequest, notes: Notes) -> None:
    (asked.audit.path / "auditor.toml").write_text("[database]\nengine = 'sqlite'\n")
    with pytest.raises(Fault, match="auditor init"):
        record(asked, notes)


def test_only_refusals_are_no_contract(asked: RecordRequest, notes: Notes) -> None:
    workload = asked.workload
    assert workload is not None
    workload.write_text('{"id": "a", "path": "/mine"}\n{"id": "b", "path": "/nowhere"}\n')
    with pytest.raises(
        Fault, match=r"1 answered 401, 1 answered 404\): nothing can be judged .*sign somebody in"
    ):
        record(asked, notes)
    assert not any(asked.user.state_dir.glob("targets/*/contract"))


def test_without_a_file_every_route_that_can_be_asked_is(asked: RecordRequest, notes: Notes) -> None:
    recorded = record(replace(asked, workload=None, edges=True), notes)
    ids = [request.id for request in recorded.contract.workload.requests]
    assert "GET /people #1 as ada" in ids
    assert "GET /people/{person_id} #1" in ids
    assert any(id_.startswith("GET /people #1 as ada~limit-") for id_ in ids)
    assert any("requests that write were made for 1 endpoint" in note for note in recorded.chosen.notes)
    statuses = {id_: heard.answer.status for id_, heard in recorded.contract.recording.heard.items()}
    assert statuses["POST /people #1"] == 201
    assert statuses["GET /people #1 as ada again"] == 200
    assert list(recorded.contract.recording.changes) == ["people"]
    assert {
        "GET /people/{person_id} #1 as ada~people-nothing",
        "GET /people/{person_id} #1 as ada~people-empty",
    } <= set(ids)
    assert any("3 rows at the edges" in note for note in recorded.chosen.notes)  # nothing, empty, a twin


def test_rows_beside_which_known_good_does_not_answer_are_left_out(
    asked: RecordRequest, notes: Notes
) -> None:
    source = asked.audit.path / "app.py"
    source.write_text(
        source.read_text().replace('"name": row["name"], "teams"', '"name": row["name"][0], "teams"')
    )
    recorded = record(replace(asked, edges=True), notes)
    assert any("rows at the edges of `people`: they are left out" in note for note in recorded.chosen.notes)
    assert [row.cells["name"] for row in load_rows(recorded.folder.parent / ROWS)] == ["p0-27"]
    assert recorded.contract.recording.heard["list"].answer.status == 200


def test_a_boot_that_fails_names_the_first_error(asked: RecordRequest, notes: Notes) -> None:
    source = (asked.audit.path / "app.py").read_text()
    (asked.audit.path / "app.py").write_text(
        source.replace("app = Flask", "import no_such_module\napp = Flask")
    )
    with pytest.raises(Fault, match="no_such_module"):
        record(asked, notes)


def test_it_says_what_it_was_recorded_from(known: Known) -> None:
    about = load_contract(known[1].folder).about
    assert len(about.tree) == len(about.settings) == 64
    assert about.environment["interpreter"].endswith(sys.version.split()[0])
    assert about.environment["database"] == "sqlite"


def test_places_that_the_settings_exclude_are_compared_by_type(asked: RecordRequest, notes: Notes) -> None:
    settings = asked.audit.path / "auditor.toml"
    settings.write_text(settings.read_text() + '[workload]\nexclude = ["$.name"]\naudit_loggers = ["app"]\n')
    recorded = record(asked, notes)
    assert sorted(recorded.contract.masks) == ["added", "list", "mine", "one"]
    now = held_to((asked, recorded), '"name": row["name"], "teams"', '"name": "x", "teams"')
    assert failures(now)
    assert not failures(held_to((asked, recorded), 'jsonify(name="ada")', 'jsonify(name="eve")'))
    assert failures(held_to((asked, recorded), 'jsonify(name="ada")', "jsonify(name=None)"))


def test_what_comes_after_the_answer_belongs_to_its_request(asked: RecordRequest, notes: Notes) -> None:
    source = asked.audit.path / "app.py"
    later = "threading.Timer(0.1, lambda: app.logger.warning('later')).start()\n    "
    text = source.read_text().replace("    return jsonify(id=cursor", f"    {later}return jsonify(id=cursor")
    source.write_text(text.replace("import os,", "import os, threading,"))
    recorded = record(asked, notes)
    deeds = [deed.what for deed in recorded.contract.recording.heard["add"].deeds]
    assert deeds == ["WARNING added %s", "WARNING later"]
    assert recorded.self_differences == ()


def test_a_spool_that_the_target_meddles_with_makes_the_run_void(asked: RecordRequest, notes: Notes) -> None:
    source = asked.audit.path / "app.py"
    meddling = 'os.symlink("/etc/passwd", os.environ["AUDITOR_SPOOL"] + "/1.spool")\n    '
    source.write_text(
        source.read_text().replace("    return jsonify(id=cursor", f"    {meddling}return jsonify(id=cursor")
    )
    with pytest.raises(Fault, match="the run is void"):
        record(asked, notes)


def test_nothing_is_recorded_while_another_is_at_work_on_the_target(
    asked: RecordRequest, notes: Notes
) -> None:
    folder = target_folder(asked.user.state_dir, asked.audit.path)
    with (
        held(folder, doing="auditor fix"),
        pytest.raises(Fault, match=rf"auditor fix \(process {os.getpid()}, .*is at work on this target"),
    ):
        record(asked, notes)
    assert not (folder / CONTRACT).exists()


_LOCKING = """
@app.get("/locking")
def locking():
    file = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    marker = file + ".seen"
    holding = sqlite3.connect(file, isolation_level=None)
    if request.args.get("always") or not os.path.exists(marker):
        open(marker, "w").close()
        holding.execute("BEGIN IMMEDIATE")
    try:
        with sqlite3.connect(file, timeout=0.01) as connection:
            connection.execute("BEGIN IMMEDIATE")
    finally:
        holding.close()
    return jsonify(fine=True)
"""


def test_a_locked_database_voids_a_round_unless_it_is_the_same_requests_each_time(
    asked: RecordRequest, notes: Notes
) -> None:
    with (asked.audit.path / "app.py").open("a") as file:
        file.write(_LOCKING)
    (asked.audit.path / "requests.jsonl").write_text(
        '{"id": "list", "path": "/people"}\n'
        '{"id": "once", "path": "/locking"}\n'
        '{"id": "always", "path": "/locking", "query": [["always", "1"]]}\n'
    )
    heard = record(asked, notes).contract.recording.heard
    assert {id_: one.answer.status for id_, one in heard.items()} == {
        "list": 200,
        "once": 200,
        "always": 500,
    }
