"""A report held against an earlier one: which findings are new, which were known, which are gone.

What is the same finding is told by its id first, which no moved line and no formatting changes; then, for what is
left, by rule, function and subject (the statement was edited); last by rule, title and the function's own name,
where only one on either side has these (the file or the class was renamed).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from auditor.model.fault import Fault
from auditor.model.severity import Severity

if TYPE_CHECKING:  # as in auditor.engine.request
    from auditor.engine.request import Job
    from auditor.engine.result_cache import Result
    from auditor.model.baseline import BaselineState
    from auditor.model.report import Finding, Report

SCHEMA: Final = "auditor/report@1"
_FAMILY: Final = "auditor/report@"
_REMAKE: Final = "`auditor audit --format json --output FILE` writes one"
_TEXTS: Final = ("id", "rule", "title", "file", "function", "severity")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is needed of a finding of an earlier report."""

    id: str
    rule: str
    title: str
    file: str
    line: int
    function: str
    severity: Severity
    subject: str = ""
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """An earlier report, read for its findings alone: one with other fields beside them is as good."""

    source: str
    """The file or the revision, as the user named it."""
    commit: str | None
    files: frozenset[str]
    """The files it names."""
    findings: tuple[Earlier, ...]


def read_earlier(text: str, /, *, source: str) -> EarlierReport:
    """The report in `text`, JSON of `auditor/report@1`; `Fault` when it is none."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Fault(f"is no report: not JSON ({error})", where=source, hint=_REMAKE) from error
    except RecursionError as error:
        raise Fault("is no report: nested too deeply", where=source, hint=_REMAKE) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise Fault(_not_a_report(document, schema), where=source, hint=_REMAKE)
    try:
        findings = tuple(_earlier(found) for found in document["findings"])
        endpoints = {end["file"] for end in document.get("endpoints", ()) if isinstance(end["file"], str)}
        commit = document["target"].get("commit")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Fault(
            "is a damaged report: a finding or endpoint lacks what it must have", where=source, hint=_REMAKE
        ) from error
    return EarlierReport(
        source=source,
        commit=commit if isinstance(commit, str) else None,
        files=frozenset({found.file for found in findings} | endpoints),
        findings=findings,
    )


def with_baseline(result: "Result", job: "Job", /) -> "Result":
    """`result` held against the earlier report that the request names; itself where it names none."""
    earlier = job.request.baseline
    if earlier is None:
        return result
    from auditor.model.canonical import canonical_json  # noqa: PLC0415  brings the types of reports along
    from auditor.model.report import Report  # noqa: PLC0415

    report = compared(Report.model_validate_json(result.report), earlier, job)
    states = {(one.id, one.file, one.line): one.baseline for one in report.findings}
    findings = [
        {**found, "baseline": states[found["id"], found["file"], found["line"]]} for found in result.findings
    ]
    return replace(result, report=canonical_json(report), findings=findings)


def compared(report: "Report", earlier: EarlierReport, job: "Job", /) -> "Report":
    """`report` with each finding's state and a list of what is gone.

    Raises:
        Fault: nothing that the earlier report names is in this tree.
    """
    from auditor.model.baseline import Baseline, Gone  # noqa: PLC0415  as above

    states, left = _matched(report.findings, earlier.findings)
    here = {file.path for file in job.snapshot.files}
    if earlier.files and len(left) == len(earlier.findings) and not earlier.files & here:
        raise Fault(
            f"is a report of another tree: none of the {len(earlier.files)} files it names is in {job.request.path}",
            where=earlier.source,
            hint="make the baseline with the same PATH",
        )
    standing = [
        state for state, found in zip(states, report.findings, strict=True) if found.status != "refuted"
    ]
    gone = [found for found in left if _was_asked_for(found, report, job)]
    return report.model_copy(
        update={
            "findings": tuple(
                found.model_copy(update={"baseline": state})
                for found, state in zip(report.findings, states, strict=True)
            ),
            "baseline": Baseline(
                source=earlier.source,
                commit=earlier.commit,
                new=standing.count("new"),
                known=len(standing) - standing.count("new"),
                gone=tuple(
                    Gone(
                        id=one.id,
                        rule=one.rule,
                        title=one.title,
                        file=one.file,
                        line=one.line,
                        severity=one.severity,
                    )
                    for one in sorted(gone, key=lambda one: (one.file, one.line, one.rule, one.id))
                ),
            ),
        }
    )


def _not_a_report(document: object, schema: object) -> str:
    if isinstance(schema, str) and schema.startswith(_FAMILY):
        return f"is a report of another version, {schema[:40]}: this auditor reads {SCHEMA}"
    if isinstance(document, dict) and "runs" in document:
        return "is no report of auditor's in JSON: it looks like SARIF"
    return "is no report of auditor's: its schema is not auditor/report@1"


def _earlier(found: dict[str, Any]) -> Earlier:
    texts = {name: found[name] for name in _TEXTS}
    line, subject, endpoints = found["line"], found.get("subject", ""), found.get("endpoints", ())
    if not all(isinstance(value, str) for value in (*texts.values(), subject, *endpoints)):
        raise TypeError(texts)
    if type(line) is not int or line < 1:
        raise ValueError(line)
    severity = Severity(texts.pop("severity"))
    return Earlier(**texts, severity=severity, line=line, subject=subject, endpoints=tuple(endpoints))


def _matched(
    found: "Sequence[Finding]", earlier: Sequence[Earlier]
) -> "tuple[list[BaselineState], list[Earlier]]":
    """The state of each that was found, and the earlier ones that nothing was matched with."""
    pairing = _Pairing(found, earlier)
    pairing.pair(lambda one: (one.id, one.file), "known")
    pairing.pair(lambda one: one.id, "known")
    pairing.pair(lambda one: (one.rule, one.file, one.function, one.subject or one.title), "changed")
    pairing.pair(
        lambda one: (one.rule, one.title, one.function.rpartition(".")[2]), "changed", only_single=True
    )
    return [pairing.states.get(index, "new") for index in range(len(found))], pairing.left()


class _Pairing:
    """Who is whose: each on either side at most once."""

    def __init__(self, found: "Sequence[Finding]", earlier: Sequence[Earlier]) -> None:
        self._found = found
        self._earlier = earlier
        self.states: dict[int, BaselineState] = {}
        self._taken: set[int] = set()

    def left(self) -> list[Earlier]:
        """The earlier ones that nobody was paired with."""
        return [one for index, one in enumerate(self._earlier) if index not in self._taken]

    def pair(
        self,
        key: "Callable[[Finding | Earlier], Hashable]",
        state: "BaselineState",
        *,
        only_single: bool = False,
    ) -> None:
        """Pairs those with the same key, in their order; with `only_single`, those that one has on either side."""
        before = self._by_key(self._earlier, self._taken, key)
        now = self._by_key(self._found, self.states, key)
        for value, indexes in now.items():
            others = before.get(value, [])
            if only_single and not len(indexes) == len(others) == 1:
                continue
            for index, other in zip(indexes, others, strict=False):
                self.states[index] = state
                self._taken.add(other)

    @staticmethod
    def _by_key(
        each: "Iterable[Finding | Earlier]",
        done: Iterable[int],
        key: "Callable[[Finding | Earlier], Hashable]",
    ) -> dict[Hashable, list[int]]:
        over = frozenset(done)
        groups = defaultdict(list)
        for index, one in enumerate(each):
            if index not in over:
                groups[key(one)].append(index)
        return groups


def _was_asked_for(one: Earlier, report: "Report", job: "Job") -> bool:
    """Whether this audit looked for it at all."""
    request, settings = job.request, job.settings
    select = request.select or settings.select
    if (select and one.rule not in select) or one.rule in (*settings.ignore, *request.ignore):
        return False
    if not request.endpoints:
        return True
    return bool({endpoint.id for endpoint in report.endpoints} & set(one.endpoints))
