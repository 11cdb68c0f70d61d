from hypothesis import given
from hypothesis import strategies as st

from auditor.trial.isolation import MAX_RUNS, Outcome, isolate, suspected
from auditor.trial.units import Unit


def units(needs: list[set[int]]) -> tuple[Unit, ...]:
    return tuple(Unit("a.py", n, n, f"{n}\n", n + 1, frozenset(wanted)) for n, wanted in enumerate(needs))


FREE = units([set() for _ in range(16)])


def test_one_bad_unit_of_sixteen_is_found_and_the_rest_passes() -> None:
    found = isolate(FREE, lambda chosen: "fails" if 11 in chosen else "passes")
    assert found.culprit == {11}
    assert found.passing == frozenset(range(16)) - {11}
    assert found.minimal
    assert found.runs <= MAX_RUNS


def test_two_units_that_are_bad_only_together() -> None:
    small = FREE[:6]
    found = isolate(small, lambda chosen: "fails" if {1, 4} <= chosen else "passes")
    assert found.culprit == {1, 4}
    assert len(found.passing) >= 4


def test_what_needs_the_culprit_is_not_in_the_rest() -> None:
    chained = units([set(), {0}, {0, 1}, set()])
    found = isolate(chained, lambda chosen: "fails" if 1 in chosen else "passes")
    assert found.culprit == {0, 1}
    assert found.passing == {0, 3}


def test_another_error_is_not_the_error() -> None:
    def run(chosen: frozenset[int]) -> Outcome:
        if 2 in chosen and 3 in chosen:
            return "fails"
        return "unresolved" if 2 in chosen or 3 in chosen else "passes"

    found = isolate(FREE[:4], run)
    assert found.culprit == {2, 3}
    assert found.passing == {0, 1}


def test_a_single_unit_needs_no_run() -> None:
    asked: list[frozenset[int]] = []
    found = isolate(FREE[:1], lambda chosen: asked.append(chosen) or "fails")
    assert (found.culprit, found.passing, found.runs, asked) == ({0}, frozenset(), 0, [])


def test_who_is_suspected_is_tried_first() -> None:
    found = isolate(FREE, lambda chosen: "fails" if 11 in chosen else "passes", suspects=frozenset({11}))
    assert (found.culprit, found.runs) == ({11}, 2)
    assert found.passing == frozenset(range(16)) - {11}


def test_a_wrong_suspicion_costs_one_run_and_clears_the_suspect() -> None:
    def run(chosen: frozenset[int]) -> Outcome:
        return "fails" if 11 in chosen else "passes"

    found = isolate(FREE, run, suspects=frozenset({3}))
    assert (found.culprit, found.runs <= isolate(FREE, run).runs + 1) == ({11}, True)


def test_what_is_named_in_one_unit_alone_is_suspected() -> None:
    texts = ("import threading\n", "rows = load_rows(session)\n", "    return rows, session\n")
    cut = tuple(Unit("shop/app.py", n, n, text, n + 1) for n, text in enumerate(texts))
    assert suspected(cut, "WorkerRefused: shop.app.threading blocks (shop/app.py:1)") == {0}
    assert suspected(cut, "NameError: name 'session' is not defined") == frozenset()
    assert suspected(cut, "it answers 500") == frozenset()


@given(
    count=st.integers(1, 24), bad=st.sets(st.integers(0, 23), min_size=1, max_size=3), most=st.integers(1, 20)
)
def test_the_budget_holds_and_what_is_said_was_seen(count: int, bad: set[int], most: int) -> None:
    bad = {index % count for index in bad}
    seen: dict[frozenset[int], Outcome] = {}

    def run(chosen: frozenset[int]) -> Outcome:
        assert chosen not in seen
        seen[chosen] = "fails" if bad <= chosen else "passes"
        return seen[chosen]

    found = isolate(FREE[:count] if count <= 16 else units([set()] * count), run, max_runs=most)
    assert len(seen) == found.runs <= most
    assert bad <= found.culprit
    assert found.culprit == bad or not found.minimal
    assert not found.passing or seen[found.passing] == "passes"
