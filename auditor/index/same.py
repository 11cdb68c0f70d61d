"""A part of the IR as a key of a cache: the same nodes, not equal ones, which would take a walk to tell."""

from __future__ import annotations

from typing import Any


class Same:
    """Holds what it stands for, so that its identity stays taken."""

    __slots__ = ("tree",)

    def __init__(self, tree: tuple[Any, ...]) -> None:
        self.tree = tree

    def __hash__(self) -> int:
        return id(self.tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.tree is other.tree
