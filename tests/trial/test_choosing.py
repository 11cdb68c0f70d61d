"""Which part of a workload a trial begins with."""

from dataclasses import replace

from auditor.measure.request import Request
from auditor.measure.workload import Workload, workload_of
from auditor.trial import choosing
from auditor.trial.reach import Reached


def a_workload(*more: Request) -> Workload:
    reads = [
        Request(id=f"read {n}", path="/items", query=(("q", str(n)),), roles=("contract",))
        for n in range(300)
    ]
    timed = Request(id="timed", path="/slow")
    return workload_of([timed, *reads, *more])


def reach_of(workload: Workload, *, ms: float = 100.0, kinds: int = 10) -> dict[str, Reached]:
    return {
        one.id: Reached(
            request=one,
            status=200,
            frames={"app.py": frozenset({1 + at % kinds})},
            lines={},
            outer=frozenset({("app.py", "shown")}),
            ms=ms,
            acts=one.method != "GET",
        )
        for at, one in enumerate(workload.requests)
    }


def test_what_alters_is_always_there_with_what_it_needs() -> None:
    workload = a_workload(
        Request(id="key", path="/key", take={"key": "$.id"}, roles=("contract",)),
        Request(id="write", method="POST", path="/items/${key}", roles=("contract",)),
    )
    chosen = choosing.in_order(workload, reach_of(workload), frozenset())
    assert chosen == {"timed", "key", "write"}


def test_everybody_signs_in_as_in_the_whole() -> None:
    workload = a_workload(
        Request.model_validate({"id": "hers", "path": "/me", "as": "ada", "roles": ["contract"]})
    )
    assert "hers" in choosing.in_order(workload, reach_of(workload), frozenset())


def test_what_nobody_knows_is_taken_to_alter() -> None:
    workload = a_workload(Request(id="lost", path="/lost", roles=("contract",)))
    reach = {id_: one for id_, one in reach_of(workload).items() if id_ != "lost"}
    assert "lost" in choosing.in_order(workload, reach, frozenset())


def test_every_kind_comes_before_a_second_of_any_and_the_budget_ends_it() -> None:
    workload = a_workload()
    reach = reach_of(workload)
    affected = frozenset(one.id for one in workload.requests if one.id != "timed")
    chosen = choosing.in_order(workload, reach, affected)
    assert {reach[id_].way for id_ in chosen} == {one.way for one in reach.values()}
    assert sum(reach[id_].ms for id_ in chosen - {"timed"}) <= choosing.BUDGET_MS
    assert len(chosen) == 1 + choosing.BUDGET_MS / 100


def test_a_small_workload_is_played_whole() -> None:
    workload = a_workload()
    affected = frozenset(one.id for one in workload.requests)
    assert choosing.in_order(workload, reach_of(workload, ms=1.0), affected) == affected


def test_a_read_before_and_after_a_write_stay_together_when_either_is_concerned() -> None:
    workload = a_workload(
        Request(id="before", path="/cart", roles=("contract",)),
        Request(id="buy", method="POST", path="/cart", roles=("contract",)),
        Request(id="after", path="/cart", roles=("contract",)),
    )
    reach = reach_of(workload, kinds=1)
    chosen = choosing.in_order(workload, reach, frozenset({"after"}), pairs=[("before", "after")])
    assert {"before", "buy", "after"} <= chosen


def test_eight_at_once_only_reads_and_every_kind_is_there() -> None:
    workload = a_workload(
        Request(id="write", method="POST", path="/items", roles=("contract",), take={"new": "$.id"}),
        Request(id="written", path="/items/${new}", roles=("contract",)),
    )
    reach = reach_of(workload)
    sent = choosing.at_once(workload, reach)
    assert not {"write", "written"} & sent.needs.keys()
    assert {reach[one.id].way for one in sent.requests} == {
        one.way for id_, one in reach.items() if id_ not in {"write", "written"}
    }
    assert len(sent.requests) == choosing.FEWEST_AT_ONCE
    some = choosing.some_at_once(sent, reach, frozenset({"read 3"}))
    assert "timed" in some
    assert len(some) < len(sent.requests)


def test_a_read_that_counts_its_visits_is_not_sent_beside_those_that_show_them() -> None:
    workload = a_workload(Request(id="visit", path="/items/1", roles=("contract",)))
    reach = reach_of(workload)
    reach["visit"] = replace(reach["visit"], acts=True, writes=True, outer=frozenset({("app.py", "visited")}))
    assert "visit" not in choosing.at_once(workload, reach).needs
    every = {id_: replace(one, writes=True) for id_, one in reach.items()}
    assert "visit" in choosing.at_once(workload, every).needs


def test_who_asks_with_a_header_of_its_own_is_asked_early() -> None:
    workload = a_workload(
        Request(id="warm", path="/items", headers=(("X-Warm", "1"),), roles=("contract",)),
        Request(id="warm too", path="/items", headers=(("x-warm", "2"),), roles=("contract",)),
    )
    affected = frozenset(one.id for one in workload.requests if one.id != "timed")
    chosen = choosing.in_order(workload, reach_of(workload), affected)
    assert "warm" in chosen
    assert "warm too" not in chosen
