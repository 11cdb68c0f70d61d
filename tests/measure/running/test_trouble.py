"""Rounds that the database was in trouble in: played again, kept where it is the code's own, void where it is nobody's."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from auditor.execution.boot import BootReport
from auditor.measure.answer import Answer
from auditor.measure.contract.recording import recording_of
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeError, ProbeRecord
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.running.rounds import Round
from auditor.measure.running.trouble import DatabaseTrouble, Steadying, troubles

LOCKED: Final = ("OperationalError", "database is locked")
NONE: Final[Mapping[str, tuple[str, str]]] = {}
Errors = Mapping[str, tuple[str, str]]


def round_of(errors: Errors, *, status: int = 500) -> Round:
    exchanges = []
    for id_ in ("a", "b", "c"):
        raised = (ProbeError(type=errors[id_][0], message=errors[id_][1], stack=()),) if id_ in errors else ()
        answer = Answer(ending="answered", status=status if raised else 200)
        record = ProbeRecord(request=id_, pid=1, effects=(), errors=raised)
        exchanges.append(Exchange(request=Request(id=id_, path="/"), answer=answer, record=record))
    replay = Replay(mode="in order", exchanges=tuple(exchanges))
    report = BootReport(ok=True, seconds=0.0, workers=1, log=Path("log"))
    return Round(
        boot=report, replay=replay, warm=None, recording=recording_of(replay, before={}, after={}), asked=()
    )


def plays(*rounds: Errors) -> tuple[Callable[[], Round], list[Errors]]:
    left = [*rounds]
    return lambda: round_of(left.pop(0)), left


@pytest.mark.parametrize(
    "raised",
    [
        ("ValueError", "the order is locked"),
        ("OperationalError", "no such table: deadlocks"),
        ("TooManyItems", "too many connections between two cities"),
        ("QueryCanceled", "canceling statement due to statement timeout"),
        ("TimeoutError", "QueuePool limit of size 5 overflow 10 reached"),
    ],
)
def test_what_the_code_fails_at_by_itself_is_no_trouble(raised: tuple[str, str]) -> None:
    assert troubles(round_of({"a": raised})) == {}


def test_what_was_dealt_with_is_no_trouble() -> None:
    assert troubles(round_of({"a": LOCKED}, status=200)) == {}
    assert troubles(round_of({"a": LOCKED}, status=409)) == {}


@pytest.mark.parametrize(
    "raised",
    [
        LOCKED,
        ("OperationalError", "(sqlite3.OperationalError) database table is locked: people"),
        ("OperationalError", "deadlock detected\nDETAIL:  Process 1 waits for ShareLock"),
        (
            "DBAPIError",
            "(sqlalchemy.dialects.postgresql.asyncpg.Error) <class 'asyncpg.exceptions.DeadlockDetectedError'>",
        ),
        ("OperationalError", "connection to server failed: FATAL:  sorry, too many clients already"),
        ("OperationalError", "FATAL:  remaining connection slots are reserved for roles with SUPERUSER"),
        ("OperationalError", 'FATAL:  too many connections for role "app"'),
        ("OperationalError", "terminating connection due to administrator command"),
        ("OperationalError", "FATAL:  the database system is shutting down"),
        ("OperationalError", "could not extend file: No space left on device"),
        ("OperationalError", "database or disk is full"),
        ("OperationalError", "(1213, 'Deadlock found when trying to get lock; try restarting transaction')"),
        ("OperationalError", "(1040, 'Too many connections')"),
        ("OperationalError", "ERROR:  out of shared memory"),
    ],
)
def test_what_databases_say_is_known(raised: tuple[str, str]) -> None:
    assert list(troubles(round_of({"b": raised}))) == ["b"]


def test_known_good_is_played_again_until_it_is_without_trouble() -> None:
    play, left = plays({"a": LOCKED}, NONE, NONE)
    assert troubles(Steadying().known_good(play)) == {}
    assert len(left) == 1


def test_trouble_that_comes_back_at_the_same_request_is_the_codes_own() -> None:
    """A page that always locks itself out answers 500, and is held to that."""
    steadying = Steadying()
    play, left = plays({"a": LOCKED}, {"a": LOCKED}, {"a": LOCKED}, NONE)
    assert list(troubles(steadying.known_good(play))) == ["a"]
    assert list(troubles(steadying.known_good(play))) == ["a"]
    assert left == [NONE]


def test_trouble_elsewhere_each_time_is_void_in_the_databases_words() -> None:
    play, _ = plays({"a": LOCKED}, {"b": LOCKED}, {"c": LOCKED})
    with pytest.raises(DatabaseTrouble, match="void: OperationalError: database is locked"):
        Steadying().known_good(play)


def test_a_candidate_in_trouble_that_does_not_come_back_is_not_held_to_it() -> None:
    play, left = plays({"a": LOCKED}, *[NONE] * 8)
    assert troubles(Steadying().candidate("tree", play, play)) == {}
    assert len(left) == 1


@pytest.mark.parametrize("again", range(7))
def test_a_candidate_whose_trouble_comes_back_answers_for_it(again: int) -> None:
    """So one that is in trouble every other time passes for sound 1 time in 128 once it was seen to be."""
    play, _ = plays({"a": LOCKED}, *[NONE] * again, {"b": LOCKED})
    sound, asked = plays(NONE)
    assert list(troubles(Steadying().candidate("tree", play, sound))) == ["b"]
    assert asked == []


def test_trouble_that_comes_back_in_another_round_is_the_candidates_own() -> None:
    steadying = Steadying()
    play, _ = plays({"a": LOCKED}, *[NONE] * 7)
    assert troubles(steadying.candidate("tree", play, play)) == {}
    other, left = plays({"c": LOCKED}, NONE)
    sound, _ = plays(NONE)
    assert list(troubles(steadying.candidate("tree", other, sound))) == ["c"]
    assert left == [NONE]


def test_trouble_of_another_candidate_is_nothing_to_this_one() -> None:
    steadying = Steadying()
    play, _ = plays({"a": LOCKED}, *[NONE] * 7)
    steadying.candidate("one", play, play)
    play, left = plays({"a": LOCKED}, *[NONE] * 7)
    assert troubles(steadying.candidate("another", play, play)) == {}
    assert left == []


def test_trouble_in_a_round_that_was_played_beside_has_to_be_lived_down() -> None:
    steadying = Steadying()
    assert not steadying.accepts("tree", round_of({"a": LOCKED}))
    play, _ = plays(NONE, NONE, {"b": LOCKED})
    sound, _ = plays(NONE)
    assert list(troubles(steadying.candidate("tree", play, sound))) == ["b"]
    steadying = Steadying()
    assert not steadying.accepts("tree", round_of({"a": LOCKED}))
    play, left = plays(*[NONE] * 10)
    assert troubles(steadying.candidate("tree", play, play)) == {}
    assert troubles(steadying.candidate("tree", play, play)) == {}
    assert len(left) == 1


def test_a_candidate_is_not_blamed_for_what_known_good_suffers_too() -> None:
    play, _ = plays({"a": LOCKED}, {"b": LOCKED})
    also, _ = plays({"c": LOCKED})
    with pytest.raises(DatabaseTrouble):
        Steadying().candidate("tree", play, also)
    steadying = Steadying()
    before, _ = plays({"c": LOCKED}, NONE)
    steadying.known_good(before)
    play, _ = plays({"a": LOCKED}, {"b": LOCKED})
    with pytest.raises(DatabaseTrouble):
        steadying.candidate("tree", play, before)


def test_a_candidate_is_held_to_trouble_that_is_known_goods_own() -> None:
    steadying = Steadying()
    always, _ = plays({"a": LOCKED}, {"a": LOCKED})
    steadying.known_good(always)
    play, left = plays({"a": LOCKED}, NONE)
    assert list(troubles(steadying.candidate("tree", play, always))) == ["a"]
    assert len(left) == 1
    assert steadying.accepts("tree", round_of({"a": LOCKED}))
    assert not steadying.accepts("tree", round_of({"b": LOCKED}))
