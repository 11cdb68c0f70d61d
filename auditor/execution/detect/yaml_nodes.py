"""YAML as nodes with lines, read so that a hostile file can't blow up: aliases are shared, merges looked up."""

from dataclasses import dataclass
from typing import Final

import yaml

_MOST_BYTES: Final = 64 << 10
"""PyYAML reads about 100 kB a second."""
_MERGES: Final = 8
"""Chained ``<<`` that are followed."""


@dataclass(frozen=True, slots=True)
class Item:
    """A value and the 1-based line it stands on."""

    node: yaml.Node

    @property
    def line(self) -> int:
        """Where it begins."""
        return int(self.node.start_mark.line) + 1

    @property
    def text(self) -> str | None:
        """A scalar as it is written; None for anything else."""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else None

    def items(self) -> tuple["Item", ...]:
        """Of a sequence; empty for anything else."""
        return (
            tuple(Item(node) for node in self.node.value) if isinstance(self.node, yaml.SequenceNode) else ()
        )

    def pairs(self) -> tuple[tuple[str, "Item"], ...]:
        """Of a mapping, merges included, what is written first wins; empty for anything else."""
        found: dict[str, Item] = {}
        _collect(self.node, found, _MERGES)
        return tuple(found.items())

    def get(self, key: str, /) -> "Item | None":
        """The value at `key`."""
        return dict(self.pairs()).get(key)


def read_yaml(text: str, /) -> Item | None:
    """The first document; None when there is none, or none that can be read."""
    if len(text) > _MOST_BYTES:
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return None if node is None else Item(node)


def _collect(node: yaml.Node, found: dict[str, Item], merges: int) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value == "<<":
            merged.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
        else:
            found.setdefault(str(key.value), Item(value))
    if merges:
        # One list of parents at most per level: nine times nine merges nine deep would never end.
        for parent in merged[:4]:
            _collect(parent, found, merges - 4 if len(merged) > 1 else merges - 1)
