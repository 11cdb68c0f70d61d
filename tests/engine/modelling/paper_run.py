"""A run that tries nothing in a sandbox: what `WithModel` and `Attempts` need of one, but for its verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor.measure.workload import Workload
from auditor.model.trial import Verdict
from auditor.trial.memory import Memory
from auditor.trial.recorder import Recorder
from auditor.trial.trees import Tree, TreeStore


@dataclass(kw_only=True)
class PaperRun:
    """`tried` holds the verdicts by change, in the order in which they were asked for."""

    folder: Path
    recorder: Recorder
    store: TreeStore
    memory: Memory
    workload: Workload
    is_full: bool = False
    target_ms: int | None = None
    tried: dict[str, Verdict] = field(default_factory=dict)

    @property
    def known_good(self) -> Tree:
        tree = self.recorder.ledger.known_good
        assert tree is not None
        return tree

    def statements(self) -> Mapping[str, Mapping[str, int]]:
        return {}

    def was_tried(self, change: str, /) -> bool:
        return change in self.tried
