import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from little_app import App, Got, Reply

from auditor.measure.closed_loop import Stretch, closed_loop, in_peace
from auditor.measure.encoding import encode
from auditor.measure.request import Request
from auditor.measure.sending import Door
from auditor.trial.gates.load import judge_load

MESSAGES = [encode(Request(id=path, path=path), {}, host="localhost") for path in ("/a", "/b")]


def stretches(*p95_ms: float, failed: int = 0, answers: int = 100) -> list[Stretch]:
    return [Stretch(latencies_ms=(ms,) * answers, failed=failed) for ms in p95_ms]


STEADY = stretches(50, 52, 48, 51)


def test_clients_ask_at_the_same_time_and_in_turn(serve: Callable[[App], Path]) -> None:
    met = threading.Event()
    meeting = threading.Barrier(4, action=met.set)
    seen: list[str] = []

    def app(got: Got) -> Reply:
        seen.append(got.target)
        if len(seen) > 2 and not met.is_set():  # behind the two that are sent in peace
            meeting.wait(20)
        return Reply(body=b"x" * 100)

    with Door(serve(app)) as door:
        quiet = in_peace(door, MESSAGES)
        found = closed_loop(door, MESSAGES, quiet, clients=4, seconds=0.2)
    assert met.is_set()
    assert found.failed == 0
    assert set(seen) == {"/a", "/b"}
    assert len(found.latencies_ms) >= 4


@pytest.mark.parametrize(
    ("reply", "fails"), [(Reply(body=b"x" * 90), False), (Reply(503), True), (Reply(body=b"{}"), True)]
)
def test_an_answer_that_says_less_under_load_is_none(
    serve: Callable[[App], Path], *, reply: Reply, fails: bool
) -> None:
    replies = iter([Reply(body=b"x" * 100)])
    with Door(serve(lambda _: next(replies, reply))) as door:
        quiet = in_peace(door, MESSAGES[:1])
        found = closed_loop(door, MESSAGES[:1], quiet, clients=1, seconds=0.05)
    assert (found.failed == len(found.latencies_ms)) is fails


@pytest.mark.parametrize(
    "now",
    [
        STEADY,
        stretches(40, 300, 41, 300),
        stretches(53, 54, 53, 55),
        stretches(10, 11, 12, 10),
        [*stretches(50, failed=30), *stretches(50, 50, 50)],
    ],
)
def test_what_is_not_worse_in_every_stretch_passes(now: list[Stretch]) -> None:
    assert judge_load(STEADY, now, clients=8).outcome == "passed"


@pytest.mark.parametrize(
    ("now", "signature"),
    [
        (stretches(60, 61, 70, 65), "load:p95"),
        (stretches(50, 50, 50, 50, failed=2), "load:errors"),
        (stretches(float("inf"), float("inf"), float("inf"), float("inf")), "load:p95"),
    ],
)
def test_what_is_worse_throughout_fails(now: list[Stretch], signature: str) -> None:
    result = judge_load(STEADY, now, clients=8)
    assert (result.outcome, result.signature) == ("failed", signature)


def test_errors_that_were_there_before_are_nobodys_fault() -> None:
    failing = stretches(50, 50, 50, 50, failed=3)
    assert judge_load(failing, failing, clients=8).outcome == "passed"
