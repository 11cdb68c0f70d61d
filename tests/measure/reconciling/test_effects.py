"""Effects of the trace against what requests did."""

from auditor.measure.reconcile import reconcile
from auditor.model.observation import Observation
from auditor.model.report import Effect, Report

from .conftest import HANDLER, LINES, ORDERS, observation, report, request, saw, traced


def statuses(before: Report, seen: Observation) -> list[str]:
    return [effect.status for effect in reconcile(before, seen).endpoints[0].effects]


def only(before: Report, seen: Observation) -> Effect:
    (effect,) = reconcile(before, seen).endpoints[0].effects
    return effect


def test_without_a_request_nothing_is_known() -> None:
    before = report(traced("SELECT Line", "lines.py:5"))
    after = reconcile(before, observation())
    assert after.endpoints == before.endpoints
    assert after.measured is not None
    assert after.measured.unreached == (HANDLER,)


def test_a_void_request_tells_nothing() -> None:
    seen = observation(request(saw(LINES, "lines.py:5"), void="the record did not come"))
    assert statuses(report(traced("SELECT Line", "lines.py:5")), seen) == ["suspected"]


def test_a_request_for_another_endpoint_tells_nothing() -> None:
    seen = observation(request(saw(LINES, "lines.py:5"), endpoint="GET /else"))
    after = reconcile(report(traced("SELECT Line", "lines.py:5")), seen)
    assert after.endpoints[0].effects[0].status == "suspected"
    assert after.measured is not None
    assert any("GET /else" in note for note in after.measured.notes)


def test_what_did_not_run_stays_suspected() -> None:
    seen = observation(request(lines={"lines.py": (3, 4)}))
    assert statuses(report(traced("SELECT Line", "lines.py:5")), seen) == ["suspected"]


def test_what_ran_and_was_never_seen_is_refuted() -> None:
    effect = only(
        report(traced("SELECT Line", "lines.py:5")), observation(request(lines={"lines.py": (4, 5)}))
    )
    assert effect.status == "refuted"
    assert effect.observed is not None
    assert effect.observed.value == 0


def test_nothing_is_refuted_where_a_driver_is_not_seen() -> None:
    seen = observation(request(lines={"lines.py": (4, 5)})).model_copy(update={"unseen": ("asyncmy",)})
    assert statuses(report(traced("SELECT Line", "lines.py:5")), seen) == ["suspected"]


def test_a_frame_on_the_line_shows_that_it_ran() -> None:
    mail = saw("Hello", "app.py:3", "lines.py:5", kind="mail", op="send")
    assert statuses(report(traced("SELECT Line", "lines.py:5")), observation(request(mail))) == ["refuted"]


def test_a_request_whose_effects_were_not_all_kept_refutes_nothing() -> None:
    full = request(lines={"lines.py": (5,)})
    vector = full.vector.model_copy(update={"sql": full.vector.sql.model_copy(update={"value": 30000.0})})
    seen = observation(full.model_copy(update={"vector": vector}))
    assert statuses(report(traced("SELECT Line", "lines.py:5")), seen) == ["suspected"]


def test_a_statement_on_the_table_that_belongs_nowhere_keeps_it_suspected() -> None:
    elsewhere = saw(LINES, "app.py:3", "generic.py:80")
    seen = observation(request(elsewhere, lines={"lines.py": (5,)}))
    assert statuses(report(traced("SELECT Line", "lines.py:5")), seen) == ["suspected"]


def test_transactions_are_not_refuted() -> None:
    commit = traced("COMMIT", "db.py:9", kind="transaction", operation=None)
    assert statuses(report(commit), observation(request(lines={"db.py": (9,)}))) == ["suspected"]


def test_what_was_seen_is_confirmed_with_the_highest_count() -> None:
    seen = observation(
        request(saw(LINES, "app.py:3", "lines.py:5", count=66)),
        request(saw(LINES, "app.py:3", "lines.py:5", count=2), name="two"),
    )
    effect = only(report(traced("SELECT Line", "lines.py:5")), seen)
    assert effect.status == "confirmed"
    assert effect.observed is not None
    assert (effect.observed.value, effect.observed.low, effect.observed.n) == (66, 2, 2)
    assert effect.observed.basis == "the highest of 2 requests"


def test_another_line_of_the_statement_is_its_place_too() -> None:
    before = report(traced("SELECT Line", "lines.py:8", lines=(5, 8)))
    assert statuses(before, observation(request(saw(LINES, "lines.py:5")))) == ["confirmed"]


def test_of_two_on_one_line_the_table_decides() -> None:
    before = report(
        traced("SELECT Line", "lines.py:5", id="E-lines"), traced("SELECT Order", "lines.py:5", id="E-orders")
    )
    seen = observation(request(saw(LINES, "lines.py:5", count=3), lines={"lines.py": (5,)}))
    assert statuses(before, seen) == ["confirmed", "refuted"]


def test_a_name_that_says_nothing_takes_what_is_left() -> None:
    before = report(
        traced("Order.positions", "lines.py:5", id="E-1"), traced("SELECT Order", "lines.py:5", id="E-2")
    )
    seen = observation(request(saw(LINES, "lines.py:5"), saw(ORDERS, "lines.py:5")))
    assert statuses(before, seen) == ["confirmed", "confirmed"]


def test_a_lazy_load_beside_the_statement_names_the_relation() -> None:
    before = report(traced("Order.lines", "app.py:9", id="E-1"), traced("Order.parts", "app.py:9", id="E-2"))
    seen = observation(
        request(
            saw("Order.parts", "app.py:9", kind="lazy-load", op="load"),
            saw("SELECT x.id FROM bits x", "app.py:9"),
            lines={"app.py": (9,)},
        )
    )
    assert statuses(before, seen) == ["refuted", "confirmed"]


def test_a_frame_further_out_needs_the_table() -> None:
    before = report(traced("SELECT Order", "app.py:9"))
    assert statuses(before, observation(request(saw(LINES, "app.py:9", "lib.py:4")))) == ["refuted"]
    assert statuses(before, observation(request(saw(ORDERS, "app.py:9", "lib.py:4")))) == ["confirmed"]


def test_a_write_at_the_flush_belongs_to_where_it_was_asked_for() -> None:
    before = report(traced("INSERT Line", "lines.py:5", operation="write"))
    insert = saw("INSERT INTO lines (id) VALUES (?)", "app.py:3", "db.py:63", op="INSERT")
    after = reconcile(before, observation(request(insert, lines={"lines.py": (5,)})))
    assert after.endpoints[0].effects[0].status == "confirmed"
    assert after.endpoints[0].measured is not None
    assert after.endpoints[0].measured.untraced == ()


def test_a_session_that_is_opened_checked_out_and_connected_is_one() -> None:
    before = report(traced("Session()", "db.py:5", kind="session", operation=None))
    ops = [saw("Q", "db.py:5", kind="session", op=op, count=2) for op in ("open", "checkout", "connect")]
    effect = only(before, observation(request(*ops)))
    assert effect.observed is not None
    assert effect.observed.value == 2


def test_one_place_on_two_ways_goes_to_the_way_that_was_taken() -> None:
    near = traced("SELECT Line", "lines.py:5", id="E-near")
    far = traced(
        "SELECT Line",
        "lines.py:5",
        id="E-far",
        multiplicity="orders",
        chain=[
            {"function": "app.view", "file": "app.py", "line": 7},
            {"function": "lines.load", "file": "lines.py", "line": 5},
        ],
    )
    seen = observation(request(saw(LINES, "app.py:7", "lines.py:5", count=9)))
    assert statuses(report(near, far), seen) == ["refuted", "confirmed"]


def test_what_nobody_traced_is_listed_once_for_each_place() -> None:
    before = report(traced("SELECT Order", "app.py:3"))
    seen = observation(
        request(
            saw(ORDERS, "app.py:3"),
            saw(LINES, "app.py:4", "lines.py:5", count=3),
            saw(LINES, "app.py:6", "lines.py:5", count=4),
            saw("", "app.py:3", kind="transaction", op="begin"),
            saw("Order.lines", "lines.py:5", kind="lazy-load", op="load"),
            saw("no frame of ours"),
            saw("cache.key", kind="cache", op="get"),
        )
    )
    found = reconcile(before, seen).endpoints[0].measured
    assert found is not None
    assert [(one.text, one.file, one.line, one.observed.value) for one in found.untraced] == [
        (LINES, "lines.py", 5, 7),
        ("no frame of ours", "", 0, 1),
    ]
