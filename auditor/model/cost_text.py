"""Cost polynomials as text: `4 + 3·spaces + spaces·add_ons`, `3…7 + 2·items`, `≥ 1 + (unknown depth)`."""

from collections import Counter
from collections.abc import Iterable

from auditor.model.effect import RECURSION_DEPTH
from auditor.model.report import CostTerm, KindCost


def kind_cost(terms: Iterable[CostTerm], *, complete: bool = True) -> KindCost:
    """The cost of one kind with its terms merged, ordered and written out."""
    merged = merge(terms)
    return KindCost(text=_joined(merged, complete=complete), terms=merged, complete=complete)


def merge(terms: Iterable[CostTerm]) -> tuple[CostTerm, ...]:
    """One term for each product of sizes: constants first, then by degree, then by name."""
    by_sizes: dict[tuple[str, ...], list[CostTerm]] = {}
    for term in terms:
        by_sizes.setdefault(tuple(sorted(term.sizes)), []).append(term)
    ordered = sorted(by_sizes.items(), key=lambda item: (len(item[0]), item[0]))
    return tuple(_sum(group) for _, group in ordered if any(term.high != 0 for term in group))


def cost_text(terms: Iterable[CostTerm], *, complete: bool = True) -> str:
    """The polynomial as a person reads it; `≥` in front when the true cost may be higher."""
    return _joined(merge(terms), complete=complete)


def _joined(merged: Iterable[CostTerm], *, complete: bool) -> str:
    text = " + ".join(term_text(term) for term in merged) or "0"
    return text if complete else f"≥ {text}"


def brief_text(cost: KindCost, /, room: int = 48) -> str:
    """The polynomial in `room` characters or few more: of a longer one the terms that grow fastest.

    Those that every request pays come before those that a condition may save it (`0…`).
    """
    if len(cost.text) <= room:
        return cost.text
    texts = [
        term_text(term) for term in sorted(cost.terms, key=lambda term: (term.low == 0, -len(term.sizes)))
    ]
    shown = texts[:1]
    while len(shown) < len(texts) and len(" + ".join(texts[: len(shown) + 1])) <= room:
        shown.append(texts[len(shown)])
    left = len(texts) - len(shown)
    more = f" + {left} more term{'s' if left > 1 else ''}" if left else ""
    return f"{'' if cost.complete else '≥ '}{' + '.join(shown)}{more}"


def term_text(term: CostTerm) -> str:
    """One term: `3`, `3…7`, `spaces`, `(1…2)·spaces²`, `≥3·spaces` where nothing bounds the number."""
    if not term.sizes:
        return _count(term)
    product = "·".join(_power(name, times) for name, times in sorted(Counter(term.sizes).items()))
    if term.low == term.high == 1:
        return product
    count = _count(term)
    return f"({count})·{product}" if "…" in count else f"{count}·{product}"


def change_text(before: Iterable[CostTerm], after: Iterable[CostTerm]) -> str:
    """`3·spaces → 1`."""
    return f"{cost_text(before)} → {cost_text(after)}"


def _sum(group: list[CostTerm]) -> CostTerm:
    effects = tuple(sorted({effect for term in group for effect in term.effects}))
    if len(group) == 1 and effects == group[0].effects:
        return group[0]
    highs = [term.high for term in group]
    bounded = [high for high in highs if high is not None]
    return CostTerm(
        low=sum(term.low for term in group),
        high=sum(bounded) if len(bounded) == len(highs) else None,
        sizes=group[0].sizes,
        effects=effects,
    )


def _count(term: CostTerm) -> str:
    if term.high is None:
        return f"≥{term.low}"
    return str(term.low) if term.low == term.high else f"{term.low}…{term.high}"


def _power(name: str, times: int) -> str:
    base = "(unknown depth)" if name == RECURSION_DEPTH else name
    return base if times == 1 else base + str(times).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
