"""What rules share of a scene."""

from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import Semantics


def test_what_several_rules_look_at_is_worked_out_once() -> None:
    scene = Scene(analyse(Project([]), [], knowledge=load(), semantics=Semantics()), load())
    asked: list[Scene] = []

    def counted(given: Scene) -> int:
        asked.append(given)
        return len(asked)

    def another(_given: Scene) -> str:
        return "another"

    assert (scene.once(counted), scene.once(another), scene.once(counted)) == (1, "another", 1)
    assert asked == [scene]
