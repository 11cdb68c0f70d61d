"""The gates that take time, on a target that is really booted: what is stopped by which, and what is kept."""

import pytest
from timed_shop import APP, Edits, Small, shop

from auditor.engine.fixing.fix import Fixed
from auditor.report.result_text import result_text
from auditor.trial.ledger import Ledger

pytestmark = pytest.mark.long

LOOP = APP[
    APP.index("        found = []\n        for row in rows:\n            owner") : APP.index("    time.sleep")
]
BATCH = """        names = dict(connection.execute("SELECT id, name FROM owners LIMIT 8").fetchall())
        found = [{"id": row["id"], "owner": names[row["owner"]]} for row in rows]
"""
SEARCH = APP[APP.index("    seen, found = [], []") : APP.index("    return jsonify(codes")]
SET = SEARCH.replace("seen, found = [], []", "seen, found = set(), []").replace("seen.append", "seen.add")
PATCHES: dict[str, Edits] = {
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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return shop(tmp_path_factory, PATCHES)


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
