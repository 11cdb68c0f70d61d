"""What is needed of a run to have a model's changes tried in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.engine.passes import Examined
    from auditor.measure.workload import Workload
    from auditor.model.trial import Verdict
    from auditor.trial.memory import Memory
    from auditor.trial.proposal import Proposal
    from auditor.trial.recorder import Recorder
    from auditor.trial.trees import Tree, TreeStore


class Trying(Protocol):
    """What is needed of a run: what it has come to, and a way to try a change."""

    recorder: Recorder
    folder: Path
    memory: Memory
    store: TreeStore

    @property
    def known_good(self) -> Tree:
        """The last tree that passed every gate."""

    @property
    def workload(self) -> Workload:
        """What is asked of every tree."""

    @property
    def is_full(self) -> bool:
        """Whether as many changes are kept as were asked for."""

    @property
    def target_ms(self) -> int | None:
        """What endpoints should take at most."""

    def was_tried(self, change: str, /) -> bool:
        """Whether there is a verdict on it."""

    def attempt(self, proposal: Proposal, /, *, finding: str = "") -> Verdict:
        """Takes one proposal through the gates."""

    def statements(self) -> Mapping[str, Mapping[str, int]]:
        """By request of the workload that is counted, how often known-good ran each statement."""

    def read(self) -> Examined:
        """What an audit makes of known-good, with what the workload was counted to cost."""
