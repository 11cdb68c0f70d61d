"""Questions about the tree as it stands: endpoints, their cost and chains, findings, plan, source."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from pydantic import JsonValue

from auditor.engine.assisting.answer import Answer, page_of, problem, shortened
from auditor.engine.assisting.standing import Standing
from auditor.engine.selection import matching_endpoints
from auditor.model.fault import Fault
from auditor.model.plan import Change
from auditor.model.report import Effect, Endpoint, Finding

MOST_LINES: Final = 250
"""Of source in one answer."""
_EFFECTS: Final = 25


def routes(standing: Standing, /, *, contains: str = "", page: int = 1) -> Answer:
    """Endpoints with their cost formulas."""
    wanted = contains.casefold()
    found = [one for one in standing.report.endpoints if wanted in f"{one.id} {one.handler}".casefold()]
    return page_of(
        [
            {
                "endpoint": one.id,
                "handler": one.handler,
                "place": f"{one.file}:{one.line}",
                "cost": {str(kind): cost.text for kind, cost in one.cost.items()},
            }
            for one in found
        ],
        page,
        name="endpoints",
    )


def trace(standing: Standing, /, *, endpoint: str, page: int = 1) -> Answer:
    """One endpoint's cost, and each effect with the chain of calls that leads to it, the most repeated first."""
    found = _endpoint(standing, endpoint)
    if not isinstance(found, Endpoint):
        return found
    ordered = sorted(found.effects, key=lambda one: -len(one.sizes))
    answer = page_of([_effect(one) for one in ordered], page, name="effects", size=_EFFECTS)
    unresolved = [f"{one.call} at {one.file}:{one.line}" for one in found.coverage.unresolved[:10]]
    return {
        "endpoint": found.id,
        "handler": found.handler,
        "place": f"{found.file}:{found.line}",
        "cost": {
            str(kind): cost.text if cost.complete else f"{cost.text} or more"
            for kind, cost in found.cost.items()
        },
        "calls": found.coverage.calls,
        "resolved_calls": found.coverage.resolved,
        "unresolved": list(unresolved),
        **answer,
    }


def findings(standing: Standing, /, *, endpoint: str = "", rule: str = "", page: int = 1) -> Answer:
    """Findings, the most severe first, one line each; `finding` tells all of one."""
    chosen: Iterable[Finding] = standing.report.findings
    if endpoint:
        one = _endpoint(standing, endpoint)
        if not isinstance(one, Endpoint):
            return one
        chosen = [f for f in chosen if one.id in f.endpoints]
    chosen = [f for f in chosen if not rule or f.rule == rule]
    ordered = sorted(chosen, key=lambda f: (-f.severity.rank, -f.confidence, f.id))
    return page_of(
        [
            {
                "id": one.id,
                "rule": one.rule,
                "title": one.title,
                "place": f"{one.file}:{one.line}",
                "severity": one.severity.value,
                "confidence": one.confidence,
                "endpoints": len(one.endpoints),
            }
            for one in ordered
        ],
        page,
        name="findings",
    )


def finding(standing: Standing, /, *, id_: str) -> Answer:
    """All of one finding."""
    found = next((one for one in standing.report.findings if one.id == id_), None)
    if found is None:
        return problem(
            f"there is no finding {id_!r} in the tree as it stands",
            "ask `findings`: ids live as long as the code",
        )
    return {
        "id": found.id,
        "rule": found.rule,
        "title": found.title,
        "function": found.function,
        "place": f"{found.file}:{found.line}-{found.end_line}",
        "related": [f"{one.role}: {one.file}:{one.line}-{one.end_line}" for one in found.related],
        "evidence": [one.text for one in found.evidence],
        "endpoints": list(found.endpoints[:20]),
        "confidence": found.confidence,
        "status": found.status,
        "fix": found.fix,
        "could_be_wrong": found.could_be_wrong,
        "playbook": found.playbook,
    }


def plan(standing: Standing, /, *, endpoint: str = "", page: int = 1) -> Answer:
    """The plan's changes, the most worthwhile first."""
    changes: Iterable[Change] = standing.report.plan.changes
    if endpoint:
        one = _endpoint(standing, endpoint)
        if not isinstance(one, Endpoint):
            return one
        changes = [c for c in changes if one.id in c.endpoints]
    phase_of = standing.report.plan.phase_of
    return page_of(
        [
            {
                "change": one.id,
                "phase": phase_of(one),
                "title": one.title,
                "findings": list(one.findings),
                "files": list(one.files),
                "expected": dict(one.expected),
                "steps": list(one.steps),
                "risk": one.risk,
                "verify": one.verify,
            }
            for one in changes
        ],
        page,
        name="changes",
        size=8,
    )


def files(standing: Standing, /, *, under: str = "", page: int = 1) -> Answer:
    """Paths of the tree."""
    found = [path for path in standing.paths if path.startswith(under)]
    return page_of(list(found), page, name="files", size=100)


def source(
    standing: Standing, /, *, symbol: str = "", file: str = "", line: int = 1, end_line: int = 0
) -> Answer:
    """Text of a function or class by its name, or of lines of a file, exactly as a patch has to find it."""
    if symbol:
        place = _symbol(standing, symbol)
        if isinstance(place, dict):
            return place
        file, line, end_line = place
    text = standing.read(file)
    if text is None:
        near = difflib.get_close_matches(file, standing.paths, n=3)
        return problem(
            f"there is no text file {file!r}", f"near: {', '.join(near)}" if near else "ask `files`"
        )
    lines = text.splitlines(keepends=True)
    first = max(line, 1)
    last = min(end_line or first + MOST_LINES - 1, first + MOST_LINES - 1, len(lines))
    shown, cut = shortened("".join(lines[first - 1 : last]))
    last = first + shown.count("\n") - (0 if shown.endswith("\n") or not shown else -1) - 1
    return {
        "file": file,
        "line": first,
        "end_line": max(last, first),
        "lines": len(lines),
        "text": shown,
        "truncated": cut or last < min(end_line or len(lines), len(lines)),
    }


def search(standing: Standing, /, *, text: str, under: str = "", page: int = 1) -> Answer:
    """Lines that hold a text exactly."""
    if not text.strip():
        return problem("an empty text is everywhere")
    hits: list[JsonValue] = [
        {"place": f"{path}:{number}", "text": line.strip()[:200]}
        for path in standing.paths
        if path.startswith(under)
        for number, line in enumerate((standing.read(path) or "").splitlines(), start=1)
        if text in line
    ]
    return page_of(hits, page, name="hits", size=30)


def _effect(one: Effect) -> Answer:
    return {
        "kind": str(one.kind),
        "what": one.label,
        "times": one.multiplicity,
        "status": one.status,
        "observed": None if one.observed is None else one.observed.value,
        "place": f"{one.file}:{one.line}",
        "chain": [f"{frame.function} {frame.file}:{frame.line}" for frame in one.chain],
    }


def _endpoint(standing: Standing, wanted: str) -> Endpoint | Answer:
    ids = [one.id for one in standing.report.endpoints]
    try:
        (id_, *_) = sorted(matching_endpoints((wanted,), ids))
    except Fault as fault:
        return problem(fault.what, fault.hint or "ask `routes`")
    return next(one for one in standing.report.endpoints if one.id == id_)


def _symbol(standing: Standing, symbol: str) -> tuple[str, int, int] | Answer:
    exact = standing.symbols.get(symbol)
    if exact is not None:
        return exact
    ending = [name for name in standing.symbols if name.endswith(f".{symbol}")]
    if len(ending) == 1:
        return standing.symbols[ending[0]]
    if ending:
        return problem(
            f"{symbol!r} is the name of {len(ending)}", f"one of: {', '.join(sorted(ending)[:10])}"
        )
    near = difflib.get_close_matches(symbol, standing.symbols, n=3, cutoff=0.5)
    return problem(
        f"there is no function or class {symbol!r}", f"near: {', '.join(near)}" if near else "ask `search`"
    )
