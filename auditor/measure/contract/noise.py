"""Learns what varies by itself: two runs of the same code over the same data, laid side by side."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from auditor.measure.contract.mask import Blur, Mask, mask_of
from auditor.measure.contract.matching import exact_pairs, identity_pairs, likely_pairs
from auditor.measure.contract.place import TOP, Place
from auditor.measure.contract.shape import shape_of
from auditor.measure.contract.tree import Bag, Lines, Tree, Twice, canonical, kind_of, same_leaf

_WORD: Final = re.compile(r"[\w+/=.:-]+")


def learn(runs: Sequence[Tree], /) -> Mask:
    """The noise among runs of the same: each is laid beside the first. One run alone knows of none."""
    mask = mask_of(blur for other in runs[1:] for blur in _between(runs[0], other, TOP))
    shapes = {blur.place: blur for blur in mask.blurs if blur.shape is not None}
    if not shapes:
        return mask
    # A shape learnt at one item holds for all items: so it is that of whatever stands at any of them.
    seen: defaultdict[str, list[Tree]] = defaultdict(list)
    for run in runs:
        _collect(run, TOP, shapes, seen)
    return Mask(
        blurs=tuple(
            blur.model_copy(update={"shape": shape_of(seen[blur.place])}) if blur.place in seen else blur
            for blur in mask.blurs
        )
    )


def _collect(
    tree: Tree, place: Place, shapes: Mapping[str, Blur], seen: defaultdict[str, list[Tree]]
) -> None:
    """Puts every value that stands at one of the places of `shapes` there."""
    if place.text in shapes:
        seen[place.text].append(tree)
    if isinstance(tree, dict):
        varying = shapes.get(place.any_field)
        for name, value in tree.items():
            if varying is not None and name not in varying.stable:
                seen[varying.place].append(value)
            _collect(value, place.field(name), shapes, seen)
    elif isinstance(tree, list) and not isinstance(tree, Lines):
        for index, item in enumerate(tree):
            _collect(item, place.item(index), shapes, seen)


def words(line: str) -> tuple[str, ...]:
    """A line as words and what is between them; together they are the line."""
    parts: list[str] = []
    end = 0
    for match in _WORD.finditer(line):
        parts += [line[end : match.start()], match[0]]
        end = match.end()
    return (*parts, line[end:])


def _between(one: Tree, other: Tree, place: Place) -> Iterator[Blur]:
    if isinstance(one, dict) and isinstance(other, dict):
        yield from _between_objects(one, other, place)
    elif isinstance(one, Lines) and isinstance(other, Lines):
        yield from _between_lines(one, other, place)
    elif (
        isinstance(one, list)
        and isinstance(other, list)
        and isinstance(one, Twice) == isinstance(other, Twice)
    ):
        yield from _between_lists(one, other, place)
    elif not same_leaf(one, other):
        holds_more = any(isinstance(tree, (list, dict)) for tree in (one, other))
        shape = shape_of([one, other]) if holds_more else None
        yield Blur(place=place.text, kinds=_kinds(one, other), shape=shape)


def _between_objects(one: dict[str, Tree], other: dict[str, Tree], place: Place) -> Iterator[Blur]:
    gone, come = one.keys() - other.keys(), other.keys() - one.keys()
    if gone and come:
        varying = [*(one[name] for name in gone), *(other[name] for name in come)]
        yield Blur(
            place=place.any_field,
            kinds=("missing", *sorted({kind_of(value) for value in varying})),
            stable=tuple(sorted(one.keys() & other.keys())),
            shape=shape_of(varying),
        )
    else:
        for name in sorted(gone | come):
            value = one[name] if name in gone else other[name]
            kinds = tuple(sorted(("missing", kind_of(value))))
            yield Blur(place=place.field(name).text, kinds=kinds, shape=shape_of([value]))
    for name, value in one.items():
        if name in other:
            yield from _between(value, other[name], place.field(name))


def _between_lists(one: list[Tree], other: list[Tree], place: Place) -> Iterator[Blur]:
    if len(one) != len(other):
        yield Blur(place=place.text, kinds=_kinds(one, other), shape=shape_of([one, other]))
        return
    in_bag = isinstance(one, Bag)
    texts = [canonical(item) for item in one], [canonical(item) for item in other]
    if texts[0] == texts[1]:
        return
    if sorted(texts[0]) == sorted(texts[1]):
        if not in_bag:
            yield Blur(place=place.text, order=True)
        return
    pairs = _bag_pairs(one, other) if in_bag else identity_pairs(one, other)
    if pairs is None:
        pairs = [(at, at) for at in range(len(one))]
    elif not in_bag and any(a != b for a, b in pairs):
        yield Blur(place=place.text, order=True)
    for a, b in pairs:
        yield from _between(one[a], other[b], place.item(a))


def _bag_pairs(one: list[Tree], other: list[Tree]) -> list[tuple[int, int]]:
    _, left, left_other = exact_pairs(one, other)
    pairs = likely_pairs([one[at] for at in left], [other[at] for at in left_other])
    return [(left[a], left_other[b]) for a, b in pairs]


def _between_lines(one: Lines, other: Lines, place: Place) -> Iterator[Blur]:
    if len(one) != len(other):
        yield Blur(place=place.text, kinds=_kinds(one, other))
        return
    for at, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        if mine == theirs:
            continue
        here, there = words(str(mine)), words(str(theirs))
        kinds = _kinds(mine, theirs)
        pattern: tuple[str | None, ...] = ()
        if len(here) == len(there) and here[::2] == there[::2]:
            pattern = tuple(a if a == b else None for a, b in zip(here, there, strict=True))
        yield Blur(place=place.line(at).text, kinds=kinds, pattern=pattern)


def _kinds(one: Tree, other: Tree) -> tuple[str, ...]:
    return tuple(sorted({kind_of(one), kind_of(other)}))
