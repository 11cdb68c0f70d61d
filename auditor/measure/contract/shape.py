"""What values have in common: the kinds that stand where, and the fields that are always there.

Stands in for a comparison item by item where the number of items, or the names of fields, vary by themselves.
"""

from collections.abc import Iterable, Iterator

from pydantic import Field

from auditor.measure.contract.place import Place
from auditor.measure.contract.tree import Tree, kind_of
from auditor.model.value import Value


class Shape(Value):
    """The shape of one or more values."""

    kinds: tuple[str, ...] = ()
    fields: dict[str, "Shape"] = Field(default_factory=dict)
    """Of the objects among them."""
    always: tuple[str, ...] = ()
    """Fields that each object among them has."""
    items: "Shape | None" = None
    """Of all items of the lists among them; None when there were none."""


def shape_of(trees: Iterable[Tree]) -> Shape:
    """What `trees` have in common."""
    trees = list(trees)
    objects = [tree for tree in trees if isinstance(tree, dict)]
    items = [item for tree in trees if isinstance(tree, list) for item in tree]
    names = sorted({name for tree in objects for name in tree})
    return Shape(
        kinds=tuple(sorted({kind_of(tree) for tree in trees})),
        fields={name: shape_of(tree[name] for tree in objects if name in tree) for name in names},
        always=tuple(name for name in names if all(name in tree for tree in objects)),
        items=shape_of(items) if items else None,
    )


def misfits(tree: Tree, shape: Shape, place: Place) -> Iterator[tuple[Place, str, Tree]]:
    """Where `tree` is not of this shape: the place, what was expected, what is there (None: nothing)."""
    kind = kind_of(tree)
    if kind not in shape.kinds:
        yield place, " or ".join(shape.kinds) or "nothing", tree
    elif isinstance(tree, dict):
        for name in shape.always:
            if name not in tree:
                yield place.field(name), " or ".join(shape.fields[name].kinds), None
        for name, value in tree.items():
            if name in shape.fields:
                yield from misfits(value, shape.fields[name], place.field(name))
            else:
                yield place.field(name), "nothing", value
    elif isinstance(tree, list) and shape.items is not None:
        for index, item in enumerate(tree):
            yield from misfits(item, shape.items, place.item(index))
