"""Whose difference it is where answers depend on what a process has served before."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from auditor.measure.answer import Answer
from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, make_contract
from auditor.measure.contract.declared import NOTHING_DECLARED
from auditor.measure.contract.recording import Heard, Recording
from auditor.measure.request import Request
from auditor.measure.workload import workload_of
from auditor.trial.alike import in_another_order, left_alike

IDS: Final = tuple(f"read {n}" for n in range(6))
WORKLOAD: Final = workload_of([Request(id=one, path="/items") for one in IDS])
Say = Callable[[int, int], Mapping[str, object]]
"""What the request of that number is answered in the run of that number."""


def recorded(say: Say, run: int) -> Recording:
    heard = {}
    for number, id_ in enumerate(IDS):
        body = json.dumps(say(number, run)).encode()
        answer = Answer(
            ending="answered",
            status=200,
            headers=(("Content-Type", "application/json"),),
            body=body,
            body_bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        heard[id_] = Heard(answer=answer)
    return Recording(mode="eight at once", heard=heard)


def blamed(candidate: Say, *, contract: Say, alike: Say) -> tuple[list[tuple[str | None, str]], int]:
    """The request and place of what is left, and how often the baseline was played for that."""
    asked = 0

    def run(number: int) -> Recording:
        nonlocal asked
        asked = max(asked, number + 1)
        return recorded(alike, number)

    known = make_contract(WORKLOAD, [recorded(contract, 0), recorded(contract, 1)], about=About())
    now = recorded(candidate, 0)
    found = compare(known, now)
    left = left_alike(found, now, known, run, workload=WORKLOAD, declared=NOTHING_DECLARED)
    return [(one.request, one.place) for one in left], asked


def counted(number: int, run: int) -> Mapping[str, object]:
    """After some others, in the order of `in_another_order`."""
    return {"name": f"n{number}", "served": 40 + (5 - number if run % 2 else number)}


def fresh(number: int, _: int) -> Mapping[str, object]:
    """The same target right after its boot."""
    return {"name": f"n{number}", "served": number}


def steady(number: int, _: int) -> Mapping[str, object]:
    return {"name": f"n{number}"}


def test_what_leaks_from_one_request_to_another_is_the_candidates() -> None:
    """A dict that requests share: who asks is answered with what somebody else asked for."""

    def leaking(number: int, _: int) -> Mapping[str, object]:
        return {"name": "n0" if number == 3 else f"n{number}"}

    assert blamed(leaking, contract=steady, alike=steady) == ([("read 3", "$.name")], 2)


def test_what_leaks_beside_a_counter_is_the_candidates_and_told_alone() -> None:
    def leaking(number: int, run: int) -> Mapping[str, object]:
        return {**counted(number, run), "name": "n0" if number == 3 else f"n{number}"}

    assert blamed(leaking, contract=fresh, alike=counted)[0] == [("read 3", "$.name")]


@pytest.mark.parametrize("value", ["40", None, [40]])
def test_a_counter_that_becomes_something_else_is_the_candidates(value: object) -> None:
    def other(number: int, run: int) -> Mapping[str, object]:
        return {**counted(number, run), "served": value}

    assert blamed(other, contract=fresh, alike=counted)[0] == [(one, "$.served") for one in IDS]


def test_a_counter_that_no_longer_counts_what_came_before_is_no_difference_that_can_be_told() -> None:
    assert blamed(fresh, contract=fresh, alike=counted) == ([], 0)


def test_a_counter_in_another_order_is_nobodys_fault() -> None:
    def other(number: int, _: int) -> Mapping[str, object]:
        return {"name": f"n{number}", "served": 40 + (number + 2) % 6}

    assert blamed(other, contract=fresh, alike=counted)[0] == []


def test_what_was_filled_before_is_as_in_the_first_run_like_it() -> None:
    """Whoever asks for it first misses; the timed requests, which come before, have asked for all of it."""

    def filled(number: int, _: int) -> Mapping[str, object]:
        return {"name": f"n{number}", "memo": "hit"}

    def empty(number: int, _: int) -> Mapping[str, object]:
        return {"name": f"n{number}", "memo": "miss"}

    assert blamed(filled, contract=empty, alike=filled) == ([], 1)
    assert blamed(filled, contract=empty, alike=empty)[0] == [(one, "$.memo") for one in IDS]


def test_lists_that_grow_are_nobodys_fault() -> None:
    def growing(extra: int) -> Say:
        return lambda number, run: {"last": [f"/{n}" for n in range(counted(number, run)["served"] + extra)]}  # type: ignore[operator]

    assert blamed(growing(2), contract=lambda number, _: {"last": ["/x"] * number}, alike=growing(0))[0] == []


def test_each_number_is_another_order_of_the_same_requests() -> None:
    orders = [[one.id for one in in_another_order(WORKLOAD, number).requests] for number in range(4)]
    assert orders[0] == [*IDS]
    assert orders[1] == [*reversed(IDS)]
    assert len({tuple(one) for one in orders}) == 4
    assert all(sorted(one) == sorted(IDS) for one in orders)
