"""What the costliest endpoints do for one request, and what the names in the formulas count."""

import re
from collections.abc import Iterable
from typing import Final

from auditor.model.cost_text import brief_text
from auditor.model.effect import EFFECT_KINDS, RECURSION_DEPTH, UNKNOWN_SIZE
from auditor.model.report import CostTerm, Endpoint, KindCost, Report, Size
from auditor.report.document.drawings import flows
from auditor.report.document.escape import code, table
from auditor.report.figures import count

NOTABLE: Final = 5
"""So many operations of one kind put an endpoint into the table even if nothing grows."""
SHOWN: Final = 10
"""Endpoints in the table."""
_SIZE_ENDS: Final = re.compile("[ ·⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_RUN: Final = frozenset({"COMMAND", "TASK", "CONSUMER"})
"""Kinds of endpoints, by the first word of their id, for whose answer nobody waits."""
_CHEAP: Final = frozenset({"log", "cache"})
"""Kinds too cheap to put an endpoint above one with queries."""


def costs(report: Report) -> list[str]:
    """The blocks of the section; none without endpoints that do anything worth a line."""
    shown = notable(report.endpoints)[:SHOWN]
    if not shown:
        return []
    rows = [
        (code(endpoint.id), _cost(endpoint), code(f"{endpoint.file}:{endpoint.line}")) for endpoint in shown
    ]
    more = len(report.endpoints) - len(shown)
    rest = f"\n\nLeft out: {count(more, 'more endpoint')}; the JSON report has all." if more > 0 else ""
    head = table(("Endpoint", "One request", "Handler"), rows)
    return ["## What the costliest endpoints do", head + rest, *_sizes(shown, report), *flows(shown, report)]


def notable(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Endpoints that do something that grows, or a handful of things; the highest degree comes first, requests before the rest.

    What every request pays decides, and only then what a condition may save it.
    """
    return sorted((endpoint for endpoint in endpoints if _is_notable(endpoint)), key=_order)


def costs_by_kind(endpoint: Endpoint) -> list[tuple[str, KindCost]]:
    """The kinds that cost anything, in the order of reports."""
    shown = [(kind, endpoint.cost[kind]) for kind in EFFECT_KINDS if kind in endpoint.cost]
    return [(kind, cost) for kind, cost in shown if cost.terms]


def _order(endpoint: Endpoint) -> tuple[bool, list[int], list[int], str]:
    """Minus the operations by degree, highest degree first: `spaces²` comes before any `90·spaces`."""
    certain, possible = [0] * 6, [0] * 6
    for kind, cost in endpoint.cost.items():
        for term in cost.terms if kind not in _CHEAP else ():
            degree = min(len(term.sizes), 5)
            certain[degree] -= term.low
            possible[degree] -= term.low if term.high is None else term.high
    return endpoint.id.partition(" ")[0] in _RUN, certain[::-1], possible[::-1], endpoint.id


def _is_notable(endpoint: Endpoint) -> bool:
    return any(_terms_that_matter(cost.terms) for cost in endpoint.cost.values())


def _terms_that_matter(terms: Iterable[CostTerm]) -> bool:
    return any(term.sizes or term.high is None or term.high >= NOTABLE for term in terms)


def _cost(endpoint: Endpoint) -> str:
    return ", ".join(f"{kind} {code(brief_text(cost))}" for kind, cost in costs_by_kind(endpoint))


def _sizes(endpoints: Iterable[Endpoint], report: Report) -> list[str]:
    """What each name in the table counts, and where that is decided."""
    shown = [cost for endpoint in endpoints for cost in endpoint.cost.values()]
    written = {word for cost in shown for word in _SIZE_ENDS.split(brief_text(cost))}
    used = {size for cost in shown for term in cost.terms for size in term.sizes}
    known = [_size(name, report.sizes[name]) for name in sorted(used & written) if name in report.sizes]
    notes = [f"Sizes: {', '.join(known)}."] if known else []
    if UNKNOWN_SIZE in used:
        notes.append("`?`: nothing in the source tells how many.")
    if RECURSION_DEPTH in used:
        notes.append("“unknown depth”: a recursion.")
    if any(not cost.complete for cost in shown):
        notes.append("`≥`: some calls could not be followed, so it is at least this.")
    return [" ".join(notes)] if notes else []


def _size(name: str, size: Size) -> str:
    parts = [f"rows of {code(size.table)}"] if size.table and size.table != name else []
    if size.bound is not None:
        parts.append(f"at most {size.bound:,}")
    if size.file is not None:
        parts.append(code(f"{size.file}:{size.line}" if size.line else size.file))
    return f"{code(name)} ({', '.join(parts)})" if parts else code(name)
