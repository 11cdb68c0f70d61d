"""Conditions that tie the item of an inner loop to that of an outer one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import turns
from auditor.rules.row_paths import conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node

_ORDERING: Final = frozenset({"<", "<=", ">", ">="})


def matched(inner: Node, own: frozenset[str], foreign: frozenset[str]) -> Node | None:
    """The equality that decides whether the loop's item is used at all; None where others are used too.

    `own` are the names of the inner loop's item, `foreign` those that each turn of the outer one changes.
    """
    if inner[0] == ir.COMP:
        conditions = [*inner[4][-1][2], *(inner[3] if inner[2] == "gen" else ())]
        return next((c for x in conditions for c in equalities(x, own, foreign)), None)
    body = list(inner[5])
    known = set(own)
    while body and body[0][0] == ir.ASSIGN and turns.free_names(body[0][4]) & known:
        known |= turns.bound_by(body[0])
        body.pop(0)
    if not body or body[0][0] != ir.IF:
        return None
    gate = body[0]
    skips = len(gate[4]) == 1 and gate[4][0][0] == ir.CONTINUE and not gate[5]
    if skips:
        return next(iter(equalities(gate[3], frozenset(known), foreign, operator="!=")), None)
    if len(body) > 1 or gate[5]:
        return None
    return next(iter(equalities(gate[3], frozenset(known), foreign)), None)


def equalities(
    condition: Node, own: frozenset[str], foreign: frozenset[str], *, operator: str = "=="
) -> Iterator[Node]:
    """The comparisons of a condition that must hold, of something of the one with something of the other."""
    for part in conjuncts(condition):
        if part[0] == ir.CMP and part[2] == (operator,) and is_tie(part[3], own, foreign):
            yield part


def is_tie(operands: Sequence[Node], own: frozenset[str], foreign: frozenset[str]) -> bool:
    """Whether one side speaks of the inner item alone, the other of the outer one."""
    one, other = (turns.free_names(x) for x in (operands[0], operands[-1]))
    for mine, theirs in ((one, other), (other, one)):
        if mine & own and not mine & foreign and theirs & foreign and not theirs & own:
            return True
    return False


def crossed(inner: Node, own: frozenset[str], foreign: frozenset[str]) -> Node | None:
    """A comparison of ranges in a loop further inside: `if slot[0] <= minute < slot[1]` for each minute of a booking."""
    if inner[0] != ir.FOR:
        return None
    known = set(own)
    for s in inner[5]:
        if s[0] == ir.ASSIGN and turns.free_names(s[4]) & known:
            known |= turns.bound_by(s)
        elif s[0] == ir.FOR and turns.free_names(s[4]) & known:
            ticks = turns.targets_of(s[3])
            body = list(s[5])
            if len(body) == 1 and body[0][0] == ir.IF:
                test = body[0][3]
                names = turns.free_names(test)
                ordered = test[0] == ir.CMP and set(test[2]) <= _ORDERING
                return test if ordered and names & ticks and names & foreign else None
    return None
