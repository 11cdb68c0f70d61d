"""The trace as the report tells it: endpoints with cost, effects, chains and coverage."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Final

from auditor.model.cost_text import kind_cost
from auditor.model.effect import EFFECT_KINDS
from auditor.model.report import CostTerm, Effect, Endpoint, EndpointCoverage, Frame, Size, UnresolvedCall
from auditor.trace.chains import Chain, chains, functions_below
from auditor.trace.cost import CostTable, Sizes

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.trace.analysis import Root, Trace

MAX_UNRESOLVED: Final = 20
"""Unresolved calls listed per endpoint; all are counted."""


def endpoints(trace: Trace, table: CostTable) -> tuple[tuple[Endpoint, ...], dict[str, Size]]:
    """Every entry point with what it costs, by id, and the sizes that the formulas name."""
    named: dict[str, Size] = {}
    made = [endpoint(trace, table, root, named) for root in trace.entries if root.entry is not None]
    return tuple(sorted(made, key=lambda e: e.id)), dict(sorted(named.items()))


def endpoint(trace: Trace, table: CostTable, root: Root, named: dict[str, Size]) -> Endpoint:
    entry = root.entry
    assert entry is not None
    listed, whole = chains(trace.machine, root.summary)
    effects: dict[str, Effect] = {}
    by_term: dict[tuple[str, Sizes], list[str]] = {}
    for chain in listed:
        shown = effect(entry.id, chain)
        effects[shown.id] = shown
        by_term.setdefault((chain.effect.kind, chain.sizes), []).append(shown.id)
        for loop in chain.loops:
            if loop.size is not None and loop.repeats:
                place = (loop.site.module.path, loop.site.start)
                known = named.get(loop.size.name)
                if known is None or (known.file or "", known.line or 0) > place:
                    named[loop.size.name] = Size(
                        table=loop.size.table, file=place[0], line=max(place[1], 1), bound=loop.size.bound
                    )
    cov = coverage(trace, root)
    costs = table.summary(root.summary)
    complete = whole and not root.summary.truncated
    return Endpoint(
        id=entry.id,
        handler=entry.name,
        file=entry.file,
        line=max(entry.line, 1),
        framework=entry.framework,
        coverage=cov,
        cost={
            kind: kind_cost(
                [
                    CostTerm(
                        low=low, high=high, sizes=term, effects=tuple(sorted(by_term.get((kind, term), ())))
                    )
                    for term, (low, high) in sorted(costs[kind].items())
                ],
                complete=complete,
            )
            for kind in EFFECT_KINDS
            if costs.get(kind)
        },
        effects=tuple(effects[key] for key in sorted(effects, key=lambda k: order(effects[k]))),
    )


def order(shown: Effect) -> tuple[int, int, str, int, str]:
    return (EFFECT_KINDS.index(shown.kind), -shown.multiplicity.count("·"), shown.file, shown.line, shown.id)


def effect(entry_id: str, chain: Chain) -> Effect:
    own = chain.effect
    steps = [Frame(function=name_of(f), file=f.module.path, line=max(line, 1)) for f, line in chain.steps]
    product = "·".join(chain.sizes) or "1"
    identity = f"{entry_id}\0{own.kind}\0{own.label}\0{product}\0" + "\0".join(
        f"{f.qualname}:{line - f.line}" for f, line in chain.steps
    )
    return Effect(
        id=f"E-{hashlib.blake2b(identity.encode(), digest_size=5).hexdigest()}",
        kind=own.kind,
        file=own.site.module.path,
        line=max(own.site.line, 1),
        multiplicity=product,
        chain=tuple(steps),
        label=own.label,
        operation=own.operation,
    )


def name_of(function: Function) -> str:
    return function.qualname


def coverage(trace: Trace, root: Root) -> EndpointCoverage:
    """Calls met on the way and how many of them were followed or known."""
    summaries = [s for s in functions_below(trace.machine, root.summary) if s.function is not None]
    own = [s for s in summaries if s.function is not None and s.function.module.role != "library"]
    total = sum(s.call_count for s in own)
    missing: Counter[tuple[str, str, int]] = Counter()
    for s in own:
        if s.function is not None:
            missing.update((s.function.module.path, text, line) for text, line in s.unresolved)
    shown = sorted(missing)[:MAX_UNRESOLVED]
    return EndpointCoverage(
        calls=total,
        resolved=max(total - len(missing), 0),
        unresolved=tuple(
            UnresolvedCall(call=text, file=file, line=max(line, 1)) for file, text, line in shown
        ),
    )


def unreached_effects(trace: Trace) -> int:
    """Operations in functions that no known endpoint reaches."""
    return sum(
        len(summary.effects)
        for key, summary in trace.machine.summaries.items()
        if not trace.reach.get(key)
        and summary.function is not None
        and summary.function.module.role != "library"
    )
