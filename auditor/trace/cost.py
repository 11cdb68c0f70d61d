"""From summaries to cost: a polynomial per function and effect kind, in the sizes of the loops crossed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.index.values import Sym
from auditor.model.effect import RECURSION_DEPTH, UNKNOWN_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.index.symbols import Function
    from auditor.index.values import Size
    from auditor.trace.evaluation import Root
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Call, Loop, Summary

MAX_DEGREE: Final = 4
MAX_TERMS: Final = 24
_NESTING: Final = 200

Sizes: TypeAlias = tuple[str, ...]
Range: TypeAlias = tuple[int, int]
Polynomial: TypeAlias = dict[Sizes, Range]
"""Sorted size names → how often at least and at most, per product of those sizes."""
Costs: TypeAlias = dict[str, Polynomial]
ONCE: Final[Range] = (1, 1)


@dataclass(slots=True)
class CostTable:
    """Costs by function, computed bottom-up and kept."""

    machine: Machine
    known: dict[int, Costs] = field(default_factory=dict)
    fixed: dict[int, frozenset[str]] = field(default_factory=dict)
    """By identity of a function: the sizes in its cost that no caller decides."""
    active: set[int] = field(default_factory=set)
    recursive: set[int] = field(default_factory=set)
    shared: dict[int, Costs] = field(default_factory=dict)
    """By identity of a part of several roots, such as a middleware."""

    def function(self, function: Function) -> Costs:
        """The cost of one call of `function`, whatever its arguments; a recursion counts once and is marked."""
        key = id(function)
        if key in self.known:
            return self.known[key]
        if key in self.active or len(self.active) > _NESTING:
            self.recursive.add(key)
            return {}
        self.active.add(key)
        summary = self.machine.summaries.get(key)
        costs = {} if summary is None else self.summary(summary)
        self.active.discard(key)
        if key in self.recursive:
            costs = {kind: multiply(p, (RECURSION_DEPTH,)) for kind, p in costs.items()}
        self.known[key] = costs
        return costs

    def root(self, root: Root) -> Costs:
        """The cost of an entry point: of all that runs for it, each part of which is added up once."""
        if not root.parts:
            return self.summary(root.summary)
        total: Costs = {}
        for part in root.parts:
            if id(part) not in self.shared:
                self.shared[id(part)] = self.summary(part)
            add(total, self.shared[id(part)])
        return total

    def summary(self, summary: Summary) -> Costs:
        """The cost of what a summary holds, its calls included; arms of one branch exclude each other."""
        parts: list[tuple[Branch, Costs]] = []
        for effect in summary.effects:
            low, high = turns(effect.around)
            once = {unknown(effect.around): (0 if effect.remembered else low, high)}
            parts.append((effect.branch, {effect.kind: once}))
        for call in summary.calls:
            if call.deferred or not (below := self.below(call)):
                continue
            loops, often = unknown(call.around), turns(call.around)
            changed = loops or often != ONCE
            costs = {k: multiply(p, loops, often) for k, p in below.items()} if changed else below
            if call.remembered:
                costs = {k: {s: (0, high) for s, (_, high) in p.items()} for k, p in costs.items()}
            parts.append((call.branch, costs))
        return combine(parts, 0)

    def below(self, call: Call) -> Costs:
        """The cost of a function with what this call says of the loops over its parameters."""
        costs = self.function(call.callee)
        told = self.told(call) if costs else {}
        return {k: replaced(p, told) for k, p in costs.items()} if told else costs

    def told(self, call: Call) -> dict[str, Loop | None]:
        """By name of a size in the callee's cost: the loop that the caller knows in its place."""
        if not call.given:
            return {}
        telling = {of.size.name: made for of, made in call.given if of.size and is_telling(of.size, made)}
        fixed = self.fixed_in(call.callee) if telling else frozenset[str]()
        return {name: made for name, made in telling.items() if name not in fixed}

    def fixed_in(self, function: Function) -> frozenset[str]:
        """The names of sizes in a function's cost that its callers don't decide; asked once its cost is known."""
        key = id(function)
        if key not in self.fixed:
            self.fixed[key] = frozenset()  # of a recursion
            summary = self.machine.summaries.get(key)
            found: set[str] = set()
            for effect in () if summary is None else summary.effects:
                found.update(decided(effect.around))
            for call in () if summary is None else summary.calls:
                found.update(decided(call.around))
                found.update(decided(made for made in self.told(call).values() if made is not None))
                found |= self.fixed_in(call.callee)
            self.fixed[key] = frozenset(found)
        return self.fixed[key]


def is_telling(size: Size, made: Loop | None) -> bool:
    """Whether a caller's loop says more of its turns than a name."""
    if made is None or made.turns is not None:
        return True
    known = made.size
    return known is not None and known is not size and (known.table is not None or known.bound is not None)


def decided(loops: Iterable[Loop]) -> Iterator[str]:
    """The names of loops over what the function itself knows."""
    return (x.size.name for x in loops if x.size is not None and not isinstance(x.over, Sym))


def replaced(polynomial: Polynomial, told: Mapping[str, Loop | None]) -> Polynomial:
    """A callee's cost in the sizes of its caller."""
    made: Polynomial = {}
    for term, (low, high) in polynomial.items():
        kept = [name for name in term if name not in told]
        loops = [x for name in term if name in told and (x := told[name]) is not None]
        least, most = turns(loops)
        product = tuple(sorted((*kept, *unknown(loops))))
        known = made.get(product, (0, 0))
        made[product] = (known[0] + low * least, known[1] + high * most)
    return made


def combine(parts: list[tuple[Branch, Costs]], depth: int) -> Costs:
    """Adds costs up: always those of no branch, the cheapest to the dearest arm of each branch."""
    total: Costs = {}
    arms: dict[int, dict[int, list[tuple[Branch, Costs]]]] = {}
    for branch, costs in parts:
        if len(branch) <= depth:
            add(total, costs)
        else:
            identity, arm = branch[depth]
            arms.setdefault(identity, {}).setdefault(arm, []).append((branch, costs))
    for alternatives in arms.values():
        outcomes = [combine(part, depth + 1) for part in alternatives.values()]
        add(total, dearest(outcomes, exhaustive=is_exhaustive(set(alternatives))))
    return total


def is_exhaustive(arms: set[int]) -> bool:
    """True if one of the arms always runs: both of an `if`, or what follows a guard that costs nothing itself."""
    return arms in ({0, 1}, {0, 2}, {2})


def dearest(outcomes: list[Costs], *, exhaustive: bool) -> Costs:
    """The range that one of several outcomes spans; without `exhaustive` there is one more, which costs nothing."""
    merged: Costs = {}
    # Dictionaries keep the order in which things were found, sets would not: where there are too many terms, the
    # first ones are kept.
    for kind in dict.fromkeys(k for o in outcomes for k in o):
        of_kind = [o.get(kind, {}) for o in outcomes]
        found: Polynomial = {}
        for term in dict.fromkeys(t for p in of_kind for t in p):
            ranges = [p.get(term, (0, 0)) for p in of_kind]
            low = min(r[0] for r in ranges) if exhaustive else 0
            found[term] = (low, max(r[1] for r in ranges))
        merged[kind] = found
    return merged


def add(total: Costs, more: Costs) -> None:
    for kind, polynomial in more.items():
        into = total.setdefault(kind, {})
        for term, (low, high) in polynomial.items():
            known = into.get(term, (0, 0))
            if term in into or len(into) < MAX_TERMS:
                into[term] = (known[0] + low, known[1] + high)


def multiply(polynomial: Polynomial, factors: Sizes, often: Range = (1, 1)) -> Polynomial:
    made: Polynomial = {}
    for term, (low, high) in polynomial.items():
        product = tuple(sorted((*term, *factors)))[:MAX_DEGREE]
        known = made.get(product, (0, 0))
        made[product] = (known[0] + low * often[0], known[1] + high * often[1])
    return made


def sizes(loops: Sequence[Loop]) -> Sizes:
    """The names of the loops' sizes, outermost first; what nobody can name is `?`. Of too many the inner ones are kept."""
    if not loops:
        return ()
    names = [UNKNOWN_SIZE if x.size is None else x.size.name for x in loops if x.repeats and not x.batch]
    return tuple(names[-MAX_DEGREE:])


def unknown(loops: Sequence[Loop]) -> Sizes:
    """The same without loops over as many as the source says, which count as `turns`."""
    names = [
        UNKNOWN_SIZE if x.size is None else x.size.name
        for x in loops
        if x.repeats and x.turns is None and not x.batch
    ]
    if len(names) > 1:
        names.sort()
    return tuple(names[:MAX_DEGREE])


def turns(loops: Iterable[Loop]) -> Range:
    """How often loops over constants turn, inside each other; `ONCE` without such loops."""
    least, most = ONCE
    for loop in loops:
        if loop.turns is not None:
            least, most = least * loop.turns[0], most * loop.turns[1]
    return least, most
