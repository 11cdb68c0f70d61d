import io

import pytest

from auditor.cli.narration import Narration
from auditor.model.fault import Fault


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_short_run_says_nothing(clock: Clock) -> None:
    stream = Terminal()
    narration = Narration(stream, clock=clock)
    narration.progress("reading", 0, None)
    clock.now += 0.9
    narration.progress("reading", 5, 10)
    narration.clear()
    assert stream.getvalue() == ""


def test_outside_a_terminal_there_is_a_single_line(clock: Clock) -> None:
    stream = io.StringIO()
    narration = Narration(stream, clock=clock)
    narration.progress("reading", 0, None)
    clock.now += 2
    for done in range(1, 5):
        narration.progress("reading", done, 5)
        clock.now += 2
    narration.clear()
    assert stream.getvalue() == "auditor: reading 1 of 5 …\n"


def test_a_dumb_terminal_gets_lines_and_no_codes(clock: Clock) -> None:
    stream = Terminal()
    narration = Narration(stream, rewrites=False, clock=clock)
    narration.progress("reading", 0, None)
    clock.now += 2
    narration.progress("reading", 1, 5)
    narration.clear()
    narration.warn("x")
    assert not narration.is_terminal
    assert stream.getvalue() == "auditor: reading 1 of 5 …\nauditor: warning: x\n"


def test_on_a_terminal_one_line_is_rewritten_and_taken_away(clock: Clock) -> None:
    stream = Terminal()
    narration = Narration(stream, clock=clock)
    narration.progress("reading", 0, None)
    clock.now += 2
    narration.tick()
    narration.progress("reading", 1_000, 2_000)
    clock.now += 2
    narration.tick()
    narration.clear()
    erase = "\r\x1b[2K"
    assert stream.getvalue() == f"{erase}auditor: reading …{erase}auditor: reading 1,000 of 2,000 …{erase}"


def test_quiet_keeps_faults_and_warnings(clock: Clock) -> None:
    stream = io.StringIO()
    narration = Narration(stream, quiet=True, clock=clock)
    clock.now += 5
    narration.progress("reading", 1, 2)
    narration.say("wrote plan.md")
    narration.warn("careful")
    narration.fault(Fault("is empty", where="here", hint="fill it"))
    assert stream.getvalue() == "auditor: warning: careful\nauditor: here: is empty (fill it)\n"


def test_what_comes_from_the_target_cannot_steer_the_terminal(clock: Clock) -> None:
    stream = io.StringIO()
    Narration(stream, clock=clock).warn("file \x1b[31mred\x1b[0m\r\nauditor: all is well\x07")
    assert stream.getvalue() == "auditor: warning: file red auditor: all is well\n"


def test_a_closed_standard_error_does_no_harm(clock: Clock) -> None:
    stream = io.StringIO()
    narration = Narration(stream, clock=clock)
    stream.close()
    narration.warn("nobody hears")
    assert stream.closed
