"""What a person sees in a terminal: one screen of an audit, the routes, and the rules.

Everything fits `width` cells; text from the target is clean before it is shown. The tree of one endpoint's
chains is in `auditor.report.tree`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from auditor.model.plan import Change
from auditor.model.report import Endpoint, Finding, Report
from auditor.model.rule import RULE_GROUPS, RuleInfo
from auditor.model.severity import Severity
from auditor.model.text import clean, plain
from auditor.report.cells import Paint, Style, cut, cut_start, padded, width_of, wrapped
from auditor.report.document.baseline import new_findings, since_words
from auditor.report.document.costs import costs_by_kind
from auditor.report.document.measured import seen, target_words
from auditor.report.figures import count, share
from auditor.report.tree import render_trace_tree

__all__ = ["render_routes", "render_rules", "render_screen", "render_trace_tree"]

FIRST: Final = 3
"""Changes on the screen."""
NARROWEST: Final = 40
_COLOUR: Final[dict[Severity, Style]] = {
    Severity.CRITICAL: "red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "dim",
}


def render_screen(report: Report, *, width: int, colour: bool, plan_path: str | None) -> str:
    """The audit on one screen: what was read, the changes most worth doing and why, and where the plan is.

    At most 24 lines at a width of 80 or more. `plan_path` is None when no plan was written.
    """
    paint = Paint(colour)
    width = max(width, NARROWEST)
    changes = [change for change in report.plan.changes if change.rank]
    lines = [*_read(report, width, paint), *_since(report, width, paint), ""]
    if changes:
        lines.append(paint(cut(_headline(changes), width), "bold"))
        first = FIRST if report.baseline is None else FIRST - 1
        for number, change in enumerate(changes[:first], start=1):
            lines += [*_change(change, number, report, width, paint), ""]
    else:
        lines += [*wrapped(_nothing(report), width, lines=3), ""]
    if report.plan.target_ms is not None:
        lines.append(cut(plain(target_words(report).replace("**", "")), width))
    if plan_path is not None:
        lines.append(f"Plan: {paint(cut_start(plan_path, width - 6), 'bold')}")
    return "\n".join(lines).rstrip() + "\n"


def render_routes(endpoints: Iterable[Endpoint], *, width: int, colour: bool) -> str:
    """One line for each endpoint: its id, what a request costs, where it is handled."""
    paint = Paint(colour)
    rows = sorted(endpoints, key=lambda endpoint: (endpoint.file, endpoint.line, endpoint.id))
    if not rows:
        return "No endpoints were found.\n"
    name_width = min(max(width_of(cut(endpoint.id, width)) for endpoint in rows), max(20, width // 2))
    lines = []
    for endpoint in rows:
        place = f"{endpoint.file}:{endpoint.line}"
        rest = max(10, width - name_width - 2)
        shown = cut_start(place, rest)
        cost = _costs(endpoint, rest - len(shown) - 2)
        tail = f"{paint(shown, 'dim')}  {cost}" if cost else paint(shown, "dim")
        lines.append(f"{padded(endpoint.id, name_width)}  {tail}")
    return "\n".join(lines) + "\n"


def _costs(endpoint: Endpoint, room: int) -> str:
    """As many kinds as fit, whole; the first of them cut if not even it does."""
    parts = [clean(f"{kind} {cost.text}") for kind, cost in costs_by_kind(endpoint)]
    fitting = 0
    while fitting < len(parts) and len(", ".join(parts[: fitting + 1])) <= room:
        fitting += 1
    return ", ".join(parts[:fitting]) or cut(parts[0] if parts else "", room)


def render_rules(rules: Iterable[RuleInfo], *, width: int, colour: bool) -> str:
    """The rules by group: id, severity, what each finds."""
    paint = Paint(colour)
    known = sorted(rules, key=lambda rule: rule.id)
    id_width = max((len(rule.id) for rule in known), default=0)
    blocks = []
    for group in RULE_GROUPS:
        members = [rule for rule in known if rule.group == group]
        lines = [
            f"  {paint(padded(rule.id, id_width), 'cyan')}  "
            f"{paint(padded(rule.severity, 8), _COLOUR[rule.severity])}  "
            f"{cut(rule.title, max(10, width - id_width - 14))}"
            for rule in members
        ]
        blocks += ["\n".join([paint(group, "bold"), *lines])] if members else []
    return "\n\n".join(blocks) + "\n" if blocks else "No rules are known.\n"


def _read(report: Report, width: int, paint: Paint) -> list[str]:
    coverage = report.coverage
    facts = [
        count(coverage.files, "file"),
        count(coverage.lines, "line"),
        count(len(report.endpoints), "endpoint"),
    ]
    if coverage.calls:
        facts.append(f"{share(coverage.resolved_calls, coverage.calls)} of calls followed")
    if coverage.unparsed:
        facts.append(f"{count(len(coverage.unparsed), 'file')} not read")
    return [
        paint(line, "dim") for line in wrapped(f"Read {', '.join(facts)}. {_run(report)}", width, lines=2)
    ]


def _run(report: Report) -> str:
    if report.measured is None:
        return "Nothing was run."
    by_status = Counter(finding.status for finding in report.findings)
    figures = ", ".join(f"{by_status[status]} {status}" for status in ("confirmed", "refuted"))
    return f"Measured: {count(report.measured.requests, 'request')}, {figures}."


def _since(report: Report, width: int, paint: Paint) -> list[str]:
    """A line on what is new beside an earlier report, and the worst of it."""
    if report.baseline is None:
        return []
    words = f"Since {clean(report.baseline.source)}: {since_words(report.baseline)}."
    worst = [f"New: {clean(one.file)}:{one.line} {plain(one.title)}" for one in new_findings(report)[:1]]
    style: Style = "bold" if worst else "green"
    return [paint(cut(words, width), style), *(cut(line, width) for line in worst)]


def _headline(changes: Sequence[Change]) -> str:
    if len(changes) == 1:
        return "One change is worth doing:"
    return f"{count(len(changes), 'change')}; these first:"


def _change(change: Change, number: int, report: Report, width: int, paint: Paint) -> list[str]:
    findings = {finding.id: finding for finding in report.findings}
    found = [findings[name] for name in change.findings if name in findings]
    room = width - 3
    title, *more = wrapped(change.title, room, lines=2)
    style = _COLOUR[max((finding.severity for finding in found), key=lambda s: s.rank, default=Severity.LOW)]
    lines = [
        f"{paint(f'{number}.', style)} {paint(title, 'bold')}",
        *(f"   {paint(line, 'bold')}" for line in more),
    ]
    expected = ", ".join(f"{kind.replace('_', ' ')} {formula}" for kind, formula in change.expected.items())
    expected += seen(change)
    lines += [f"   {paint(line, 'green')}" for line in wrapped(expected, room, lines=1)]
    lines += [f"   {line}" for line in wrapped(change.why, room, lines=2 - len(more))]
    return [*lines, f"   {paint(_places(found, change, room), 'dim')}"]


def _places(found: Sequence[Finding], change: Change, width: int) -> str:
    tail = f"  {change.effort}, {change.id}"
    if not found:
        return cut(tail.strip(), width)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    place = f"{found[0].file}:{found[0].line}"
    return cut_start(place, width - len(more) - len(tail)) + more + tail


def _nothing(report: Report) -> str:
    if report.endpoints:
        return "Nothing found that is worth changing on the paths that could be followed."
    looked = ", ".join(report.coverage.looked_for)
    return (
        f"No endpoints were found, so there is nothing to plan.{f' Looked for: {looked}.' if looked else ''}"
    )
