"""Which kept change the whole workload speaks against."""

from dataclasses import dataclass

import pytest

from auditor.engine.fixing.confirming import first_failing, is_due
from auditor.model.patch import Create, Patch
from auditor.model.trial import GateResult, Verdict
from auditor.trial.ledger import KeptChange
from auditor.trial.trees import Tree

KEPT = [
    KeptChange(
        f"C-{number}",
        "Faster",
        Patch(base_tree="", edits=(Create(file="x.py", create="x"),)),
        Tree(f"c{number}", f"t{number}"),
        Verdict(verdict="kept", text="passed"),
    )
    for number in range(9)
]


@dataclass
class Asked:
    """Says that what stands from one change on does not hold, and how often it was asked."""

    wrong: int
    times: int = 0

    def failure_of(self, one: KeptChange) -> GateResult | None:
        self.times += 1
        if int(one.change.removeprefix("C-")) < self.wrong:
            return None
        return GateResult(gate="contract", outcome="failed", text=f"seen at {one.change}")


def test_nothing_is_looked_for_when_the_last_holds() -> None:
    asked = Asked(len(KEPT))
    assert first_failing(KEPT, asked.failure_of) is None
    assert asked.times == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_the_first_that_fails_is_found_in_few_runs(count: int) -> None:
    for wrong in range(count):
        asked = Asked(wrong)
        found = first_failing(KEPT[:count], asked.failure_of)
        assert found is not None
        assert found[0] == KEPT[wrong]
        assert found[1].text == f"seen at {KEPT[wrong].change}"
        assert asked.times <= 1 + (count - 1).bit_length()


def test_what_has_stood_is_asked_less_often() -> None:
    asked, confirmed = [], 0
    for kept in range(1, 80):
        if is_due(kept, kept - confirmed):
            asked.append(kept)
            confirmed = kept
    assert asked == [4, 12, 28, 44, 60, 76]
