"""Calls that say the same, letter for letter, while nothing they name has become another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.rules import paths, turns
from auditor.rules.claim import strip

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.trace.summary import Call


def worded(call: Node | None) -> str | None:
    """What is equal for two such calls; None where an argument is more than names, attributes, keys and literals."""
    if call is None or call[0] != ir.CALL or not is_path(call[2]):
        return None
    given = [*call[3], *(value for _, value in call[4])]
    return strip(call) if given and all(map(is_path, given)) else None


def is_path(node: Node) -> bool:
    """`g.tenant.id`, `request.args["city"]`, `request.args.get("city")`, `3`: what gives the same until it is changed."""
    if node[0] in {ir.NAME, ir.CONST}:
        return True
    if node[0] == ir.ATTR:
        return is_path(node[2])
    if node[0] == ir.SUB:
        return is_path(node[2]) and is_path(node[3])
    return (
        node[0] == ir.CALL
        and node[2][0] == ir.ATTR
        and node[2][3] == "get"
        and is_path(node[2][2])
        and bool(node[3])
        and all(map(is_path, node[3]))
        and not node[4]
    )


def is_changed_between(function: Function, first: Call, second: Call) -> bool:
    """Whether a name in the words, or an attribute or item of it, may be another at the second call than at the first."""
    names = frozenset(n[2] for n in turns.nodes(first.node) if n[0] == ir.NAME)
    return paths.rebinds(function, first.site.start, second.site.start, names)
