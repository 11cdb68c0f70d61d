"""Querysets that a helper builds once, puts on its object and gives again: walked over once, their rows are there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.same import Same
from auditor.index.values import Row
from auditor.rules import turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Query
    from auditor.rules.scene import Looped


def is_kept_where_built(query: Query | None) -> bool:
    """Whether its function stores it where it looks first: `if self._lines is None: self._lines = self.lines.all()`."""
    return bool(kept_on(query))


def kept_on(query: Query | None) -> frozenset[str]:
    """The names of what its function stores it on: `self`, the row; none where it does not look there first."""
    if query is None or query.site.function is None or query.site.module.role == "library":
        return frozenset()
    return _kept_on(Same(query.site.function.body), query.site.line)


@lru_cache(maxsize=4096)
def _kept_on(body: Same, line: int) -> frozenset[str]:
    found: set[str] = set()
    for s in turns.own_nodes(body.tree):
        if s[0] not in {ir.IF, ir.TRY}:
            continue
        looked, blocks = (s[3], (s[4],)) if s[0] == ir.IF else (s[3], tuple(h[2] for h in s[4]))
        spoken = set(spoken_of(looked))
        found |= {turns.root_name(t) for block in blocks for t in stored_at(block, line) if t[3] in spoken}
    return frozenset(found)


def stored_at(block: tuple[Node, ...], line: int) -> Iterator[Node]:
    """The attributes that a statement on this line fills."""
    for s in turns.own_nodes(block):
        if s[0] == ir.ASSIGN and s[1] <= line <= s[2]:
            yield from (t for t in s[3] if t[0] == ir.ATTR)


def spoken_of(tree: object) -> Iterator[str]:
    """Names of the attributes that a test, or a `try`, looks at, also as texts: `hasattr(self, "_lines")`."""
    for n in turns.nodes(tree):
        if n[0] == ir.ATTR:
            yield str(n[3])
        elif n[0] == ir.CONST and isinstance(n[2], str):
            yield n[2]


def is_kept_beside(looped: Looped, query: Query | None) -> bool:
    """Whether such rows are kept on something that no turn changes, so that the first turn alone pays."""
    kept = kept_on(query)
    if looped.loop.node is None or query is None or not kept:
        return False
    owner = query.owner
    if isinstance(owner, Row) and looped.loop in owner.loops:
        return False
    bound = turns.bound_names(looped.loop.node)
    if query.site.function is looped.loop.site.function:
        return not kept & bound
    calls = [n for n in turns.nodes(looped.loop.node) if n[0] == ir.CALL and n[1] == looped.spot.line]
    return not any(turns.root_name(call) in bound for call in calls)
