"""Looks into JSON that somebody else wrote: whatever is not there, or is something else, is nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

Tree = Mapping[str, Any]


def at(tree: object, /, *path: str | int) -> Any:
    """What stands at `path`; None when nothing does."""
    for step in path:
        if isinstance(step, str):
            tree = tree.get(step) if isinstance(tree, Mapping) else None
        else:
            usable = isinstance(tree, Sequence) and not isinstance(tree, str) and len(tree) > step
            tree = tree[step] if usable and isinstance(tree, Sequence) else None
    return tree


def text_at(tree: object, /, *path: str | int) -> str:
    """The text at `path`, or an empty one."""
    found = at(tree, *path)
    return found if isinstance(found, str) else ""


def count_at(tree: object, /, *path: str | int) -> int | None:
    """The whole number from 0 at `path`; None when there is none."""
    found = at(tree, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def known_at(tree: object, /, *path: str | int) -> dict[str, Any]:
    """The entries of the object at `path` that say something, or none."""
    found = at(tree, *path)
    return (
        {name: value for name, value in found.items() if value is not None}
        if isinstance(found, Mapping)
        else {}
    )


def each_at(tree: object, /, *path: str | int) -> Sequence[Any]:
    """The items of the list at `path`, or none."""
    found = at(tree, *path)
    return found if isinstance(found, list | tuple) else ()
