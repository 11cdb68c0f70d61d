"""Turns of a loop that each lock the row they are about in a transaction of their own: asked anew on purpose, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.rules import turns
from auditor.rules.regions import is_begun

if TYPE_CHECKING:
    from auditor.trace.summary import Effect, Loop


def locks_a_turn(loop: Loop, effect: Effect) -> bool:
    """Whether a query locks what it reads inside a transaction that begins and ends within the turn.

    Read before the loop, the rows would be locked all together, or not at all when the turn comes.
    """
    query = effect.query
    if query is None or not query.locked or loop.node is None:
        return False
    return any(
        node[0] == ir.WITH and any(is_begun(entered) for entered, _ in node[3])
        for node in turns.nodes(loop.node)
    )
