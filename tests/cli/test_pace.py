import io

import pytest

from auditor.cli.narration import Narration
from auditor.cli.pace import Pace
from auditor.cli.running_arguments import Narrated


@pytest.mark.parametrize(
    ("done", "total", "spent", "said"),
    [
        (1, 1000, 0.5, ""),
        (0, 1000, 60, ""),
        (1000, 1000, 60, ""),
        (999, 1000, 60, ""),
        (100, 1000, 4, ", about 40 s left"),
        (500, 1000, 6, ", about 10 s left"),
        (100, 1700, 12, ", about 3 min left"),
        (1, 3, 110, ", about 4 min left"),
    ],
)
def test_the_time_that_is_left_goes_by_what_was_done(done: int, total: int, spent: float, said: str) -> None:
    assert Pace(100.0).left(done, total, now=100.0 + spent) == said


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_hears_now_and_then_how_far_a_step_has_come() -> None:
    clock, stream = Clock(), io.StringIO()
    notes = Narrated(Narration(stream, clock=clock), clock=clock)
    notes.step("run 1 of 2: 1,000 requests")
    for done in range(1, 1001):
        clock.now += 0.0625
        notes.progress(done, 1000)
    assert stream.getvalue().splitlines() == [
        "auditor: run 1 of 2: 1,000 requests",
        "auditor: run 1 of 2: 1,000 requests: 320 of 1,000 done, about 40 s left",
        "auditor: run 1 of 2: 1,000 requests: 640 of 1,000 done, about 20 s left",
        "auditor: run 1 of 2: 1,000 requests: 960 of 1,000 done",
    ]


def test_a_terminal_sees_it_in_its_line() -> None:
    clock, stream = Clock(), Terminal()
    notes = Narrated(Narration(stream, clock=clock), clock=clock)
    notes.step("timing")
    clock.now += 10
    notes.progress(1, 10)
    assert stream.getvalue().endswith("auditor: timing 1 of 10, about 90 s left …")
