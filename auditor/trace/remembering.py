"""Caches that code keeps by hand: work that is done only when nothing is remembered yet.

Recognised are a test of a place that the branch below fills (`if self._x is None: self._x = …`, `if key not in memo:
memo[key] = …`, a name under `global`), a test of what a cache gave (`hit = cache.get(key)`; `if hit is not None: return hit`), and a look-up in
a dictionary that outlives the call and is filled further down (`hit = KEPT.get(key)`, `try: return KEPT[key]`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks.templates import CACHED
from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.index.values import Ext, Row, Sym, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.index.ir import Node

_PUTTING: Final = frozenset({"set", "put", "store", "add", "save", "setdefault"})
"""Methods by which a store of the project's own takes a value for a key."""
FROM_CACHE: Final = Ext("<from a cache>")
"""What a read of a cache gives: the value, or nothing."""


def remembered_part(
    s: Node, env: Mapping[str, Value], body: Sequence[Node] = ()
) -> Literal["then", "rest"] | None:
    """Which part of an `if` runs only when nothing is remembered: its first arm, what follows it, or neither.

    `body` is that of the function, in which the place that is looked up may be filled.
    """
    condition = s[3]
    if condition[0] == ir.NOT and condition[2][0] == ir.CALL and condition[2][2][2] == CACHED:
        return "then"
    for place, missing in tests(condition):
        kept_in = looked_up(place, body)
        by_call = place[0] == ir.NAME
        if kept_in is not None and outlives(kept_in, env) and fills(body, kept_in, by_call=by_call):
            if missing and fills(s[4], kept_in, by_call=by_call):
                return "then"
            if not missing and departs(s[4]):
                return "rest"
        kept = env.get(place[2]) is FROM_CACHE if place[0] == ir.NAME else is_lasting(place, env)
        if missing and (kept or place[0] == ir.SUB) and fills(s[4], place):
            return "then"
        given = place[0] == ir.NAME or gives_back(s[4], place) or fills(body, place)
        if not missing and kept and given and returns_value(s[4]):
            return "rest"
        if place[0] == ir.NAME and place[2] in shared_names(body):
            if missing and fills(s[4], place):
                return "then"
            if not missing and returns_value(s[4]) and fills(body, place):
                return "rest"
    return None


def shared_names(body: Sequence[Node]) -> frozenset[str]:
    """The names that a function says are its module's: `global _engine`."""
    return frozenset(name for s in body if s[0] == ir.GLOBAL for name in s[3])


def missed_part(
    s: Node, env: Mapping[str, Value], body: Sequence[Node]
) -> Literal["handlers", "rest"] | None:
    """The same of a `try` that looks a place up: its handlers, or these and what follows it."""
    first = s[3][-1] if s[3] else None
    if first is None or first[0] not in {ir.RETURN, ir.ASSIGN, ir.EXPR}:
        return None
    place = first[4] if first[0] == ir.ASSIGN else first[3]
    if place is None or place[0] not in {ir.SUB, ir.ATTR} or not outlives(place, env):
        return None
    if any(fills(handler[2], place) for handler in s[4]):
        return "handlers"
    return "rest" if first[0] == ir.RETURN and fills(body, place) else None


def looked_up(place: Node, body: Sequence[Node]) -> Node | None:
    """`KEPT[key]` for a name that `KEPT.get(key)` gave, in the condition itself or before it."""
    value = place[3] if place[0] == ir.WALRUS else given_to(place[2], body) if place[0] == ir.NAME else None
    if value is None or value[0] != ir.CALL or value[2][0] != ir.ATTR or value[2][3] != "get" or value[4]:
        return None
    return (ir.SUB, value[1], value[2][2], value[3][0]) if 1 <= len(value[3]) <= 2 else None


def given_to(name: str, statements: Sequence[Node]) -> Node | None:
    """What the first assignment to a name in these statements gives it."""
    for s in statements:
        if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == name for t in s[3]):
            return s[4]  # type: ignore[no-any-return]  # shape of ir.ASSIGN
        for inner in inner_blocks(s):
            found = given_to(name, inner)
            if found is not None:
                return found
    return None


def outlives(place: Node, env: Mapping[str, Value]) -> bool:
    """True for an item or attribute of what outlives the call: of an object, or of a name that is not the call's own."""
    if place[0] == ir.ATTR or place[2][0] != ir.NAME:
        return is_lasting(place, env)
    return place[2][2] not in env


def departs(statements: Sequence[Node]) -> bool:
    """True where nothing is left to be done: the remembered value is returned, or the turn ends."""
    return returns_value(statements) or (bool(statements) and statements[-1][0] == ir.CONTINUE)


def tests(condition: Node) -> Iterator[tuple[Node, bool]]:
    """The places a condition tests, each with whether the first arm runs when nothing is there."""
    if condition[0] == ir.BOOL:
        for item in condition[3]:
            yield from tests(item)
    elif condition[0] == ir.NOT:
        yield from ((place, not missing) for place, missing in tests(condition[2]))
    elif condition[0] == ir.CMP and len(condition[3]) == 2:
        left, right = condition[3]
        operator = condition[2][0]
        if right[0] == ir.CONST and right[2] is None and operator in {"is", "=="}:
            yield left, True
        elif right[0] == ir.CONST and right[2] is None and operator in {"is not", "!="}:
            yield left, False
        elif operator in {"in", "not in"}:
            yield (ir.SUB, left[1], right, left), operator == "not in"
    elif condition[0] == ir.CALL and condition[2][0] == ir.NAME and condition[2][2] == "hasattr":
        args = condition[3]
        if len(args) == 2 and args[1][0] == ir.CONST:
            yield (ir.ATTR, args[0][1], args[0], args[1][2]), False
    elif condition[0] in {ir.NAME, ir.ATTR, ir.SUB, ir.WALRUS}:
        yield condition, False


def is_lasting(place: Node, env: Mapping[str, Value]) -> bool:
    """True for a place that outlives the call: an attribute or item of anything but a row of the database."""
    if place[0] not in {ir.ATTR, ir.SUB}:
        return False
    root = place
    while root[0] in {ir.ATTR, ir.SUB}:
        root = root[2]
    owner = env.get(root[2]) if root[0] == ir.NAME else None
    if isinstance(owner, Sym) and owner.op == "param" and owner.hint is None:
        return False
    return not isinstance(owner.hint if isinstance(owner, Sym) else owner, Row)


def fills(statements: Sequence[Node], place: Node, *, by_call: bool = False) -> bool:
    """Whether a block assigns to the place; with `by_call` also by `STORE.set(key, …)` to `STORE[key]`."""
    for s in statements:
        if by_call and s[0] == ir.EXPR and puts(s[3], place):
            return True
        targets = s[3] if s[0] == ir.ASSIGN else (s[3],) if s[0] == ir.ANN else ()
        if any(same(target, place) for target in targets):
            return True
        if any(fills(inner, place, by_call=by_call) for inner in inner_blocks(s)):
            return True
    return False


def puts(call: Node, place: Node) -> bool:
    """Whether a call hands a store what it is to keep under the key of the place."""
    return (
        place[0] == ir.SUB
        and call[0] == ir.CALL
        and call[2][0] == ir.ATTR
        and call[2][3] in _PUTTING
        and len(call[3]) > 1
        and same(call[2][2], place[2])
        and same(call[3][0], place[3])
    )


def gives_back(statements: Sequence[Node], place: Node) -> bool:
    """Whether a block reads the place that was found filled, or what holds it: `if key in KEPT: return KEPT[key]`."""
    held = (place,) if place[0] != ir.SUB or place[2][0] == ir.SEQ else (place, place[2])
    return any(same(node, one) for node in ir.walk(tuple(statements)) for one in held)


def returns_value(statements: Sequence[Node]) -> bool:
    return bool(statements) and statements[-1][0] == ir.RETURN and statements[-1][3] is not None


def same(a: object, b: object) -> bool:
    """Equal IR, lines aside."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return False
        is_node = len(a) > 2 and type(a[0]) is int and type(a[1]) is int
        return all(same(x, y) for n, (x, y) in enumerate(zip(a, b, strict=True)) if not (is_node and n == 1))
    return a == b
