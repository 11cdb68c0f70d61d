"""What stands around a statement in its loop: guards, counters, nets for errors, uses of what it gives."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.same import Same
from auditor.index.symbols import inner_blocks
from auditor.rules import turns
from auditor.rules.claim import strip
from auditor.trace.pinning import tests
from auditor.trace.remembering import fills, given_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped
    from auditor.trace.summary import Effect, Loop

_ALONE: Final = frozenset({"atomic", "begin_nested", "savepoint", "begin"})

_PICKED: Final = 50
"""Turns of which one is picked from which on what it does is for people who watch, and costs nothing beside the rest."""


def guards(block: Sequence[Node], line: int) -> Iterator[Node]:
    """The conditions that a run passes on its way to a line of a block: those around it and those it went past."""
    for s in block:
        if s[1] <= line <= s[2]:
            if s[0] == ir.IF:
                yield s[3]
            for inner in inner_blocks(s):
                yield from guards(inner, line)
            return
        if s[0] == ir.IF and any(n[0] in {ir.CONTINUE, ir.RETURN, ir.BREAK} for n in turns.nodes(s[4])):
            yield s[3]


def is_prepared(looped: Looped) -> bool:
    """Whether a turn sets attributes of the row, or calls its methods, before it is written."""
    node = looped.loop.node
    if node is None or node[0] != ir.FOR or node[3][0] != ir.NAME:
        return False
    row = node[3][2]
    for s in turns.nodes(node[5]):
        if s[1] >= looped.spot.start:
            continue
        targets = s[3] if s[0] == ir.ASSIGN else (s[3][2],) if s[0] == ir.EXPR and s[3][0] == ir.CALL else ()
        if any(t[0] == ir.ATTR and turns.root_name(t) == row for t in targets):
            return True
    return False


def is_used_in_turn(looped: Looped, effect: Effect) -> bool:
    """Whether the rest of the turn, or of the called function that writes, reads the row just written: it needs its key."""
    write, home = effect.node, effect.site.function
    if write is None or write[0] != ir.CALL:
        return False
    inside = home is not None and home is not looped.loop.site.function
    body = home.body if inside and home is not None else body_of(looped.loop)
    after = effect.site.end if inside else looped.spot.end
    bound = next(
        (
            t[2]
            for s in turns.nodes(body)
            if s[0] == ir.ASSIGN and any(n is write for n in turns.nodes(s[4]))
            for target in s[3]
            for t in (target[3] if target[0] == ir.SEQ else (target,))
            if t[0] == ir.NAME
        ),
        turns.root_name(write[2]) if turns.name_of(write[2]) in {"save", "asave"} else "",
    )
    given = {id(s[3]) for s in turns.nodes(body) if s[0] == ir.RETURN and s[3] is not None}
    if effect.label.startswith("INSERT INTO") and not inside:
        return bool(bound) and is_handed_on(body, bound, after)
    later = (n for n in turns.nodes(body) if n[0] == ir.NAME and n[1] > after and id(n) not in given)
    return bool(bound) and any(n[2] == bound for n in later)


def is_handed_on(body: Sequence[Node], bound: str, after: int) -> bool:
    """Whether what a statement returned is given to anything that is called: `RETURNING` can tell it of all rows at once."""
    names = {bound}
    for s in turns.nodes(body):
        if (
            s[0] == ir.ASSIGN
            and s[1] > after
            and names & {n[2] for n in turns.nodes(s[4]) if n[0] == ir.NAME}
        ):
            names |= {
                t[2]
                for target in s[3]
                for t in turns.nodes(target)
                if t[0] == ir.NAME and target[0] != ir.ATTR
            }
    calls = (n for n in turns.nodes(body) if n[0] == ir.CALL and n[1] > after)
    given = (v for c in calls for v in (*c[3], *(value for _, value in c[4])))
    return any(n[0] == ir.NAME and n[2] in names for v in given for n in turns.nodes(v))


def is_made_in_turn(looped: Looped, write: Node | None) -> bool:
    """Whether the turn itself made the row that a condition of the write asks for: `.filter(id=row.id).update(…)`."""
    if write is None or write[0] != ir.CALL:
        return False
    keys = {
        value[2][2]
        for call in turns.nodes(write)
        if call[0] == ir.CALL and turns.name_of(call[2]) in {"filter", "get", "filter_by"}
        for name, value in call[4]
        if name in {"pk", "id"} and value[0] == ir.ATTR and value[2][0] == ir.NAME
    }
    return any(
        s[0] == ir.ASSIGN
        and s[4][0] == ir.CALL
        and turns.name_of(s[4][2]) in {"create", "acreate"}
        and any(t[0] == ir.NAME and t[2] in keys for t in s[3])
        for s in turns.nodes(body_of(looped.loop))
    )


def needs_flush(looped: Looped) -> bool:
    """Whether the rest of the turn reads a row that was added before the flush: it needs its key."""
    body = list(turns.nodes(body_of(looped.loop)))
    added = {
        argument[2]
        for n in body
        if n[0] == ir.CALL and turns.name_of(n[2]) == "add" and n[1] <= looped.spot.line
        for argument in n[3]
        if argument[0] == ir.NAME
    }
    return any(n[0] == ir.NAME and n[2] in added and n[1] > looped.spot.end for n in body)


def body_of(loop: Loop) -> Sequence[Node]:
    node = loop.node
    return () if node is None or node[0] not in {ir.FOR, ir.WHILE} else node[5 if node[0] == ir.FOR else 4]


def is_every_nth(loop: Loop, line: int) -> bool:
    """Whether a counter decides when the place runs: `if n % 1000 == 0`, `if len(batch) >= size`."""
    return any(counts(node) for test in guards(body_of(loop), line) for node in turns.nodes(test))


def is_for_progress(loop: Loop, line: int) -> bool:
    """Whether it stands below `if n % 1000 == 0`: few turns come there."""
    return any(
        s[0] == ir.IF
        and any(inner[1] <= line <= inner[2] for inner in s[4])
        and any(picks(test, holds=holds) for test, holds in tests(s[3], holds=True))
        for s in around(body_of(loop), line)
    )


def picks(test: Node, *, holds: bool) -> bool:
    """Whether one of many turns meets a test: `n % 1000 == 0`, `not n % 1000`."""
    if not holds:
        return is_of_many_turns(test)
    return bool(test[0] == ir.CMP and test[2] == ("==",)) and is_of_many_turns(test[3][0])


def is_of_many_turns(node: Node) -> bool:
    """`n % 1000`, by a number from which on the turns that it picks are few."""
    if node[0] != ir.BIN or node[2] != "%" or node[4][0] != ir.CONST:
        return False
    return isinstance(node[4][2], int) and node[4][2] >= _PICKED


def counts(node: Node) -> bool:
    if node[0] == ir.BIN:
        return bool(node[2] == "%")
    measured = node[0] == ir.CMP and any(operator in {">=", ">", "=="} for operator in node[2])
    return measured and any(n[0] == ir.CALL and turns.name_of(n[2]) == "len" for n in node[3])


def stands_alone(loop: Loop, line: int) -> bool:
    """Whether each turn has a transaction, or a net for errors, of its own around the place."""
    return any(is_alone(s) for s in around(body_of(loop), line))


def is_netted(effect: Effect) -> bool:
    """Whether the function that writes has a net for errors, or a transaction, of its own around the write."""
    function = effect.site.function
    return function is not None and any(is_alone(s) for s in around(function.body, effect.site.line))


def around(block: Sequence[Node], line: int) -> Iterator[Node]:
    """The compound statements of a block that hold a line."""
    for s in block:
        if s[1] <= line <= s[2]:
            yield s
            for inner in inner_blocks(s):
                yield from around(inner, line)


def is_alone(s: Node) -> bool:
    if s[0] == ir.TRY:
        return bool(s[4])
    return s[0] == ir.WITH and any(
        given[0] == ir.CALL and turns.name_of(given[2]) in _ALONE for given, _ in s[3]
    )


def is_fallback(effect: Effect) -> bool:
    """Whether it stands behind an `or`, or an `if x: return x` (`is not None`): it runs only where what comes before gives nothing."""
    node, function = effect.node, effect.site.function
    return node is not None and function is not None and stands_behind(Same(node), function, effect.site.line)


@lru_cache(maxsize=16_384)
def stands_behind(expression: Same, function: Function, line: int) -> bool:
    node = expression.tree
    if any(
        s[0] == ir.IF
        and s[2] < line
        and len(s[4]) == 1
        and s[4][0][0] == ir.RETURN
        and s[4][0][3] is not None
        and strip(s[4][0][3]) == strip(unless_none(s[3]))
        and not is_kept_here(unless_none(s[3]), function)
        for s in function.body
    ):
        return True
    return any(
        n[0] == ir.BOOL and n[2] == "or" and any(id(node) in turns.identities(part) for part in n[3][1:])
        for n in turns.nodes(function.body)
        if n[1] <= line
    )


def is_kept_here(tested: Node, function: Function) -> bool:
    """Whether it is the attribute that this function fills, or a name for it: nothing is there the first time.

    `made = getattr(self, "_made", None)`, `if made is not None: return made` and, further down, `self._made = made`.
    """
    place: Node | None = tested if tested[0] != ir.NAME else given_to(tested[2], function.body)
    if place is not None and place[0] == ir.CALL and place[2][0] == ir.NAME and place[2][2] == "getattr":
        owner, name = place[3][:2] if len(place[3]) > 1 else (None, None)
        known = name is not None and name[0] == ir.CONST
        place = (ir.ATTR, place[1], owner, name[2]) if known else None  # type: ignore[index]  # known is no None
    return place is not None and place[0] == ir.ATTR and fills(function.body, place)


def unless_none(test: Node) -> Node:
    """The `x` of `x is not None`; any other test as it is."""
    if test[0] == ir.CMP and test[2] == ("is not",) and test[3][1][0] == ir.CONST and test[3][1][2] is None:
        return test[3][0]  # type: ignore[no-any-return]  # shape of ir.CMP
    return test


def is_looked_up_first(effect: Effect) -> bool:
    """Whether it runs only for a key that a dictionary does not hold: `rows[key] if key in rows else …`, or the same with `if`."""
    node, function = effect.node, effect.site.function
    return node is not None and function is not None and stands_beside(Same(node), function)


@lru_cache(maxsize=16_384)
def stands_beside(expression: Same, function: Function) -> bool:
    node = expression.tree
    for s in turns.nodes(function.body):
        if s[0] == ir.IF:
            test, found, otherwise = s[3], s[4], s[5]
        elif s[0] == ir.IFEXP:
            test, found, otherwise = s[2], s[3], s[4]
        else:
            continue
        asked = {
            strip(n[3][1])
            for n in turns.nodes(test)
            if n[0] == ir.CMP and n[2] == ("in",) and n[3][1][0] in {ir.NAME, ir.ATTR}
        }
        taken = any(n[0] == ir.SUB and strip(n[2]) in asked for n in turns.nodes(found))
        if asked and taken and id(node) in turns.identities(otherwise):
            return True
    return False


def is_either_way(loop: Loop, line: int, others: frozenset[int]) -> bool:
    """Whether both arms of the innermost `if` around the place write, so that every turn does."""
    held = [s for s in around(body_of(loop), line) if s[0] == ir.IF]
    if not held or not held[-1][5]:
        return False
    arms = [
        any(s[1] <= x <= s[2] for s in arm for x in others | {line}) for arm in (held[-1][4], held[-1][5])
    ]
    return all(arms)
