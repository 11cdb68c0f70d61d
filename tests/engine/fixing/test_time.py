"""The gates that take time, on a target that is really booted: what is stopped by which, and what is kept."""

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.config.user import JailChoice, UserSettings
from auditor.engine.fixing.fix import Fixed, FixRequest, fix
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.choosing import choose_jail
from auditor.model.fault import Fault
from auditor.report.result_text import result_text
from auditor.trial.ledger import Ledger
from auditor.trial.making import patch_between

APP = """
import os, sqlite3, time
from flask import Flask, jsonify

app = Flask(__name__)
SCHEMA = [
    "CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, owner INTEGER, code TEXT)",
]


def database():
    connection = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    return connection


@app.get("/orders")
def orders():
    with database() as connection:
        rows = connection.execute("SELECT id, owner FROM orders ORDER BY id LIMIT 8").fetchall()
        found = []
        for row in rows:
            owner = connection.execute("SELECT name FROM owners WHERE id = ?", [row["owner"]]).fetchone()
            found.append({"id": row["id"], "owner": owner["name"]})
    time.sleep(0.02)
    return jsonify(orders=found)


@app.get("/orders/<code>")
def order(code):
    with database() as connection:
        row = connection.execute("SELECT id FROM orders WHERE code = ?", [code]).fetchone()
    return jsonify(id=row["id"])


@app.get("/codes")
def codes():
    with database() as connection:
        rows = connection.execute("SELECT code FROM orders ORDER BY id").fetchall()
    seen, found = [], []
    for row in rows:
        if row["code"] not in seen:
            seen.append(row["code"])
            found.append(row["code"])
    return jsonify(codes=len(found), first=found[:3])
"""
SEED = """
import os, sqlite3, sys
import app
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    for statement in app.SCHEMA:
        connection.execute(statement)
    for number in range(10 * int(sys.argv[1])):
        connection.execute("INSERT INTO owners (name) VALUES (?)", [f"p{number}"])
        connection.execute("INSERT INTO orders (owner, code) VALUES (?, ?)", [number + 1, f"c{number}"])
"""
SETTINGS = """
[boot]
command = "gunicorn --workers 1 --threads 4 --bind 127.0.0.1:{port} app:app"
ready = "/codes"
python = "PYTHON"
[database]
engine = "sqlite"
seed = "python seed.py {scale}"
full = 150
[load]
pool = 4
time = "1s"
"""
WORKLOAD = """
{"id": "orders", "path": "/orders"}
{"id": "codes", "path": "/codes"}
{"id": "order", "path": "/orders/c7"}
"""
LOOP = APP[
    APP.index("        found = []\n        for row in rows:\n            owner") : APP.index("    time.sleep")
]
BATCH = """        names = dict(connection.execute("SELECT id, name FROM owners LIMIT 8").fetchall())
        found = [{"id": row["id"], "owner": names[row["owner"]]} for row in rows]
"""
SEARCH = APP[APP.index("    seen, found = [], []") : APP.index("    return jsonify(codes")]
SET = SEARCH.replace("seen, found = [], []", "seen, found = set(), []").replace("seen.append", "seen.add")
PATCHES: dict[str, list[tuple[str, str]]] = {
    "gains-nothing": [("jsonify(codes=len(found)", "jsonify(codes=len(list(found))")],
    "slower-at-few-rows": [(SEARCH, "    sum(range(300000))\n" + SET)],
    "slower-at-many-rows": [
        (LOOP, BATCH.replace("SELECT id, name", "SELECT id, name, (SELECT max(id) FROM orders) AS many")
               .replace("        names = dict(", "        read = ").replace(".fetchall())\n", ".fetchall()\n        names = {row['id']: row['name'] for row in read}\n")
               + "        [1 for a in range(read[0]['many']) for b in range(read[0]['many'] // 4) if a == b]\n")
    ],
    "slower-everywhere": [(LOOP, BATCH + "        sum(range(3000000))\n")],
    "one-at-a-time": [
        ("app = Flask(__name__)\n", "app = Flask(__name__)\nimport threading\nONE = threading.Lock()\n"),
        (LOOP, BATCH),
        ("    time.sleep(0.02)\n", "    with ONE:\n        time.sleep(0.02)\n"),
    ],
    "an-index": [
        ("SCHEMA = [", 'INDEX = "CREATE INDEX orders_code ON orders (code)"\nSCHEMA = ['),
        ('owner INTEGER, code TEXT)",\n', 'owner INTEGER, code TEXT)",\n    INDEX,\n'),
    ],
    "an-index-nobody-uses": [
        ('owner INTEGER, code TEXT)",\n', 'owner INTEGER, code TEXT)",\n    "CREATE INDEX orders_owner ON orders (owner)",\n'),
    ],
    "a-set": [(SEARCH, SET)],
    "a-batch": [(LOOP, BATCH)],
}  # fmt: skip
STOPPED = {
    "gains-nothing": "latency",
    "slower-at-few-rows": "scaling",
    "slower-at-many-rows": "scaling",
    "slower-everywhere": "latency",
    "one-at-a-time": "load",
    "an-index-nobody-uses": "counts",
}


class Silent:
    """`Notes` that nobody reads."""

    def stage(self, name: str, /) -> None: ...
    def step(self, text: str, /) -> None: ...
    def progress(self, done: int, total: int, /) -> None: ...
    def warn(self, text: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Small:
    """The target of this file."""

    root: Path
    user: UserSettings
    workload: Path

    def patch(self, name: str) -> Path:
        source = (self.root / "app.py").read_bytes()
        text = source.decode()
        for before, after in PATCHES[name]:
            assert text.count(before) == 1, name
            text = text.replace(before, after)
        file = self.user.state_dir / f"{name}.json"
        file.write_text(patch_between({"app.py": source}, {"app.py": text}).model_dump_json(by_alias=True))
        return file

    def fixed(self, *names: str, target_ms: int | None = None) -> Fixed:
        request = FixRequest(
            audit=AuditRequest(path=self.root, command="fix", cache_dir=None, target_ms=target_ms),
            user=self.user,
            workload=self.workload,
            edges=False,
            patches=tuple(map(self.patch, names)),
            time=True,
        )
        notes: Notes = Silent()
        return fix(request, notes)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    root = tmp_path_factory.mktemp("t")
    for name, text in {"app.py": APP, "seed.py": SEED, "requests.jsonl": WORKLOAD}.items():
        (root / name).write_text(text.lstrip(), "utf-8")
    environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix
    (root / "auditor.toml").write_text(SETTINGS.replace("PYTHON", environment), "utf-8")
    user = UserSettings(
        cache_dir=tmp_path_factory.mktemp("c"), state_dir=tmp_path_factory.mktemp("s"), jail=JailChoice.AUTO
    )
    return Small(root, user, root / "requests.jsonl")


@pytest.fixture(scope="module")
def tried(small: Small) -> Fixed:
    """Every patch tried in one run; what is kept comes last, so that all are judged on the same tree."""
    return small.fixed(*STOPPED, "a-set", "an-index")


@pytest.fixture(scope="module")
def ledger(tried: Fixed) -> Ledger:
    return tried.ledger


@pytest.mark.parametrize("name", STOPPED)
def test_each_is_stopped_where_it_should_be(ledger: Ledger, name: str) -> None:
    failed = [one.verdict for one in ledger.failed if one.change == f"C-{name}"]
    assert [(verdict.verdict, verdict.gate) for verdict in failed] == [("reverted", STOPPED[name])]


def test_what_only_time_shows_is_kept_with_its_gain(ledger: Ledger) -> None:
    kept = ledger.kept[0]
    assert [(gain.endpoint, gain.kind) for gain in kept.verdict.gains] == [("GET /codes", "latency_ms")]
    gain = kept.verdict.gains[0]
    assert gain.high is not None
    assert gain.high < 0
    assert gain.after < gain.before / 2


def test_an_index_is_kept_for_what_it_spares(ledger: Ledger) -> None:
    verdict = ledger.kept[1].verdict
    (rows,) = (gain for gain in verdict.gains if gain.kind == "rows_read")
    assert (rows.endpoint, rows.before, rows.after) == ("GET /orders/{code}", 1500, 1)
    assert "CREATE INDEX" in verdict.shown[0]


def test_the_result_has_cold_and_warm_times_of_what_gained(tried: Fixed) -> None:
    orders, codes = (
        next(one for one in tried.result.endpoints if one.id == id_) for id_ in ("GET /orders", "GET /codes")
    )
    assert orders.before.latency_ms.kind == "unknown"
    assert codes.before.latency_ms.n == codes.after.latency_ms.n == 3
    assert codes.after_warm is not None
    assert None not in (codes.after_warm.latency_ms.value, codes.after.ttfb_ms.value)
    assert (tried.result.target_met, codes.target_met) == (None, None)
    assert [total.endpoint for total in tried.result.changes[-2].total] == ["GET /codes"]


def test_a_target_that_is_met_ends_the_run_and_one_that_is_not_is_told(small: Small) -> None:
    met = small.fixed(target_ms=60_000).result
    assert (met.target_met, {one.target_met for one in met.endpoints}) == (True, {True})
    assert any("the target is met" in note for note in met.notes)
    missed = small.fixed(target_ms=1).result
    assert missed.target_met is False
    assert not any("the target is met" in note for note in missed.notes)
    assert "target 1 ms, cold: not met" in result_text(missed)
