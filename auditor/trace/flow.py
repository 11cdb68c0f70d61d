"""Where control goes, by the shape of the statements alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import inner_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.ir import Node

ELSE: Final = 1
GUARDED: Final = 2
"""The arm that the statements after a guard are: they run unless the guard leaves, and without cost it never does."""


def after_guard(s: Node) -> int | None:
    """The arm of an `if` that what follows it shares, where the other arm has left; None where both go on."""
    if departs(s[4]):
        return None if leaves(s[5]) else GUARDED
    return 0 if departs(s[5]) and s[4] and not leaves(s[4]) else None


def after_failing(s: Node) -> int | None:
    """The arm of a `try` that what follows it shares, where success has left: the first handler that goes on.

    None where success goes on too, or no handler does.
    """
    if not (departs(s[3]) or departs(s[5])) or s[6]:
        return None
    return next((n + 1 for n, (_, _, body) in enumerate(s[4]) if not leaves(body)), None)


def departs(statements: Sequence[Node]) -> bool:
    """True if the block ends the function or the turn in an orderly way; raising is the exception."""
    return leaves(statements) and statements[-1][0] in {ir.RETURN, ir.CONTINUE, ir.BREAK}


def leaves(statements: Sequence[Node]) -> bool:
    """True if the block never falls through."""
    if not statements:
        return False
    last = statements[-1]
    if last[0] in {ir.RETURN, ir.RAISE, ir.CONTINUE, ir.BREAK}:
        return True
    return last[0] == ir.IF and leaves(last[4]) and leaves(last[5])


def turns_once(node: Node | None) -> bool:
    """True for a `for` whose body always ends it in its first turn."""
    if node is None or node[0] != ir.FOR or not node[5]:
        return False
    last = node[5][-1][0]
    return last in {ir.RETURN, ir.BREAK, ir.RAISE} and not goes_on(node[5])


def ends_early(node: Node | None) -> bool:
    """True for a `for` that a `break` or a `return` may end before its last turn."""
    return node is not None and node[0] == ir.FOR and stops(node[5], breaks=True)


def stops(statements: Sequence[Node], *, breaks: bool) -> bool:
    """Whether a statement in here leaves the loop around; `breaks` where a `break` is of that loop."""
    return any(
        s[0] == ir.RETURN
        or (s[0] == ir.BREAK and breaks)
        or any(stops(block, breaks=breaks and s[0] not in {ir.FOR, ir.WHILE}) for block in inner_blocks(s))
        for s in statements
    )


def goes_on(statements: tuple[Node, ...]) -> bool:
    """True where a `continue` may start the next turn."""
    return any(
        s[0] == ir.CONTINUE
        or (s[0] not in {ir.FOR, ir.WHILE} and any(goes_on(block) for block in inner_blocks(s)))
        for s in statements
    )
