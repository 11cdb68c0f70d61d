"""Which item of one list is which of another, where their order says nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from auditor.measure.contract.tree import Tree, canonical

_IDENTITIES: Final = ("id", "pk", "uuid", "key", "slug", "code", "name")
_MOST_COMPARED: Final = 40_000
"""Pairs whose likeness is looked at; with more, what is left is paired in the order it came."""

Pairs = list[tuple[int, int]]


def exact_pairs(
    one: Sequence[Tree], other: Sequence[Tree], text: Callable[[Tree], str] = canonical
) -> tuple[Pairs, list[int], list[int]]:
    """Indexes of items with the same text, and those left over on either side."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for index in reversed(range(len(other))):
        waiting[text(other[index])].append(index)
    pairs: Pairs = []
    left: list[int] = []
    for index, item in enumerate(one):
        found = waiting[text(item)]
        if found:
            pairs.append((index, found.pop()))
        else:
            left.append(index)
    return pairs, left, sorted(index for found in waiting.values() for index in found)


def identity_pairs(one: Sequence[Tree], other: Sequence[Tree]) -> Pairs | None:
    """Pairs by the first field that names each item of both lists once; None when there is none."""
    for name in _IDENTITIES:
        mine, theirs = _by(name, one), _by(name, other)
        if mine is not None and theirs is not None and mine.keys() == theirs.keys():
            return [(mine[value], theirs[value]) for value in mine]
    return None


def likely_pairs(
    one: Sequence[Tree], other: Sequence[Tree], text: Callable[[Tree], str] = canonical
) -> Pairs:
    """As many pairs as the shorter list has items, those most alike first."""
    named = identity_pairs(one, other)
    if named is not None:
        return named
    mine, theirs = [_parts(item, text) for item in one], [_parts(item, text) for item in other]
    pairs, left, left_other = _by_what_they_share(mine, theirs)
    if len(left) * len(left_other) > _MOST_COMPARED:
        return pairs + list(zip(left, left_other, strict=False))
    ranked = sorted((-(mine[a] & theirs[b]).total(), a, b) for a in left for b in left_other)
    used: set[int] = set()
    used_other: set[int] = set()
    for _, a, b in ranked:
        if a not in used and b not in used_other:
            pairs.append((a, b))
            used.add(a)
            used_other.add(b)
    return pairs


def _by_what_they_share(
    mine: Sequence[Counter[str]], theirs: Sequence[Counter[str]]
) -> tuple[Pairs, list[int], list[int]]:
    """Pairs of items that are the same but for parts met on one side only: made up at random, or by a clock."""
    common = {part for parts in mine for part in parts} & {part for parts in theirs for part in parts}

    def shared(parts: Counter[str]) -> str:
        return "\n".join(f"{parts[part]} {part}" for part in sorted(parts) if part in common)

    keys: list[Tree] = [shared(parts) for parts in mine]
    keys_other: list[Tree] = [shared(parts) for parts in theirs]
    return exact_pairs(keys, keys_other)


def _by(name: str, items: Sequence[Tree]) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for index, item in enumerate(items):
        value = item.get(name) if isinstance(item, dict) else None
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            return None
        found[canonical(value)] = index
    return found if found and len(found) == len(items) else None


def _parts(item: Tree, text: Callable[[Tree], str]) -> Counter[str]:
    if isinstance(item, dict):
        return Counter(f"{name}={text(value)}" for name, value in item.items())
    if isinstance(item, list):
        return Counter(text(part) for part in item)
    return Counter([text(item)])
