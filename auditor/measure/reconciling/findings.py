"""Whether a finding held: its effects were seen as often as it claims, or its lines ran and they were not.

What is counted for a finding passes through its own statement and, where it names the places of its queries, reads or
calls, through one of these too: several findings may stand on one line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from auditor.measure.reconciling.effects import counted
from auditor.measure.reconciling.exercise import Exercise, passes, steady, times
from auditor.model.effect import EFFECT_KINDS, Status
from auditor.model.observation import ObservedEffect
from auditor.model.report import Evidence, Finding, Place
from auditor.model.text import code

SEVERAL: Final = 2
_NEVER_REFUTED: Final = frozenset({"transaction", "lock"})
_WITHIN: Final = frozenset({"query", "call", "read", "write"})
_BESIDE: Final = frozenset({"first", "duplicate"})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one request did for a finding."""

    request: Exercise
    effects: tuple[ObservedEffect, ...]
    count: int
    ran: bool
    """Whether the statement at fault ran."""


def reconciled_finding(finding: Finding, requests: Sequence[Exercise], /) -> Finding:
    """`finding` with its status, what was seen as a number, and that in words among its evidence.

    `requests` are all that may be used: shared code is as slow for one endpoint as for another. It takes every endpoint
    of the finding to refute it.
    """
    seen = [_seen(finding, request) for request in requests]
    ran = [one for one in seen if one.ran or one.count]
    if not ran:
        return finding
    status = _status(finding, ran)
    number = counted([one.count for one in ran], repeats_agree=all(steady(one.effects) for one in ran))
    if status == "suspected" and not number.value:
        return finding
    words = Evidence(kind="measured", text=_words(finding, ran, status))
    return finding.model_copy(
        update={"status": status, "observed": number, "evidence": (words, *finding.evidence)}
    )


def _seen(finding: Finding, request: Exercise) -> _Seen:
    kind = counted_kind(finding)
    effects = _effects(finding, request, kind)
    lazy = bool(effects) and all(effect.kind == "lazy-load" for effect in effects)
    ran = request.ran(finding.file, finding.line, finding.end_line)
    return _Seen(request, tuple(effects), times(effects, "lazy-load" if lazy else kind), ran)


def counted_kind(finding: Finding, /) -> str:
    """The kind of effect that is counted for it: that of its cost, else statements."""
    kind = finding.cost_term.kind if finding.cost_term else "sql"
    return kind if kind in EFFECT_KINDS else "sql"


def _effects(finding: Finding, request: Exercise, kind: str) -> list[ObservedEffect]:
    through = request.passing(finding.file, finding.line, finding.end_line)
    loaded = _loads(finding, request, through)
    if loaded:
        return loaded
    own = [effect for effect in through if effect.kind == kind]
    if _counts_effects(finding):
        named = [place for place in finding.related if place.role in _WITHIN and not _same(place, finding)]
        siblings = [place for place in named if _is_sibling(place, finding, request)]
        ways = [place for place in named if place not in siblings]
        within = [effect for effect in own if _passes_one(effect, ways)]
        if not within:
            elsewhere = _leads_elsewhere(ways, request, kind)
            within = [
                effect for effect in own if not elsewhere or (siblings and _is_asked_here(effect, finding))
            ]
        beside = [place for place in finding.related if place.role in _BESIDE]
        again = [effect for effect in request.effects if effect.kind == kind and _passes_one(effect, beside)]
        groups = [
            [e for e in request.effects if e.kind == kind and _passes_one(e, [one])] for one in siblings
        ]
        # Two that ran once each are not one that ran twice.
        return max([[*within, *(e for e in again if e not in own)], *groups], key=partial(times, kind=kind))
    queries = [place for place in finding.related if place.role == "query"]
    return own or [
        effect for effect in request.effects if effect.kind == kind and _passes_one(effect, queries)
    ]


def _counts_effects(finding: Finding) -> bool:
    """Whether it claims a number of operations, and not one of rows or of turns."""
    return finding.cost_term is not None and finding.cost_term.kind in EFFECT_KINDS


def _loads(finding: Finding, request: Exercise, through: Sequence[ObservedEffect]) -> list[ObservedEffect]:
    """The lazy loads of the relations that it names; the SQL of each is seen beside it and not counted again.

    Of several relations one is read at its line, and the others where it says so, in the same function or template.
    """
    names = {name.rpartition(".")[2] for name in finding.subject.split(", ") if name}
    if not finding.rule.startswith("lazy-load"):
        return []
    reads = [place for place in finding.related if place.role == "read" and place.file == finding.file]
    return [
        effect
        for effect in request.effects
        if effect.kind == "lazy-load"
        and effect.text.rpartition(".")[2] in names
        and (effect in through or _is_read_beside(effect, reads, finding))
    ]


def _is_read_beside(effect: ObservedEffect, reads: Sequence[Place], finding: Finding) -> bool:
    """Whether one of these places did it by itself, in the function or the template that the finding stands in."""
    if not effect.stack or not _passes_one(effect, reads):
        return False
    frame = effect.stack[-1]
    same = (
        finding.function == finding.file
        or frame.function.rpartition(".")[2] == finding.function.rpartition(".")[2]
    )
    return same and any(
        frame.file == place.file and place.line <= frame.line <= place.end_line for place in reads
    )


def _same(place: Place, finding: Finding) -> bool:
    return place.file == finding.file and place.line <= finding.end_line and finding.line <= place.end_line


def _is_sibling(place: Place, finding: Finding, request: Exercise) -> bool:
    """Whether it is no step on the way from the statement at fault: it was seen to run in the very function that this stands in."""
    name = finding.function.rpartition(".")[2]
    return place.file == finding.file and any(
        frame.file == place.file
        and place.line <= frame.line <= place.end_line
        and frame.function.rpartition(".")[2] == name
        for effect in request.effects
        for frame in effect.stack
        if not passes(effect, finding.file, finding.line, finding.end_line)
    )


def _is_asked_here(effect: ObservedEffect, finding: Finding) -> bool:
    """Whether the statement at fault asked it by itself."""
    frame = effect.stack[-1]
    return frame.file == finding.file and finding.line <= frame.line <= finding.end_line


def _passes_one(effect: ObservedEffect, places: Sequence[Place]) -> bool:
    return any(passes(effect, place.file, place.line, place.end_line) for place in places)


def _leads_elsewhere(places: Sequence[Place], request: Exercise, kind: str) -> bool:
    """Whether its own places were seen to do the same on another way, so that what passes here is something else."""
    return any(effect.kind == kind and _passes_one(effect, places) for effect in request.effects)


def _status(finding: Finding, ran: Sequence[_Seen]) -> Status:
    if not _counts_effects(finding):
        return (
            "confirmed"
            if any(_several_rows(one.effects) or _is_query(finding, one) for one in ran)
            else "suspected"
        )
    if any(_holds(finding, one) for one in ran):
        return "confirmed"
    term = finding.cost_term
    if term is None or term.kind in _NEVER_REFUTED or not all(one.request.whole for one in ran):
        return "suspected"
    judged = [one for one in ran if one.ran and (not term.sizes or _turned(finding, one))]
    exercised = {one.request.endpoint for one in judged}
    return "refuted" if judged and exercised.issuperset(finding.endpoints) else "suspected"


def _holds(finding: Finding, one: _Seen) -> bool:
    term = finding.cost_term
    if term is None:
        return False
    beside = [place for place in finding.related if place.role in _BESIDE]
    if beside and not term.sizes:
        own = [
            effect for effect in one.effects if passes(effect, finding.file, finding.line, finding.end_line)
        ]
        return bool(own) and one.count >= SEVERAL
    return one.count >= (SEVERAL if term.sizes else max(term.low, 1))


def _several_rows(effects: Sequence[ObservedEffect]) -> bool:
    return any(effect.rows is not None and effect.rows >= SEVERAL * effect.count for effect in effects)


def _is_query(finding: Finding, one: _Seen) -> bool:
    """A missing index is about a query whatever number of rows it gives."""
    return finding.cost_term is None and one.count > 0


def _turned(finding: Finding, one: _Seen) -> bool:
    """Whether the loop is known to have had several turns: something in it happened several times, or its rows were several."""
    loops = [place for place in finding.related if place.role == "loop"]
    queries = [place for place in finding.related if place.role == "query"]
    return any(
        (effect.count >= SEVERAL and _inside(effect, loops, finding))
        or (
            effect.kind == "sql"
            and _passes_one(effect, queries)
            and not passes(effect, finding.file, finding.line, finding.end_line)
            and _several_rows([effect])
        )
        for effect in one.request.effects
    )


def _inside(effect: ObservedEffect, loops: Sequence[Place], finding: Finding) -> bool:
    """On a line below the head of a loop: the head itself is where the rows are fetched."""
    return any(
        passes(effect, place.file, place.line + 1, place.end_line)
        for place in loops
        if place.end_line > place.line
    ) or passes(effect, finding.file, finding.line, finding.end_line)


def _words(finding: Finding, ran: Sequence[_Seen], status: Status) -> str:
    most = max(ran, key=lambda one: one.count)
    name = code(most.request.id)
    if status == "refuted":
        seen = "never seen" if not most.count else f"seen {_often(most.count)} at most"
        turns = (
            " although its loop had several turns" if finding.cost_term and finding.cost_term.sizes else ""
        )
        requests = "1 request" if len(ran) == 1 else f"{len(ran)} requests"
        return f"{seen} in {requests} that ran this line{turns}"
    rows = sum(effect.rows or 0 for effect in most.effects)
    fetched = (
        "" if _counts_effects(finding) or not rows else f", {rows:,} row{'s' if rows > 1 else ''} fetched"
    )
    what = "seen" if _counts_effects(finding) else "its queries ran"
    return f"{what} {_often(most.count)} in one request ({name}){fetched}"


def _often(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count:,} times"
