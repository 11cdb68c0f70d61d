"""Candidates that a loop tries until one works: `try: x = ask(one)`, `except Bad: continue`, `else: return x`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.rules import turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.ir import Node
    from auditor.rules.scene import Looped

_ABSENT: Final = (
    "DoesNotExist",
    "NotFound",
    "NoResultFound",
    "Http404",
    "KeyError",
    "LookupError",
    "IndexError",
)
"""Ends of errors that say that nothing is there: one query for all finds out which are."""


def is_tried_until(looped: Looped) -> bool:
    """Whether the loop, and each loop around it, ends as soon as what the turn asks for does not fail."""
    loop, outer = looped.loop, looped.loops[:-1]
    node, function = loop.node, loop.site.function
    if node is None or node[0] != ir.FOR or looped.spot.function is not function:
        return False
    if any(around.site.function is not function for around in outer):
        return False
    return is_tried(node[5], looped.spot.line, frozenset({ir.RETURN} if outer else {ir.RETURN, ir.BREAK}))


def is_tried(block: Sequence[Node], line: int, ends: frozenset[int]) -> bool:
    """Whether a block that holds `line` has there, or further down, a `try` whose success leaves by one of `ends`."""
    for n, s in enumerate(block):
        if s[1] <= line <= s[2]:
            if s[0] == ir.TRY and any(x[1] <= line <= x[2] for x in s[3]):
                return leaves(s, ends) or any(leaves(later, ends) for later in block[n + 1 :])
            return s[0] in {ir.IF, ir.WITH} and any(is_tried(inner, line, ends) for inner in inner_blocks(s))
    return False


def leaves(s: Node, ends: frozenset[int]) -> bool:
    """Whether a `try` leaves by one of `ends` unless it fails, and goes on to the next turn where it does."""
    if s[0] != ir.TRY or any(n[0] == ir.CONTINUE for part in s[3] for n in turns.nodes(part)):
        return False
    if all(is_about_absence(handler[0]) for handler in s[4]):
        return False
    succeeded = s[5] or s[3]
    return bool(succeeded) and succeeded[-1][0] in ends


def is_about_absence(caught: Node | None) -> bool:
    """Whether a handler is for a row or key that is not there."""
    return caught is not None and any(turns.name_of(n).endswith(_ABSENT) for n in turns.nodes(caught))
