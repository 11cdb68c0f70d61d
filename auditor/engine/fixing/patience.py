"""When several changes in a row come to nothing, the run goes back to the analysis and on to something else."""

from typing import Final

from auditor.model.trial import Verdict
from auditor.model.trial_events import SentBackData

MOST_IN_A_ROW: Final = 3
"""DESIGN section 8 says several. One is chance, two may share a cause; the third costs as much as going on to something else would."""


class Patience:
    """Counts what came to nothing since the last change that was kept."""

    def __init__(self) -> None:
        self._row: list[tuple[str, str]] = []
        self._kept: set[str] = set()

    def after(self, change: str, codemod: str, verdict: Verdict, /) -> SentBackData | None:
        """What to record when it is time to go back; a trial that says nothing about its change is not counted."""
        if verdict.verdict == "void":
            return None
        if verdict.verdict == "kept":
            self._kept.add(codemod)
            self._row.clear()
            return None
        self._row.append((change, codemod))
        if len(self._row) < MOST_IN_A_ROW:
            return None
        fruitless = sorted({codemod for _, codemod in self._row} - self._kept)
        data = SentBackData(failures=tuple(change for change, _ in self._row), set_aside=tuple(fruitless))
        self._row.clear()
        return data
