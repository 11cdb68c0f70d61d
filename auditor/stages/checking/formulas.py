"""Cost formulas that a model writes: read back, and held against what is there now."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from auditor.model.cost_text import merge
from auditor.model.report import CostTerm, Finding

_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER: Final = re.compile(r"^(.*?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)$")
_MOST: Final = 20
"""Terms and factors of a formula that anybody reads."""


def read_formula(text: str, sizes: Collection[str], /) -> tuple[CostTerm, ...] | str:
    """The terms of `4 + 3·spaces`; what is wrong with it otherwise. `sizes` are the names that it may use."""
    terms: list[CostTerm] = []
    for part in text.strip().split("+")[: _MOST + 1]:
        term = _term(part.strip(), sizes)
        if isinstance(term, str):
            return term
        terms.append(term)
    if not terms or len(terms) > _MOST:
        return f"{text[:40]!r} is no formula"
    return merge(terms)


def _term(text: str, sizes: Collection[str]) -> CostTerm | str:
    count, names = 1, []
    for factor in re.split(r"[·*×]", text)[: _MOST + 1]:
        bare = factor.strip()
        power = _POWER.match(bare)
        name, times = (power[1], int(power[2].translate(_SUPERSCRIPT))) if power else (bare, 1)
        if bare.isascii() and bare.isdigit() and len(bare) < 7:
            count *= int(bare)
        elif name in sizes and times <= 4:
            names += [name] * times
        else:
            return f"{bare[:40]!r} is neither a number nor a size of this endpoint"
    return CostTerm(low=count, high=count, sizes=tuple(sorted(names)))


def at_stake(findings: Iterable[Finding], kind: str, /) -> tuple[CostTerm, ...]:
    """What these findings cost in one kind now, each effect counted once."""
    terms: list[CostTerm] = []
    counted: set[str] = set()
    for finding in findings:
        term = finding.cost_term
        if term is None or term.kind != kind or (term.effects and counted.issuperset(term.effects)):
            continue
        counted.update(term.effects)
        terms.append(CostTerm(low=term.low, high=term.high, sizes=term.sizes, effects=term.effects))
    return merge(terms)


def grows(after: Iterable[CostTerm], before: Iterable[CostTerm], /) -> bool:
    """Whether `after` may be more than `before` for some data."""
    left = {_product(term): term.high for term in before}
    for term in after:
        product = _product(term)
        if product in left:
            high = left[product]
            if high is not None and term.low > high:
                return True
        elif not any(_divides(product, other) and other != product for other in left):
            return True
    return False


def is_less(after: Iterable[CostTerm], before: Iterable[CostTerm], /) -> bool:
    """Whether `after` is less than `before` as soon as the data has grown."""
    told, known = tuple(after), tuple(before)
    return not grows(told, known) and {(_product(t), t.high) for t in told} != {
        (_product(t), t.high) for t in known
    }


def _product(term: CostTerm) -> tuple[str, ...]:
    return tuple(sorted(term.sizes))


def _divides(small: tuple[str, ...], large: tuple[str, ...]) -> bool:
    return not Counter(small) - Counter(large)
