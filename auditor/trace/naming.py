"""What a person would call what an expression gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.index import ir
from auditor.index.symbols import tail_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node

_SEEN_THROUGH: Final = {
    **dict.fromkeys("list sorted set frozenset enumerate reversed tuple iter zip tqdm len".split(), 0),
    **dict.fromkeys("chain islice groupby gather as_completed chunked batched partition_all".split(), 0),
    **dict.fromkeys("range map starmap takewhile dropwhile filterfalse".split(), 1),
}
"""Functions whose result is as many as the argument at that position (the only one, where there is one)."""
_TRANSPARENT: Final = frozenset(
    {
        "all",
        "items",
        "values",
        "keys",
        "iterator",
        "filter",
        "order_by",
        "select_related",
        "prefetch_related",
        "scalars",
    }
)


def source_name(node: Node) -> str:
    """What a person would call what an expression gives: its variable, attribute or relation."""
    while node[0] in {ir.CALL, ir.SUB, ir.AWAIT, ir.STAR}:
        if node[0] == ir.CALL:
            passed = _SEEN_THROUGH.get(tail_name(node[2]))
            if passed is not None and node[3]:
                node = node[3][0 if len(node[3]) == 1 else passed]
                continue
            if node[2][0] == ir.NAME:
                if node[2][2] == "filter" and len(node[3]) == 2:
                    node = node[3][1]
                    continue
                return ""
        if node[0] == ir.CALL and node[2][0] == ir.ATTR:
            if node[2][3] in _TRANSPARENT:
                node = node[2][2]
                continue
            return ""
        node = node[2]
    if node[0] == ir.NAME:
        return str(node[2])
    if node[0] == ir.ATTR:
        return str(node[3])
    return ""


def names_in(node: Any) -> Iterator[str]:
    """Every name that an expression reads."""
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == ir.NAME and isinstance(node[2], str):
            yield node[2]
        else:
            for part in node:
                yield from names_in(part)
