"""What was not looked at, with figures: a thin trace must not read like a clean one."""

from typing import Final

from auditor.model.report import Endpoint, Report
from auditor.report.document.escape import code, sentence, text
from auditor.report.document.summary import looked_for
from auditor.report.figures import count, share

SHOWN: Final = 5


def limits(report: Report) -> list[str]:
    """The blocks of the section; never empty."""
    coverage = report.coverage
    lines = _not_run(report)
    if not report.endpoints and report.plan.changes:
        lines.append(f"No endpoints were found, so nothing tells which requests pay.{looked_for(report)}")
    lines += _calls(report)
    if coverage.unparsed:
        shown = [f"{code(entry.file)} ({text(entry.reason)})" for entry in coverage.unparsed[:SHOWN]]
        lines.append(
            f"{count(len(coverage.unparsed), 'file')} could not be read: {_some(shown, coverage.unparsed)}."
        )
    if coverage.skipped:
        reasons = ", ".join(
            f"{number:,} {text(reason)}" for reason, number in sorted(coverage.skipped.items())
        )
        lines.append(f"Files left aside on purpose: {reasons}.")
    if coverage.unreached_effects:
        lines.append(
            f"{count(coverage.unreached_effects, 'operation')} in code that no known endpoint reaches "
            "(commands, dead code, or routes that were not recognised)."
        )
    if coverage.suppressed:
        lines.append(f"{count(coverage.suppressed, 'finding')} silenced by comments or settings.")
    refuted = sum(finding.status == "refuted" for finding in report.findings)
    if refuted:
        lines.append(f"{count(refuted, 'finding')} left out of the plan because observation refuted them.")
    lines += [sentence(note) for note in coverage.notes]
    lines += [sentence(note) for note in report.measured.notes] if report.measured else []
    return ["## What was not looked at", "\n".join(f"- {line}" for line in lines)]


def _not_run(report: Report) -> list[str]:
    where = report.measured
    if where is None:
        return ["Nothing was run: no times, no row counts, nothing that only configuration or data decides."]
    asked = len(report.endpoints) - len(where.unreached)
    measured = f"{asked:,} of {count(len(report.endpoints), 'endpoint')} were measured"
    return [
        f"{measured}; of the others nothing is known but what was read.",
        "“Suspected” means not exercised, and “refuted” means exercised and not seen, on this data.",
    ]


def _calls(report: Report) -> list[str]:
    coverage = report.coverage
    missing = coverage.calls - coverage.resolved_calls
    if missing <= 0:
        return []
    line = (
        f"{missing:,} of {count(coverage.calls, 'call')} below endpoints ({share(missing, coverage.calls)}) "
        "could not be followed: what they cost is not in any formula."
    )
    thin = sorted(
        (end for end in report.endpoints if _missing(end)), key=lambda end: (-_missing(end), end.id)
    )
    if not thin:
        return [line]
    names = [
        f"{code(end.id)} ({_missing(end):,} of {end.coverage.calls:,}{_example(end)})" for end in thin[:SHOWN]
    ]
    return [line, f"Endpoints with the most such calls: {_some(names, thin)}."]


def _missing(endpoint: Endpoint) -> int:
    return endpoint.coverage.calls - endpoint.coverage.resolved


def _example(endpoint: Endpoint) -> str:
    calls = endpoint.coverage.unresolved
    return f", such as {code(calls[0].call)}" if calls else ""


def _some(shown: list[str], every: tuple[object, ...] | list[Endpoint]) -> str:
    more = len(every) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
