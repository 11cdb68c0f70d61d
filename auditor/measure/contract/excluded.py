"""Places in bodies that the target's settings call noise: compared by presence and type from the start."""

from collections.abc import Iterable, Iterator
from typing import Final

from auditor.measure.contract.mask import Blur
from auditor.measure.contract.place import Place
from auditor.measure.contract.tree import Tree, kind_of

_LIKE: Final[tuple[frozenset[str], ...]] = (
    frozenset({"string", "empty string", "uuid", "moment"}),
    frozenset({"list", "empty list"}),
    frozenset({"object", "empty object"}),
    frozenset({"integer", "number"}),
)
"""Kinds of one type: of an excluded place no more is asked than that, and that null stays null."""


def excluded_blurs(body: Tree, places: Iterable[str], /) -> Iterator[Blur]:
    """A blur for each of `places` (`$.items[*].id`, or with an index) that is there in a body's content."""
    wanted = {_generalised(place) for place in places}
    if wanted:
        yield from _below(body, Place("$.body.content", "$"), Place(), wanted)


def _below(tree: Tree, place: Place, named: Place, wanted: set[str]) -> Iterator[Blur]:
    if named.text in wanted:
        kind = kind_of(tree)
        kinds = next((like for like in _LIKE if kind in like), frozenset({kind}))
        yield Blur(place=place.text, kinds=tuple(sorted(kinds)))
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from _below(value, place.field(name), named.field(name), wanted)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _below(item, place.item(index), named.item(index), wanted)


def _generalised(place: str) -> str:
    """With `[*]` for each index: noise in one item is noise in all."""
    head, *rest = place.split("[")
    return head + "".join(
        f"[*{part[len(digits) :]}" if (digits := part.partition("]")[0]).isdigit() else f"[{part}"
        for part in rest
    )
