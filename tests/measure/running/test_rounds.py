"""What a round sees of what a target leaves behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor.execution.boot import BootReport
from auditor.measure.running.rounds import Ending, Playing, Round, play_round
from auditor.measure.workload import workload_of
from auditor.model.fault import Fault


class Target:
    """A world and its server; at its end it writes what it was made with."""

    witness = None
    door = Path("nowhere")
    report = BootReport(ok=True, seconds=0.0, workers=1, log=Path("log"))

    def __init__(self, *at_its_end: str) -> None:
        self.rows: list[dict[str, str]] = []
        self.at_its_end = at_its_end
        self.stopped = self.writes = self.never_rests = False

    def reset(self) -> None:
        self.rows.clear()

    def dump(self) -> dict[str, tuple[dict[str, str], ...]]:
        if self.writes:
            raise Fault("is no database that can be read: half of it is written")
        return {"orders": tuple(self.rows)}

    @contextmanager
    def boot(self, **_: bool) -> Iterator["Target"]:
        self.rows.append({"id": "at boot"})
        self.writes = self.never_rests
        yield self

    def stop(self) -> None:
        self.stopped, self.writes = True, False
        self.rows += [{"id": one} for one in self.at_its_end]

    def settled(self, **_: float) -> bool:
        return True

    def records(self) -> tuple[bytes, ...]:
        return ()

    def alive(self) -> bool:
        return True

    def check(self) -> None: ...

    def asked(self) -> tuple[str, ...]:
        return ()


def played(target: Any, ending: Ending) -> Round:
    return play_round(target, workload_of([]), (), Playing(ending=ending))


def added(found: Round) -> list[object]:
    return [row["id"] for change in found.recording.changes.values() for row in change.added]


@pytest.mark.parametrize(("at_its_end", "quietly"), [((), True), (("late",), False)])
def test_what_it_does_at_its_end_belongs_to_it(at_its_end: tuple[str, ...], *, quietly: bool) -> None:
    let, seen = Target(*at_its_end), Target(*at_its_end)
    assert added(played(let, "let")) == ["at boot", *at_its_end]
    found = played(seen, "seen")
    assert added(found) == ["at boot", *at_its_end]
    assert found.ends_quietly is quietly
    assert let.stopped
    assert seen.stopped


def test_one_that_is_cut_is_not_waited_for() -> None:
    target = Target("late")
    found = played(target, "cut")
    assert (added(found), found.is_cut, found.ends_quietly) == (["at boot"], True, None)
    assert not target.stopped


@pytest.mark.parametrize(("ending", "quietly"), [("cut", None), ("seen", False)])
def test_what_is_just_being_written_is_looked_at_when_it_has_ended(
    ending: Ending, *, quietly: bool | None
) -> None:
    target = Target("late")
    target.never_rests = True
    found = played(target, ending)
    assert (added(found), found.is_cut, found.ends_quietly) == (["at boot", "late"], False, quietly)
    assert target.stopped
