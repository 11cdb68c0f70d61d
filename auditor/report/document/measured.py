"""What was measured, beside what was read: endpoints with their counts, what nobody traced, what nobody asked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from auditor.model.cost_text import brief_text
from auditor.model.numbers import Number
from auditor.model.plan import Change
from auditor.model.reconciled import Measured, Untraced
from auditor.model.report import Effect, Endpoint, Finding, Report
from auditor.report.document.escape import code, sentence, table, text
from auditor.report.figures import count
from auditor.sql.short_statement import short_statement

SHOWN: Final = 10
"""Endpoints in the table, and things seen and not traced; the JSON report has all."""
_LONGEST: Final = 90


def measured(report: Report) -> list[str]:
    """The blocks of the section; none when nothing was measured."""
    if report.measured is None:
        return []
    return [
        "## What was measured",
        _source(report.measured, report.findings),
        *_table(report),
        *_refuted(report.findings),
        *_untraced(report.endpoints),
        *_unreached(report.measured),
    ]


def seen(change: Change) -> str:
    """` (seen in one request: 66)` for what was counted of a change; empty when nothing was."""
    if not change.observed:
        return ""
    several = len(change.observed) > 1
    kinds = [
        f"{text(kind)} {times(number)}" if several else times(number)
        for kind, number in change.observed.items()
    ]
    return f" (seen in one request: {', '.join(kinds)})"


def times(number: Number) -> str:
    """The count as a person reads it; a mean may have a fraction."""
    return "?" if number.value is None else f"{number.value:,.1f}".removesuffix(".0")


def target_words(report: Report) -> str:
    """Whether the target is met by what was timed, as Markdown; why that is not known otherwise."""
    target_ms = report.plan.target_ms
    if target_ms is None:
        return ""
    head = f"**Target {target_ms:,} ms:**"
    timed = [
        (one.measured.vector.latency_ms.value, one.id)
        for one in report.endpoints
        if one.measured is not None and one.measured.vector.latency_ms.value is not None
    ]
    if not timed:
        why = (
            "no request has been measured"
            if report.measured is None
            else "requests were counted and not timed"
        )
        return f"{head} can't be judged yet, because {why}."
    slow = sorted((found for found in timed if found[0] > target_ms), reverse=True)
    if not slow:
        return f"{head} met by {count(len(timed), 'timed endpoint')}, cold and on average."
    names = ", ".join(f"{code(name)} takes {value:,.0f} ms" for value, name in slow[:3])
    more = f" and {len(slow) - 3} more" if len(slow) > 3 else ""
    return f"{head} missed by {len(slow)} of {count(len(timed), 'timed endpoint')}: {names}{more}."


def _source(where: Measured, findings: Sequence[Finding]) -> str:
    by_status = Counter(finding.status for finding in findings)
    sender = "the target's own tests sent" if where.source == "tests" else "the workload has"
    facts = [f"{sender[0].upper()}{sender[1:]} {count(where.requests, 'request')}"]
    if where.void:
        facts.append(f"{where.void:,} of them void")
    if "scale of counts" in where.environment:
        facts.append(f"counted on data of scale {where.environment['scale of counts']}")
    told = ", ".join(text(fact) for fact in facts if fact)
    claims = ", ".join(f"{by_status[status]:,} {status}" for status in ("confirmed", "suspected", "refuted"))
    checked = (
        "The counts agree with what the database's side saw."
        if where.witnessed
        else "The counts are the probe's alone."
    )
    warned = (
        [] if where.same_tree is not False else ["**What was measured is other code than what was read.**"]
    )
    return " ".join([*warned, f"{told}. {count(len(findings), 'finding')}: {claims}. {checked}"])


def _table(report: Report) -> list[str]:
    measured_ones = [one for one in report.endpoints if one.measured is not None]
    if not measured_ones:
        return []
    measured_ones.sort(key=lambda one: (-_value(one, "latency_ms"), -_value(one, "sql"), one.id))
    rows = [_row(endpoint) for endpoint in measured_ones[:SHOWN]]
    head = ("Endpoint", "ms, cold", "SQL, read", "SQL, at most", "Rows, at most", "Effects seen")
    more = len(measured_ones) - len(rows)
    rest = f"\n\nAnd {count(more, 'more endpoint')} in the JSON report." if more else ""
    return [table(head, rows) + rest]


def _row(endpoint: Endpoint) -> tuple[str, ...]:
    found = endpoint.measured
    assert found is not None
    cost = endpoint.cost.get("sql")
    latency = found.vector.latency_ms.value
    return (
        code(endpoint.id),
        "not timed" if latency is None else f"{latency:,.0f}",
        "" if cost is None else code(brief_text(cost)),
        _at_most(endpoint, "sql"),
        _at_most(endpoint, "rows"),
        _shares(endpoint.effects),
    )


def _value(endpoint: Endpoint, key: str) -> float:
    number: Number | None = getattr(endpoint.measured.vector, key) if endpoint.measured else None
    return 0.0 if number is None or number.value is None else number.value


def _at_most(endpoint: Endpoint, key: str) -> str:
    number: Number | None = getattr(endpoint.measured.worst, key) if endpoint.measured else None
    if number is None or number.value is None:
        return "" if number is None else text(number.basis)
    return times(number)


def _shares(effects: Iterable[Effect]) -> str:
    statuses = Counter(effect.status for effect in effects)
    total = sum(statuses.values())
    never = f", {statuses['refuted']} never" if statuses["refuted"] else ""
    return f"{statuses['confirmed']} of {total}{never}" if total else "none traced"


def _refuted(findings: Iterable[Finding]) -> list[str]:
    gone = [finding for finding in findings if finding.status == "refuted"]
    if not gone:
        return []
    lines = ["**Refuted**, and so left out of the plan:", ""]
    for finding in gone[:SHOWN]:
        why = next((sentence(one.text) for one in finding.evidence if one.kind == "measured"), "")
        lines.append(f"- {code(f'{finding.file}:{finding.line}')} {sentence(finding.title)}: {why}")
    more = len(gone) - SHOWN
    return ["\n".join([*lines, *([f"- and {more} more"] if more > 0 else [])])]


def _untraced(endpoints: Iterable[Endpoint]) -> list[str]:
    found = [(one, end.id) for end in endpoints if end.measured is not None for one in end.measured.untraced]
    if not found:
        return []
    merged: dict[tuple[str, str, str, int], tuple[Untraced, list[str]]] = {}
    for one, name in found:
        known = merged.setdefault((one.kind, one.text, one.file, one.line), (one, []))
        known[1].append(name)
    rows = sorted(merged.values(), key=lambda row: (-(row[0].observed.value or 0), row[0].file, row[0].line))
    lines = ["**Seen and not traced:** no formula has these.", ""]
    lines += [_untraced_line(one, names) for one, names in rows[:SHOWN]]
    more = len(rows) - SHOWN
    return ["\n".join([*lines, *([f"- and {more} more in the JSON report"] if more > 0 else [])])]


def _untraced_line(one: Untraced, names: Sequence[str]) -> str:
    short = short_statement(one.text, _LONGEST)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    place = f"at {code(f'{one.file}:{one.line}')}" if one.file else "by a library, outside your lines"
    return f"- {times(one.observed)} × {text(one.kind)} {code(short)} {place} ({code(names[0])}{more})"


def _unreached(where: Measured) -> list[str]:
    if not where.unreached:
        return []
    names = ", ".join(code(name) for name in where.unreached[:SHOWN])
    more = f" and {len(where.unreached) - SHOWN} more" if len(where.unreached) > SHOWN else ""
    return [f"**Not asked:** {count(len(where.unreached), 'endpoint')} got no usable request: {names}{more}."]
