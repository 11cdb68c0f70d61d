"""Which effect of the trace each observed one is: by kind and place, and among several there by name and chain.

An observed effect belongs to the static one on its innermost application frame. Only where none lies there is a frame
further out good enough, and then a statement must also be about the table that the trace names. Rows that an ORM writes
at its flush belong to the write of that table that was asked for earlier.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from auditor.measure.reconciling.exercise import Exercise, steady, times
from auditor.measure.reconciling.naming import READING, is_about
from auditor.model.effect import EFFECT_KINDS, Status
from auditor.model.numbers import Number
from auditor.model.observation import ObservedEffect, ObservedFrame
from auditor.model.reconciled import Untraced
from auditor.model.report import Effect
from auditor.sql.secret_literals import without_secrets

_NEVER_REFUTED: Final = frozenset({"transaction", "lock"})
"""SQLite begins nothing for a read, and a lock nobody holds is not waited for: not seen here is not never."""
_NOT_LISTED: Final = frozenset({"transaction", "session"})
"""The driver takes and ends these around what was traced: as untraced effects they would tell nothing."""


@dataclass(slots=True)
class _Matching:
    """One request's effects by the static one they belong to, and the rest."""

    exercise: Exercise
    found: defaultdict[str, list[ObservedEffect]] = field(default_factory=lambda: defaultdict(list))
    rest: list[ObservedEffect] = field(default_factory=list)


def reconciled_effects(
    effects: Sequence[Effect], requests: Sequence[Exercise], /
) -> tuple[tuple[Effect, ...], tuple[Untraced, ...]]:
    """`effects` of one endpoint with status and count, and what was seen beside them; `requests` are for that endpoint."""
    if not requests:
        return tuple(effects), ()
    matchings = [_match(effects, request) for request in requests]
    judged = tuple(
        effect.model_copy(update={"status": status, "observed": observed})
        for effect in effects
        for status, observed in [_judged(effect, matchings)]
    )
    return judged, _untraced(matchings)


def _match(effects: Sequence[Effect], exercise: Exercise) -> _Matching:
    matching = _Matching(exercise)
    unsure: list[tuple[ObservedEffect, list[Effect]]] = []
    lazy = {(effect.stack, effect.text) for effect in exercise.effects if effect.kind == "lazy-load"}
    for seen in exercise.effects:
        candidates = _at_place(effects, seen)
        named = [effect for effect in candidates if _named(effect, seen, lazy)]
        if named or len(candidates) == 1:
            for effect in _nearest(named or candidates, seen):
                matching.found[effect.id].append(seen)
        elif candidates:
            unsure.append((seen, candidates))
        else:
            matching.rest.append(seen)
    for seen, candidates in unsure:
        free = [effect for effect in candidates if effect.id not in matching.found]
        for effect in _nearest(free or candidates, seen):
            matching.found[effect.id].append(seen)
    matching.rest = [seen for seen in matching.rest if not _flushed(seen, effects, matching)]
    return matching


def _at_place(effects: Sequence[Effect], seen: ObservedEffect) -> list[Effect]:
    fitting = [effect for effect in effects if _fits(effect, seen)]
    for depth, frame in enumerate(reversed(seen.stack)):
        exact = [effect for effect in fitting if effect.file == frame.file and effect.line == frame.line]
        here = exact or [effect for effect in fitting if _on_statement(effect, frame)]
        if depth and seen.kind == "sql":
            here = [effect for effect in here if is_about(seen.text, effect.label)]
        if here:
            return here
    return []


def _fits(effect: Effect, seen: ObservedEffect) -> bool:
    if effect.kind != seen.kind:
        return False
    if effect.kind != "sql" or effect.operation is None:
        return True
    return (effect.operation == "read") == (seen.op.upper() in READING)


def _on_statement(effect: Effect, frame: ObservedFrame) -> bool:
    first, last = effect.lines or (effect.line, effect.line)
    return effect.file == frame.file and first <= frame.line <= last


def _named(effect: Effect, seen: ObservedEffect, lazy: set[tuple[tuple[ObservedFrame, ...], str]]) -> bool:
    if seen.kind != "sql":
        return False
    return (seen.stack, effect.label) in lazy or is_about(seen.text, effect.label)


def _nearest(candidates: Sequence[Effect], seen: ObservedEffect) -> list[Effect]:
    """Those whose chain shares most with the stack; one place is listed once for each product of sizes."""
    lines = {(frame.file, frame.line) for frame in seen.stack}
    shared = [sum((step.file, step.line) in lines for step in effect.chain) for effect in candidates]
    return [effect for effect, number in zip(candidates, shared, strict=True) if number == max(shared)]


def _flushed(seen: ObservedEffect, effects: Iterable[Effect], matching: _Matching) -> bool:
    """Whether it is a write that the trace places where it was asked for; then it belongs there."""
    if seen.kind != "sql" or seen.op.upper() in READING:
        return False
    asked = [
        effect
        for effect in effects
        if effect.kind == "sql" and effect.operation == "write" and is_about(seen.text, effect.label)
        if matching.exercise.ran(effect.file, effect.line)
    ]
    for effect in asked:
        matching.found[effect.id].append(seen)
    return bool(asked)


def _judged(effect: Effect, matchings: Sequence[_Matching]) -> tuple[Status, Number | None]:
    found = [matching.found.get(effect.id, []) for matching in matchings]
    counts = [times(seen, effect.kind) for seen in found]
    ran = [matching for matching in matchings if matching.exercise.ran(effect.file, effect.line)]
    if any(counts):
        return "confirmed", counted(counts, repeats_agree=all(map(steady, found)))
    if not ran or effect.kind in _NEVER_REFUTED or any(_may_be(effect, matching) for matching in ran):
        return "suspected", None
    return "refuted", counted(counts)


def _may_be(effect: Effect, matching: _Matching) -> bool:
    """Whether something that belongs nowhere could be this effect after all, or something may have been lost."""
    function = effect.chain[-1].function.rpartition(".")[2] if effect.chain else ""
    return not matching.exercise.whole or any(
        seen.kind == effect.kind
        and (
            (seen.kind == "sql" and is_about(seen.text, effect.label))
            or any(
                frame.file == effect.file and function and function in frame.function.split(".")
                for frame in seen.stack
            )
        )
        for seen in matching.rest
    )


def counted(counts: Sequence[int], /, *, repeats_agree: bool = True) -> Number:
    """The highest count of one request, with the lowest beside it; `counts` is not empty, one a request."""
    basis = "one request" if len(counts) == 1 else f"the highest of {len(counts)} requests"
    return Number(
        value=float(max(counts)),
        kind="measured",
        n=len(counts),
        low=float(min(counts)),
        high=float(max(counts)),
        basis=basis if repeats_agree else f"{basis}; its repeats differ",
    )


def _untraced(matchings: Sequence[_Matching]) -> tuple[Untraced, ...]:
    places: defaultdict[tuple[str, str, ObservedFrame | None], list[int]] = defaultdict(
        lambda: [0] * len(matchings)
    )
    for number, matching in enumerate(matchings):
        for seen in matching.rest:
            if (
                seen.kind in EFFECT_KINDS
                and seen.kind not in _NOT_LISTED
                and (seen.stack or seen.kind == "sql")
            ):
                places[seen.kind, seen.text, seen.stack[-1] if seen.stack else None][number] += seen.count
    found = [
        Untraced(
            kind=kind,  # type: ignore[arg-type]  # one of EFFECT_KINDS
            text=without_secrets(text) if kind == "sql" else text,
            file=frame.file if frame else "",
            line=frame.line if frame else 0,
            function=frame.function if frame else "",
            observed=counted(counts),
        )
        for (kind, text, frame), counts in places.items()
    ]
    return tuple(
        sorted(found, key=lambda one: (-(one.observed.value or 0), one.file, one.line, one.kind, one.text))
    )
