"""Finished reports by what was asked for and the state of the tree, so that nothing is read twice.

Kept as text: a run that finds its report here needs neither the parser nor the report's types. What endpoints should
take at most is told in one place of a report and changes nothing else in it: it is set when a report is taken out.
Beside each stands what was read for the latest of the same question (`read_before`): a tree that differs only in
other things has the same result.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from auditor.engine.fingerprint import tool_fingerprint
from auditor.engine.request import Job
from auditor.engine.store import Store, text_key

_FORMAT: Final = "3"
_KEPT: Final = 128
"""Results, and what was read for them, each a text."""
_TARGET: Final = '\n  "plan": {\n    "target_ms": '
"""What stands before the target in a canonical report: line breaks within a string would be escaped."""


@dataclass(frozen=True, slots=True)
class Result:
    """A finished audit in the form in which events tell it."""

    report: str = field(repr=False)
    """`auditor/report@1` as canonical JSON."""
    coverage: dict[str, int]
    """Fields of `CoverageNotedData`."""
    findings: Sequence[dict[str, Any]]
    """Fields of `FindingData`, in the report's order."""


class ResultCache:
    """The results of one job in the user's cache folder."""

    def __init__(self, cache_dir: Path, job: Job, /) -> None:
        self._results = Store(cache_dir / "results", keep=_KEPT)
        self._cache_dir, self._job = cache_dir, job
        request, snapshot = job.request, job.snapshot
        self._question = text_key(
            _FORMAT,
            tool_fingerprint(),
            str(request.path),
            str(snapshot.root),
            str((snapshot.commit, snapshot.dirty, snapshot.branch)),
            str((request.endpoints, request.select, request.ignore)),
            str(replace(job.settings, target_ms=None)),
        )
        self._key = text_key(self._question, snapshot.state)
        self._target_ms = request.target_ms or job.settings.target_ms

    def find(self) -> Result | None:
        """The result for the tree as it is now, if there is one."""
        text = self._results.get(self._key) or self._of_the_same_meaning()
        if text is None:
            return None
        head, _, report = text.partition("\n")
        try:
            told = json.loads(head)
            return Result(with_target(report, self._target_ms), told["coverage"], told["findings"])
        except (ValueError, KeyError, TypeError):
            return None  # of another form: as good as none

    def keep(self, result: Result, /) -> None:
        """Keeps `result`; OSError when the folder can't take it."""
        head = json.dumps({"coverage": result.coverage, "findings": result.findings})
        self._keep_text(f"{head}\n{result.report}")

    def _of_the_same_meaning(self) -> str | None:
        """The result for a tree in which nothing was different that an audit reads; kept for this one as well."""
        noted = self._results.get(self._question)
        if noted is None:
            return None
        from auditor.engine.read_before import ReadBefore  # noqa: PLC0415  brings the parser along

        try:
            before = ReadBefore.from_text(noted)
        except (ValueError, KeyError, TypeError):
            return None  # of another form: as good as none
        text = self._results.get(before.result)
        if text is None or not before.holds_for(self._job, self._cache_dir):
            return None
        with contextlib.suppress(OSError):
            self._keep_text(text)
        return text

    def _keep_text(self, text: str) -> None:
        from auditor.engine.read_before import ReadBefore  # noqa: PLC0415  as above

        self._results.put(self._key, text)
        self._results.put(self._question, ReadBefore.of(self._job, self._cache_dir, self._key).to_text())


def with_target(report: str, target_ms: int | None) -> str:
    """A canonical report that names another target; ValueError where it is none."""
    before, found, after = report.partition(_TARGET)
    if not found:
        raise ValueError("no plan")
    _, end, rest = after.partition(",\n")
    return f"{before}{found}{json.dumps(target_ms)}{end}{rest}"
