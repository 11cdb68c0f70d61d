"""Which kept change the whole workload speaks against."""

from dataclasses import dataclass

import pytest

from auditor.engine.fixing.confirming import first_failing
from auditor.model.patch import Create, Patch
from auditor.model.trial import Verdict
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

    def holds(self, one: KeptChange) -> bool:
        self.times += 1
        return int(one.change.removeprefix("C-")) < self.wrong


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_the_first_that_fails_is_found_in_few_runs(count: int) -> None:
    for wrong in range(count):
        asked = Asked(wrong)
        assert first_failing(KEPT[:count], asked.holds) == wrong
        assert asked.times <= count.bit_length()
