"""Whether a number, a row or a collection is only asked whether there is anything at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.rules.names import Reads

_ZERO_TESTS: Final = frozenset({(">", 0), ("==", 0), ("!=", 0), ("<=", 0), (">=", 1), ("<", 1)})
_MIRRORED: Final = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}


def is_number_tested(reads: Reads, node: Node) -> bool:
    """`n > 0`, `n == 0`, `if n`, `not n`, `bool(n)`, for the expression that gives the number."""
    if reads.is_test(node):
        return True
    parent = reads.parent(node)
    if parent is None or parent[0] != ir.CMP or len(parent[2]) != 1:
        return False
    operator, (left, right) = parent[2][0], parent[3]
    other = right if left is node else left
    if left is not node:
        operator = _MIRRORED.get(operator, "")
    return other[0] == ir.CONST and type(other[2]) is int and (operator, other[2]) in _ZERO_TESTS


def is_length_tested(reads: Reads, node: Node) -> bool:
    """Whether a collection that is passed to `len` is only asked whether it is empty."""
    call = reads.parent(node)
    return call is not None and is_number_tested(reads, call)


def only_tested(reads: Reads, node: Node, roles: frozenset[str] = frozenset()) -> bool:
    """Whether every place that a number (or row) flows to asks only whether it is zero (or there)."""
    if is_number_tested(reads, node) or reads.role(node) in roles:
        return True
    flows = reads.flows(node)
    return bool(flows) and all(f.role in roles or is_number_tested(reads, f.node) for f in flows)
