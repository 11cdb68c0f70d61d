"""The trace as the report tells it: endpoints with cost, effects, chains and coverage."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.model.cost_text import kind_cost
from auditor.model.effect import EFFECT_KINDS
from auditor.model.report import CostTerm, Effect, Endpoint, EndpointCoverage, Frame, Size, UnresolvedCall
from auditor.trace.chains import Chain, chains
from auditor.trace.cost import CostTable, Sizes

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.index.values import Site
    from auditor.trace.analysis import Trace
    from auditor.trace.evaluation import Root
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Summary

LISTED_EFFECTS: Final = 6_000
"""Operations listed with their chains in one report; an endpoint gets its share of them, but not over the most."""
MOST_PER_ENDPOINT: Final = 120
LEAST_PER_ENDPOINT: Final = 3
MAX_FRAMES: Final = 12
"""Frames shown of a chain: the first ones and the last ones of a longer chain."""
LONGEST_STATEMENT: Final = 60
"""Lines of a statement that are shown as one place: of a `with` or a `for` the statement is all of its body."""
LISTED_UNRESOLVED: Final = 12_000
"""Unresolved calls listed in one report, shared likewise; all are counted."""
MAX_UNRESOLVED: Final = 20
LEAST_UNRESOLVED: Final = 3


def endpoints(trace: Trace, table: CostTable) -> tuple[tuple[Endpoint, ...], dict[str, Size]]:
    """Every entry point with what it costs, by id, and the sizes that the formulas name."""
    named: dict[str, Size] = {}
    limit = listed_effects(len(trace.entries))
    covered = coverages(trace)
    short = cut_off(trace)
    made = [
        endpoint(trace, table, root, named, limit=limit, covered=covered[n], is_cut=bool(short >> n & 1))
        for n, root in enumerate(trace.entries)
    ]
    frame.cache_clear()  # it holds on to the functions of this audit
    return tuple(sorted(made, key=lambda e: e.id)), dict(sorted(named.items()))


def together(one: Size, other: Size) -> Size:
    """Of two that go by one name, the first in the source; with a bound only where both have one, and then the larger."""
    first = min(one, other, key=lambda size: (size.file or "", size.line or 0))
    bounds = [size.bound for size in (one, other) if size.bound is not None]
    return first.model_copy(update={"bound": max(bounds) if len(bounds) == 2 else None})


def listed_effects(count: int) -> int:
    """How many effects are listed of each of `count` endpoints, at most."""
    return max(LEAST_PER_ENDPOINT, min(LISTED_EFFECTS // max(count, 1), MOST_PER_ENDPOINT))


def endpoint(
    trace: Trace,
    table: CostTable,
    root: Root,
    named: dict[str, Size],
    *,
    limit: int,
    covered: EndpointCoverage,
    is_cut: bool = False,
) -> Endpoint:
    entry = root.entry
    assert entry is not None
    listed, _ = chains(trace.machine, root.summary, limit)
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
                if known is not None and known.bound is None and (known.file or "", known.line or 0) <= place:
                    continue
                told = Size(
                    table=loop.size.table, file=place[0], line=max(place[1], 1), bound=loop.size.bound
                )
                named[loop.size.name] = told if known is None else together(known, told)
    costs = table.root(root)
    complete = not root.summary.truncated and not is_cut and covered.resolved == covered.calls
    return Endpoint(
        id=entry.id,
        handler=entry.name,
        file=entry.file,
        line=max(entry.line, 1),
        framework=entry.framework,
        coverage=covered,
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
    degree = 0 if shown.multiplicity == "1" else len(shown.sizes)
    return (EFFECT_KINDS.index(shown.kind), -degree, shown.file, shown.line, shown.id)


def effect(entry_id: str, chain: Chain) -> Effect:
    own = chain.effect
    shown = (
        chain.steps if len(chain.steps) <= MAX_FRAMES else (*chain.steps[:4], *chain.steps[4 - MAX_FRAMES :])
    )
    steps = [frame(f, line) for f, line in shown]
    product = "·".join(chain.sizes) or "1"
    identity = f"{entry_id}\0{own.kind}\0{own.label}\0{product}\0" + "\0".join(
        f"{f.qualname}:{line - f.line}" for f, line in chain.steps
    )
    return Effect(
        id=f"E-{hashlib.blake2b(identity.encode(), digest_size=5).hexdigest()}",
        kind=own.kind,
        file=own.site.module.path,
        line=max(own.site.line, 1),
        lines=span_of(own.site),
        multiplicity=often(chain),
        chain=tuple(steps),
        label=own.label,
        operation=own.operation,
    )


def often(chain: Chain) -> str:
    """`1`, `spaces`, `4·spaces`: the turns of loops over a few constants, then the sizes."""
    low, high = chain.turns
    count = str(high) if low == high else f"{low}…{high}"
    if not chain.sizes or count == "1":
        return "·".join(chain.sizes) or count
    return "·".join((f"({count})" if low != high else count, *chain.sizes))


def span_of(site: Site) -> tuple[int, int] | None:
    """The statement's lines where they are several; of a very long one the first."""
    first, last = max(site.start, 1), min(site.end, site.start + LONGEST_STATEMENT - 1)
    return (first, max(last, site.line)) if last > first else None


@lru_cache(maxsize=16_384)
def frame(function: Function, line: int) -> Frame:
    """One for all the chains that go through a line."""
    return Frame(function=name_of(function), file=function.module.path, line=max(line, 1))


def name_of(function: Function) -> str:
    return function.qualname


def coverages(trace: Trace) -> list[EndpointCoverage]:
    """Per entry point: the calls met on the way, and how many of them were followed or known."""
    calls = [0] * len(trace.entries)
    lost = [0] * len(trace.entries)
    shown: list[list[UnresolvedCall]] = [[] for _ in trace.entries]
    share = LISTED_UNRESOLVED // max(len(trace.entries), 1)
    most = max(LEAST_UNRESOLVED, min(share, MAX_UNRESOLVED))
    machine = trace.machine
    own = [f for f in machine.functions.values() if f.module.role != "library"]
    for function in sorted(own, key=lambda f: (f.module.path, f.line, f.qualname)):
        bits = trace.reach.get(id(function), 0)
        summary = machine.summaries[id(function)]
        if not bits or not summary.call_count:
            continue
        missing = sorted(
            {place for part in trace.evaluations(function) for place in unresolved(machine, part)}
        )
        listed = [UnresolvedCall(call=t, file=function.module.path, line=max(n, 1)) for n, t in missing]
        while bits:
            lowest = bits & -bits
            n = lowest.bit_length() - 1
            bits ^= lowest
            calls[n] += summary.call_count
            lost[n] += len(missing)
            if listed and len(shown[n]) < most:
                shown[n].extend(listed[: most - len(shown[n])])
    return [
        EndpointCoverage(calls=total, resolved=max(total - gone, 0), unresolved=tuple(some))
        for total, gone, some in zip(calls, lost, shown, strict=True)
    ]


def unresolved(machine: Machine, summary: Summary) -> set[tuple[int, str]]:
    """(line, text) of the calls nobody could follow: those on a parameter where one caller at least didn't tell."""
    found = {(line, text) for text, line in summary.unresolved}
    for text, line, call in summary.waiting:
        if call in machine.lost or call not in machine.followed:
            found.add((line, text))
    return found


def cut_off(trace: Trace) -> int:
    """Bit set of the entry points that reach a function whose evaluation met a limit."""
    bits = 0
    for key, summary in trace.machine.summaries.items():
        if summary.truncated:
            bits |= trace.reach.get(key, 0)
    return bits


def unreached_effects(trace: Trace) -> int:
    """Operations in functions that no known endpoint reaches."""
    return sum(
        len(summary.effects)
        for key, summary in trace.machine.summaries.items()
        if not trace.reach.get(key)
        and summary.function is not None
        and summary.function.module.role != "library"
    )
