"""Two copies of the data of one scale: what is waited for before they are made."""

from types import SimpleNamespace
from typing import Any

from auditor.measure.workload import workload_of
from auditor.trial.side_by_side import SideBySide
from auditor.trial.trees import Tree

BASE, OTHER = Tree("base", "base"), Tree("other", "other")


class Bench:
    """Makes worlds, and tells when."""

    recipe = SimpleNamespace(boot=SimpleNamespace(migrate=None))

    def __init__(self) -> None:
        self.told: list[str] = []

    def world(self, *_: object, **__: object) -> Any:
        self.told.append("made")
        return SimpleNamespace(prepare=lambda **_: None, close=lambda: None, template="t", is_apart=True)


class Store:
    def changed(self, *_: Tree) -> tuple[str, ...]:
        return ()


def test_data_that_are_being_prepared_elsewhere_are_waited_for_and_not_made_twice() -> None:
    bench = Bench()
    places = {"scale": 40, "env": {}, "settle": lambda: bench.told.append("settled")}
    with SideBySide(bench, Store(), BASE, workload_of([]), **places) as stage:  # type: ignore[arg-type]
        stage.world(BASE)
        assert bench.told == ["settled", "made"]
        stage.world(OTHER)
        assert bench.told == ["settled", "made", "made"]
