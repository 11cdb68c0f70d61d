"""The counts gate on counts that are handed to it."""

from collections.abc import Mapping

import pytest

from auditor.measure.counts import REPEATS
from auditor.model.constraint import Constraint, MaxCost
from auditor.model.patch import Create, Patch
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate, Promise
from auditor.trial.constraints import Edited
from auditor.trial.counted import Counted, Span
from auditor.trial.gates.counts import CountsGate, changed_lines, not_exercised
from auditor.trial.reach import Lines
from auditor.trial.reference import EVERYTHING, Ids, Parts
from auditor.trial.trees import Tree
from auditor.trial.winnings import Winnings

BASE, GOOD, NEW = (Tree(name, name) for name in ("base", "good", "new"))
PATCH = Patch(base_tree="", edits=(Create(file="x.py", create="x"),))
FILE = Edited("app.py", b"def f():\n    return 1\n", b"def f():\n    return 2\n")
RAN: Lines = {"app.py": frozenset({2})}
NOTHING: Lines = {}


class Player:
    """Knows what each tree costs."""

    def __init__(
        self,
        costs: Mapping[str, Mapping[str, tuple[int, int]]],
        lines: Lines,
        later: Mapping[str, Mapping[str, tuple[int, int]]],
        met: Lines,
        *,
        by_one: bool,
        asks: Mapping[str, Mapping[str, int]],
    ) -> None:
        self._asks = asks
        self._by_one = by_one
        self._met = met
        self._costs = costs
        self._lines = lines
        self._later = later

    def counted(self, tree: Tree, *, repeats: int = 0) -> Counted:
        costs = self._later if repeats > REPEATS else {}
        costs = {**self._costs, **costs}
        spans = {"r": {component: Span(*span) for component, span in costs[tree.id].items()}}
        return Counted(spans=spans, by_one=self._by_one)

    def statements(self, tree: Tree) -> Mapping[str, Mapping[str, int]]:
        return {"r": self._asks.get(tree.id, {})}

    def parts(self, _candidate: Candidate) -> Parts:
        return EVERYTHING

    def met(self, _tree: Tree, *, ids: Ids = None) -> Lines:
        return self._met

    def where_run(self, _candidate: Candidate, _known_good: Tree) -> tuple[Ids, ...]:
        return (None,)

    def executed(self, _tree: Tree, *, ids: Ids = frozenset()) -> Lines:
        return {} if ids is None and not self._lines else self._lines


def judged(
    base: dict[str, tuple[int, int]],
    now: dict[str, tuple[int, int]],
    good: dict[str, tuple[int, int]] | None = None,
    *,
    lines: Lines = RAN,
    promises: tuple[Promise, ...] = (),
    constant_rise: tuple[str, ...] = (),
    timed: bool = False,
    risen_before: tuple[str, ...] = (),
    constraints: tuple[Constraint, ...] = (),
    later: Mapping[str, Mapping[str, tuple[int, int]]] | None = None,
    files: tuple[Edited, ...] = (FILE,),
    met: Lines = NOTHING,
    by_one: bool = False,
    asks: Mapping[str, Mapping[str, int]] = NOTHING,  # type: ignore[assignment]  # empty is empty
) -> GateResult:
    player = Player(
        {"base": base, "good": good or base, "new": now}, lines, later or {}, met, by_one=by_one, asks=asks
    )
    winnings = Winnings(player, lambda: GOOD, lambda _: "GET /", timed=timed)  # type: ignore[arg-type]  # the part of it that is asked
    gate = CountsGate(player, BASE, lambda: GOOD, winnings)  # type: ignore[arg-type]  # as above
    return gate(
        Candidate(
            change="C",
            patch=PATCH,
            files=files,
            promises=promises,
            constant_rise=constant_rise,
            risen_before=risen_before,
            constraints=constraints,
        ),
        NEW,
    )


@pytest.mark.parametrize(
    ("base", "now"),
    [
        ({"sql": (9, 9)}, {"sql": (3, 3)}),
        ({"sql": (9, 12)}, {"sql": (3, 8)}),
        ({"sql": (9, 9), "cache": (1, 1)}, {"sql": (3, 3), "cache": (1, 4)}),
        ({"sql": (9, 9), "log": (3, 3)}, {"sql": (8, 8), "log": (9, 9)}),
    ],
)
def test_less_of_something_and_more_of_nothing_passes(
    base: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]
) -> None:
    assert judged(base, now).outcome == "passed"


def test_the_gain_is_a_mean_by_endpoint() -> None:
    (gain,) = judged({"sql": (9, 9)}, {"sql": (3, 3)}).gains
    assert (gain.endpoint, gain.kind, gain.before, gain.after) == ("GET /", "sql", 9, 3)


@pytest.mark.parametrize(
    ("base", "now", "good"),
    [
        ({"sql": (9, 9)}, {"sql": (9, 9)}, None),
        ({"sql": (9, 9)}, {"sql": (3, 9)}, None),
        ({"sql": (9, 9), "cache": (1, 1)}, {"sql": (3, 3), "cache": (2, 2)}, None),
        ({"sql": (9, 9)}, {"sql": (7, 7)}, {"sql": (5, 5)}),
        ({"sql": (9, 9), "rows": (5, 5)}, {"sql": (8, 8), "rows": (6, 6)}, {"sql": (9, 9), "rows": (9, 9)}),
    ],
)
def test_no_gain_or_a_loss_somewhere_fails(
    base: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]], good: dict[str, tuple[int, int]] | None
) -> None:
    assert judged(base, now, good).outcome == "failed"


COUNTS = "SELECT count(*) FROM alert"


@pytest.mark.parametrize(
    ("now", "asks", "outcome"),
    [
        ({"sql": (9, 9), "rows": (9, 9), "sessions": (1, 1)}, {COUNTS: 4}, "passed"),
        ({"sql": (9, 9), "rows": (10, 10), "sessions": (1, 1)}, {COUNTS: 4}, "failed"),
        ({"sql": (9, 9), "rows": (9, 9), "sessions": (1, 1)}, {"SELECT id FROM alert": 4}, "failed"),
        ({"sql": (10, 10), "rows": (9, 9), "sessions": (1, 1)}, {COUNTS: 4}, "failed"),
    ],
    ids=["counts of nothing", "more than these", "lists", "more statements, too"],
)
def test_a_count_has_a_row_where_a_list_had_none(
    now: dict[str, tuple[int, int]], asks: dict[str, int], outcome: str
) -> None:
    base = {"sql": (9, 9), "rows": (5, 5), "sessions": (2, 2)}
    assert judged(base, now, asks={"new": asks}).outcome == outcome


def test_what_was_promised_must_fall() -> None:
    promise = Promise(endpoint="GET /", kind="session")
    assert (
        judged(
            {"sql": (9, 9), "sessions": (5, 5)}, {"sql": (3, 3), "sessions": (5, 5)}, promises=(promise,)
        ).outcome
        == "failed"
    )
    assert (
        judged(
            {"sql": (9, 9), "sessions": (5, 5)}, {"sql": (9, 9), "sessions": (1, 1)}, promises=(promise,)
        ).outcome
        == "passed"
    )


def test_a_declared_batch_may_read_a_few_rows_more_for_each_statement_it_saves() -> None:
    base = {"sql": (30, 30), "rows": (100, 100)}
    batched = {**base, "sql": (2, 2), "rows": (130, 130)}
    assert judged(base, batched).outcome == "failed", "not declared"
    assert judged(base, batched, constant_rise=("sql",)).outcome == "passed"
    assert judged(base, {**batched, "rows": (381, 381)}, constant_rise=("sql",)).outcome == "failed", (
        "too many"
    )
    assert judged(base, {**batched, "sql": (30, 30)}, constant_rise=("sql",)).outcome == "failed", (
        "for nothing"
    )


@pytest.mark.parametrize(
    ("sql", "rows", "outcome"),
    [(9, 6, "failed"), (6, 6, "failed"), (3, 12, "failed"), (12, 6, "failed"), (4, 6, "passed")],
    ids=["for nothing", "for few", "many for many", "beside more statements", "one for many"],
)
def test_a_row_more_for_many_statements_need_not_be_declared(sql: int, rows: int, outcome: str) -> None:
    """Four sessions for one are the gain, so that the rows alone decide."""
    base = {"sql": (9, 9), "rows": (5, 5), "sessions": (4, 4)}
    assert judged(base, {"sql": (sql, sql), "rows": (rows, rows), "sessions": (1, 1)}).outcome == outcome


def test_a_declared_constant_may_rise_where_another_component_falls() -> None:
    base, now = {"sql": (9, 9), "sessions": (1, 1)}, {"sql": (3, 3), "sessions": (2, 2)}
    assert judged(base, now).outcome == "failed"
    assert judged(base, now, constant_rise=("sessions",)).outcome == "passed"
    assert (
        judged(base, now, constant_rise=("session",)).outcome == "passed"
    )  # the kind, as a codemod names it
    assert judged(base, {**now, "sessions": (9, 9)}, constant_rise=("sessions",)).outcome == "failed"


def test_what_no_good_answer_ran_is_refused() -> None:
    result = judged({"sql": (9, 9)}, {"sql": (3, 3)}, lines={})
    assert (result.outcome, "app.py:2" in result.text) == ("refused", True)


def test_lines_beside_a_removal_count_as_changed() -> None:
    file = Edited("a.py", b"def f():\n    a()\n    b()\n    c()\n", b"def f():\n    a()\n    c()\n")
    assert changed_lines(file) == {2, 3}
    assert not_exercised((file,), {"a.py": frozenset({3})}) == ""
    assert not_exercised((file,), {"a.py": frozenset({9})}) == "a.py:2"


def test_a_handler_of_errors_that_is_altered_must_be_met_whatever_the_answer() -> None:
    handler = b"def f():\n    try:\n        g()\n    except OSError:\n        return %s\n"
    files = FILE, Edited("errors.py", handler % b"503", handler % b"200")
    result = judged({"sql": (9, 9)}, {"sql": (3, 3)}, files=files)
    assert (result.outcome, result.text) == (
        "refused",
        "not exercised: no request met the error that is dealt with in errors.py:5",
    )
    met = {"errors.py": frozenset({3, 5})}
    assert judged({"sql": (9, 9)}, {"sql": (3, 3)}, files=files, met=met).outcome == "passed"
    assert judged({"sql": (9, 9)}, {"sql": (3, 3)}, files=files, lines={**RAN, **met}).outcome == "passed"


def test_what_runs_at_import_is_exercised_by_every_boot() -> None:
    assert not_exercised((Edited("a.py", b"x = 1\n", b"x = 2\n"),), {}) == ""


def test_where_time_is_taken_no_gain_is_left_to_it_and_a_rise_is_none() -> None:
    same = {"sql": (9, 9)}
    assert judged(same, same, timed=True).outcome == "passed"
    assert "time must show" in judged(same, same, timed=True).text
    assert judged(same, {"sql": (10, 10)}, timed=True).outcome == "failed"
    promise = Promise(endpoint="GET /", kind="sql")
    assert judged(same, same, timed=True, promises=(promise,)).outcome == "failed"


def test_what_gains_nothing_is_not_taken_apart() -> None:
    assert judged({"sql": (9, 9)}, {"sql": (9, 9)}).whole


def test_what_a_kept_change_beneath_declared_is_no_rise_of_this_one() -> None:
    base = {"sql": (9, 9), "transactions": (1, 1)}
    good = {"sql": (5, 5), "transactions": (3, 3)}
    now = {"sql": (3, 3), "transactions": (3, 3)}
    assert judged(base, now, good).outcome == "failed"
    assert judged(base, now, good, risen_before=("transaction",)).outcome == "passed"
    more = {"sql": (3, 3), "transactions": (4, 4)}
    assert judged(base, more, good, risen_before=("transaction",)).outcome == "failed"


@pytest.mark.parametrize(("formula", "outcome"), [("3", "passed"), ("2", "failed"), ("2 + rows", "passed")])
def test_a_constraint_says_how_much_an_endpoint_may_cost(formula: str, outcome: str) -> None:
    rule = MaxCost(endpoint="GET /", effect="sql", formula=formula)
    held = Constraint(rule=rule, origin="user", because="so it was asked")
    assert judged({"sql": (9, 9)}, {"sql": (3, 3)}, constraints=(held,)).outcome == outcome
    elsewhere = held.model_copy(update={"rule": rule.model_copy(update={"endpoint": "GET /other"})})
    assert judged({"sql": (9, 9)}, {"sql": (3, 3)}, constraints=(elsewhere,)).outcome == "passed"


def test_a_rise_that_more_repeats_do_not_bear_out_is_nobodys() -> None:
    base, now = {"sql": (9, 9), "cache": (1, 1)}, {"sql": (10, 10), "cache": (0, 0)}
    assert judged(base, now).text == "sql: `r` costs 10, it cost 9"
    other_worker = {"sql": (9, 10), "cache": (1, 1)}
    assert judged(base, now, later={"base": other_worker, "good": other_worker}).outcome == "passed"
    assert judged(base, now, later={"new": {"sql": (9, 10), "cache": (0, 0)}}).outcome == "passed"
    still = judged(base, now, later={"base": other_worker})
    assert (still.outcome, still.text) == ("failed", "sql: `r` costs 10, it cost 9")


def test_where_one_worker_answered_everything_a_rise_is_told_at_once() -> None:
    base, now = {"sql": (9, 9), "cache": (1, 1)}, {"sql": (10, 10), "cache": (0, 0)}
    later = {"base": {"sql": (9, 10), "cache": (1, 1)}, "good": {"sql": (9, 10), "cache": (1, 1)}}
    assert judged(base, now, later=later).outcome == "passed"
    assert judged(base, now, later=later, by_one=True).outcome == "failed"
