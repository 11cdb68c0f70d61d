"""`boot`: a worker of the real server boots with the candidate, answers, answers several at once, and lives through the workload."""

import time

from auditor.execution.boot import NotBooted
from auditor.execution.ran import CommandFailed
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.playing import Player
from auditor.trial.reference import EVERYTHING
from auditor.trial.trees import Tree

_EXCERPT = 40


class Boot:
    """The gate."""

    def __init__(self, player: Player, /, *, whole: bool = False) -> None:
        """`whole`: it is asked the whole workload, not the part that a trial begins with."""
        self._player = player
        self._whole = whole

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Failed with the first root error; see `blaming` for what else may go wrong."""
        began = time.monotonic()
        parts = EVERYTHING if self._whole else self._player.parts(candidate)
        try:
            if candidate.sought is None:
                self._player.play_ahead(tree, whole=self._whole)
            played = self._player.round(tree, parts)
        except NotBooted as fault:
            report = fault.report
            root = report.root_error
            return GateResult(
                gate="boot",
                outcome="failed",
                text=str(root) if root else report.text,
                evidence=tuple(root.excerpt.splitlines()[-_EXCERPT:]) if root else (report.text,),
                signature="boot:" + (":".join(root.signature) if root else str(report.problem)),
                seconds=time.monotonic() - began,
            )
        except CommandFailed as fault:
            return GateResult(
                gate="boot",
                outcome="failed",
                text=f"{fault.where}: {fault.what}",
                signature=f"boot:{fault.where}",
                seconds=time.monotonic() - began,
            )
        workers = played.boot.workers
        return GateResult(
            gate="boot",
            outcome="passed",
            text=f"{workers} worker{'s' if workers != 1 else ''} booted in {played.boot.seconds:.1f} s and answered",
            seconds=time.monotonic() - began,
        )
