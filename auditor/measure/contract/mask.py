"""What of an answer is noise: it is compared by presence, type and null-ness from then on, and never dropped."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pydantic import Field

from auditor.measure.contract.shape import Shape
from auditor.measure.contract.tree import Tree, kind_of
from auditor.model.value import Value


class Blur(Value):
    """One place, or its like in every item of a list, that differs between runs of the same code."""

    place: str
    kinds: tuple[str, ...] = ()
    """The kinds of value that stood there, `missing` among them; empty when only the order varies."""
    order: bool = False
    """The same items came in another order."""
    stable: tuple[str, ...] = ()
    """For a place that ends in `.*`, whose fields have varying names: the names that were always there."""
    shape: Shape | None = None
    """What the values had in common that stood here (or under varying names), where they hold others."""
    pattern: tuple[str | None, ...] = ()
    """For a line of text: its words and what is between them, None for a word that varies."""

    among: tuple[int, ...] = ()
    """For integers: only these may stand for each other; empty for any."""

    def allows(self, *trees: Tree) -> bool:
        """Whether these values may stand for each other here."""
        if not self.covers(*map(kind_of, trees)):
            return False
        return not self.among or all(isinstance(tree, int) and tree in self.among for tree in trees)

    def covers(self, *kinds: str) -> bool:
        """Whether values of these kinds may stand for each other here."""
        return bool(self.kinds) and set(kinds) <= set(self.kinds)


class Mask(Value):
    """The noise of one request (or of what is left behind at the end), by place."""

    blurs: tuple[Blur, ...] = Field(default=())

    def by_place(self) -> Mapping[str, Blur]:
        """To look a place up in."""
        return {blur.place: blur for blur in self.blurs}


NOTHING: Mapping[str, Blur] = MappingProxyType({})


def merged(one: Blur, other: Blur) -> Blur:
    """Both kinds of noise at one place."""
    return Blur(
        place=one.place,
        kinds=tuple(sorted({*one.kinds, *other.kinds})),
        order=one.order or other.order,
        stable=tuple(sorted(set(one.stable) & set(other.stable))),
        shape=_joined(_shape(one, other), _shape(other, one)),
        pattern=_meeting(one.pattern, other.pattern),
        among=tuple(sorted({*one.among, *other.among})) if one.among and other.among else (),
    )


def mask_of(blurs: Iterable[Blur]) -> Mask:
    """A mask with one blur a place, in the order of places."""
    found: dict[str, Blur] = {}
    for blur in blurs:
        found[blur.place] = merged(found[blur.place], blur) if blur.place in found else blur
    return Mask(blurs=tuple(found[place] for place in sorted(found)))


def _shape(blur: Blur, beside: Blur) -> Shape | None:
    """Its shape, or its bare kinds where the other's shape is to hold for both."""
    if blur.shape is not None or beside.shape is None:
        return blur.shape
    return Shape(kinds=tuple(kind for kind in blur.kinds if kind != "missing"))


def _joined(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None:
        return one or other
    names = sorted({*one.fields, *other.fields})
    has_objects = [
        shape for shape in (one, other) if "object" in shape.kinds or "empty object" in shape.kinds
    ]
    fields = {name: _joined(one.fields.get(name), other.fields.get(name)) for name in names}
    return Shape(
        kinds=tuple(sorted({*one.kinds, *other.kinds})),
        fields={name: shape for name, shape in fields.items() if shape is not None},
        always=tuple(name for name in names if all(name in shape.always for shape in has_objects)),
        items=_joined(one.items, other.items),
    )


def _meeting(one: tuple[str | None, ...], other: tuple[str | None, ...]) -> tuple[str | None, ...]:
    if len(one) != len(other):
        return ()
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))
