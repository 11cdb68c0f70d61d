"""Statements that one request ran again and again and no rule had spoken of: findings that only measuring makes."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.measure.reconciling.exercise import Exercise
from auditor.measure.reconciling.naming import READING, tables_of
from auditor.model.numbers import Number
from auditor.model.observation import ObservedEffect, ObservedFrame, loaded_by
from auditor.model.report import Endpoint, Evidence, Finding, TermAtStake
from auditor.model.text import code, listed
from auditor.rules.repeated_statement import RULE
from auditor.sql.short_statement import short_statement

LEAST: Final = 5
"""Runs of one statement in one request from which on it counts as repeated: where Sentry's detector of N+1 queries starts
(docs.sentry.io, performance issues, N+1 queries). Written out one by one they stand on several lines, and don't count."""
_CONFIDENCE: Final = 0.9
"""It was seen; that it grows with the data was not."""
_MOST_FRAMES: Final = 4

Place = tuple[str, int]
"""File and line; `("", 0)` where no frame of the application was on the stack."""


@dataclass(frozen=True, slots=True)
class _Repeated:
    """One statement at one place, for one endpoint."""

    endpoint: Endpoint
    text: str
    observed: Number
    effects: tuple[ObservedEffect, ...]
    """All that was seen of it, of every request."""
    relation: str
    """`Post.author`, where an ORM said that it loads it; else empty."""


def repeated_statements(
    endpoints: Iterable[Endpoint], known: Sequence[Finding], requests: Sequence[Exercise], /
) -> tuple[Finding, ...]:
    """One finding for each statement and place; `endpoints` and `known` are those of the reconciled report."""
    grouped: defaultdict[tuple[str, Place], list[_Repeated]] = defaultdict(list)
    for endpoint in endpoints:
        own = [request for request in requests if request.endpoint == endpoint.id]
        for one, place in _repeated(endpoint, own):
            if not _is_told(one, known):
                grouped[one.relation or one.text, place].append(one)
    return tuple(_finding(group, place) for (_, place), group in sorted(grouped.items()))


def _repeated(endpoint: Endpoint, requests: Sequence[Exercise]) -> Iterator[tuple[_Repeated, Place]]:
    for one in endpoint.measured.untraced if endpoint.measured else ():
        if one.kind != "sql" or not _reads(one.text) or (one.observed.value or 0) < LEAST:
            continue
        place = (one.file, one.line)
        seen = tuple(
            effect
            for request in requests
            for effect in request.effects
            if effect.kind == "sql" and effect.text == one.text and _place(effect.stack) == place
        )
        yield _Repeated(endpoint, one.text, one.observed, seen, _relation(seen, requests)), place


def _reads(statement: str) -> bool:
    return statement.lstrip("( ").partition(" ")[0].upper() in READING


def _place(stack: Sequence[ObservedFrame]) -> Place:
    return (stack[-1].file, stack[-1].line) if stack else ("", 0)


def _relation(seen: Sequence[ObservedEffect], requests: Sequence[Exercise]) -> str:
    """What an ORM loaded by it, as each request that ran it says."""
    loads = {
        loaded_by(effect, request.effects)
        for request in requests
        for effect in request.effects
        if any(effect is one for one in seen)
    }
    return loads.pop() if len(loads) == 1 else ""


def _is_told(one: _Repeated, known: Iterable[Finding]) -> bool:
    """Whether a finding says it already: its place was passed on the way, or it names what is loaded."""
    passed = {(frame.file, frame.line) for effect in one.effects for frame in effect.stack}
    name = one.relation.rpartition(".")[2]
    return any(
        (name and name == finding.subject.rpartition(".")[2])
        or any(finding.file == file and finding.line <= line <= finding.end_line for file, line in passed)
        for finding in known
        if one.endpoint.id in finding.endpoints
        and finding.cost_term is not None
        and finding.cost_term.kind == "sql"
    )


def _finding(group: Sequence[_Repeated], place: Place) -> Finding:
    most = max(group, key=lambda one: one.observed.value or 0)
    times = int(most.observed.value or 0)
    file, line = place if place[0] else (most.endpoint.file, most.endpoint.line)
    stack = max((effect.stack for effect in most.effects), key=len, default=())
    function = stack[-1].function if stack else most.endpoint.handler
    table = next(iter(tables_of(most.text)), "")
    what = code(most.relation) if most.relation else code(f"SELECT {table}" if table else most.text)
    done = "is loaded" if most.relation else "is run"
    name = f"{RULE.id}\0{function}\0{most.relation or most.text}".encode("utf-8", "surrogateescape")
    return Finding(
        id=f"F-{hashlib.blake2b(name, digest_size=5).hexdigest()}",
        rule=RULE.id,
        title=f"{what} {done} {times} times by one request, one row at a time",
        file=file,
        line=line,
        end_line=line,
        function=function,
        endpoints=tuple(sorted({one.endpoint.id for one in group})),
        severity=RULE.severity,
        confidence=_CONFIDENCE,
        status="confirmed",
        observed=most.observed,
        evidence=tuple(_evidence(most, stack, times)),
        subject=most.relation or table,
        cost_term=TermAtStake(kind="sql", low=times, high=times),
        could_be_wrong="The number is that of a fixed list: measured at two sizes of data (`--growth 1,4`) it stays the same.",
        fix=_fix(most),
    )


def _evidence(one: _Repeated, stack: Sequence[ObservedFrame], times: int) -> Iterator[Evidence]:
    statement = code(short_statement(one.text))
    yield Evidence(
        kind="measured",
        text=f"one {code(one.endpoint.id)} ran {statement} {times} times, each time with other values",
    )
    if stack:
        frames = [code(f"{frame.file}:{frame.line}") for frame in stack[-_MOST_FRAMES:]]
        yield Evidence(kind="chain", text=f"asked from {listed(list(reversed(frames)), _MOST_FRAMES)}")
    else:
        yield Evidence(
            kind="note",
            text="no line of the application was running: a library asked, as when it writes what the handler returned",
        )


def _fix(one: _Repeated) -> str:
    if one.relation:
        return f"Load {code(one.relation)} together with the rows, where these are queried."
    return "Ask for all rows at once before, with the keys in an `IN`, or load them together with the rows they belong to."
