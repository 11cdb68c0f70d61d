"""Whether two places of one function lie on one way through it, and what happens between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.rules import turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function

_CHANGING: Final = frozenset(
    "save delete commit flush rollback refresh refresh_from_db expire expire_all sleep clear update create add "
    "remove bulk_create bulk_update execute executemany merge set asave adelete".split()
)
"""Method names after which rows read before may be others, whatever they are called on."""
_AWAITING: Final = frozenset({"join", "wait"})
"""Methods that, called with nothing, wait until a thread, a process or a queue is done: it may have written."""
_LEAVING: Final = frozenset({ir.RETURN, ir.RAISE, ir.CONTINUE, ir.BREAK})


@dataclass(frozen=True, slots=True)
class Step:
    """One statement list on the way down to a place, the statement in it, and which arm leads on."""

    statement: Node
    block: Sequence[Node]
    arm: int


def way(function: Function, line: int) -> list[Step]:
    """The compound statements around a line, outermost first, with the arm that holds it; then its own."""
    found: list[Step] = []
    block: Sequence[Node] | None = function.body
    while block is not None:
        statement = next((s for s in block if s[1] <= line <= s[2]), None)
        if statement is None:
            break
        inner = list(inner_blocks(statement))
        arm = next((n for n, b in enumerate(inner) if any(s[1] <= line <= s[2] for s in b)), -1)
        found.append(Step(statement, block, arm))
        block = inner[arm] if arm >= 0 else None
    return found


def both_run(function: Function, first: int, second: int) -> float:
    """How surely a run that passes line `first` passes `second` too: 1 always, 0.5 maybe, 0 never."""
    one, two = way(function, first), way(function, second)
    shared = 0
    while shared < min(len(one), len(two)) and one[shared].statement is two[shared].statement:
        a, b = one[shared], two[shared]
        if a.arm != b.arm:
            return 0.5 if a.statement[0] == ir.WITH else 0.0
        shared += 1
    rest, other = one[shared:], two[shared:]
    conditional = [s for s in rest if s.arm >= 0 and s.statement[0] != ir.WITH]
    conditional_too = [s for s in other if s.arm >= 0 and s.statement[0] != ir.WITH]
    if any(leaves(list(inner_blocks(s.statement))[s.arm]) for s in conditional):
        return 0.0
    if conditional and conditional_too:
        return 0.0
    return 0.5 if conditional or conditional_too else 1.0


def leaves(block: Sequence[Node]) -> bool:
    """Whether a block never falls through to what follows it."""
    if not block:
        return False
    last = block[-1]
    if last[0] in _LEAVING:
        return True
    if last[0] == ir.WITH:
        return leaves(last[4])
    return bool(last[0] == ir.IF and leaves(last[4]) and leaves(last[5]))


def replaced_unread(function: Function, line: int, call: Node) -> int:
    """The line where the variable with a call's result gets another value unread; 0 if it is read."""
    steps = way(function, line)
    if not steps or steps[-1].statement[0] != ir.ASSIGN:
        return 0
    block, statement = steps[-1].block, steps[-1].statement
    value = statement[4][2] if statement[4][0] == ir.AWAIT else statement[4]
    if value is not call or len(statement[3]) != 1 or statement[3][0][0] != ir.NAME:
        return 0
    name = statement[3][0][2]
    position = next(n for n, s in enumerate(block) if s is statement)
    for later in block[position + 1 :]:
        replaces = later[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == name for t in later[3])
        read = any(n[0] == ir.NAME and n[2] == name for n in turns.nodes(later[4] if replaces else later))
        if replaces or read:
            return int(later[4][1]) if replaces and not read else 0
    return 0


def statements_between(function: Function, first: int, second: int) -> Iterator[Node]:
    """Expressions and statements on the lines from `first` to `second`, both included."""
    for node in turns.nodes(function.body):
        if first <= node[1] <= second:
            yield node


def rebinds(function: Function, first: int, second: int, names: frozenset[str]) -> bool:
    """Whether one of the names, or what it refers to, may be another at `second` than it was at `first`."""
    for node in statements_between(function, first, second):
        if node[0] >= ir.ASSIGN or node[0] == ir.WALRUS:
            changed = turns.bound_by(node)
            if node[1] < second and changed & names and not (node[1] == first and node[0] == ir.ASSIGN):
                return True
    return False


def touches_rows(function: Function, first: int, second: int) -> bool:
    """Whether a call between the two lines may have changed what is in the database, going by its name."""
    return any(
        n[0] == ir.CALL
        and n[2][0] == ir.ATTR
        and (n[2][3] in _CHANGING or (n[2][3] in _AWAITING and not n[3]))
        and first < n[1] < second
        for n in statements_between(function, first, second)
    )
