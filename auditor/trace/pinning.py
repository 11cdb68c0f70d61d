"""Conditions inside a loop that let only one turn through, or one in many.

Recognised are a comparison of the loop's own key with a literal (`for name, event in events.items(): if name == "x"`),
which at most one turn meets, a flag that the turn which finds it down puts up (`if found: continue`, `found = True`),
and batching: `if i % 100 == 0`, `if len(batch) >= 100`. What stands behind them does not happen once per turn; the
machine takes the loop away from it, and forgets which relations it loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.index.values import Row
from auditor.trace import deciding
from auditor.trace.summary import repeating

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.index.ir import Node
    from auditor.index.values import Value
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Loop

Part = Literal["then", "rest"]
_DERIVED: Final = frozenset(
    {"replace", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "lower", "upper"}
)


def without_pinned(m: Machine, condition: Node, part: Part) -> tuple[Loop, ...]:
    """The loops that still repeat what an arm holds: its `then`, or its `else` and what follows when `then` leaves."""
    loops = m.cx.loops
    if not loops:
        return loops
    pinned = raised_flag(m, condition, part) or next(
        (x for test, holds in tests(condition, holds=part == "then") if (x := pin(m, test, holds=holds))),
        None,
    )
    return loops if pinned is None else tuple(x for x in loops if x is not pinned)


def untouched(env: Mapping[str, Value]) -> dict[int, tuple[Row, dict[str, Value]]]:
    """What was loaded of the rows that an arm can name, before the arm that only few turns enter."""
    rows = (value for value in env.values() if isinstance(value, Row))
    return {id(row): (row, dict(row.touched)) for row in rows}


def restore(rows: Mapping[int, tuple[Row, dict[str, Value]]]) -> None:
    """Takes from the rows what only the arm loaded: the turns that went past it load it further down."""
    for row, touched in rows.values():
        row.touched.clear()
        row.touched.update(touched)


def tests(condition: Node, *, holds: bool) -> Iterator[tuple[Node, bool]]:
    """Conditions that surely hold, or surely do not, where `condition` does (or, without `holds`, does not)."""
    if condition[0] == ir.NOT:
        yield from tests(condition[2], holds=not holds)
    elif condition[0] == ir.BOOL and (condition[2] == "and") == holds:
        for item in condition[3]:
            yield from tests(item, holds=holds)
    else:
        yield condition, holds


def pin(m: Machine, test: Node, *, holds: bool) -> Loop | None:
    """The loop of which only few turns meet a test, or fail it without `holds`."""
    if test[0] == ir.BIN and test[2] == "%":
        return None if holds else counted(m, test[3])
    if test[0] != ir.CMP or len(test[3]) != 2:
        return None
    left, right = test[3]
    operator = test[2][0]
    if left[0] == ir.CONST:
        left, right = right, left
    if operator in {"==", "is"} if holds else operator in {"!=", "is not"}:
        if left[0] == ir.BIN and left[2] == "%" and right[0] == ir.CONST:
            return counted(m, left[3])
        if is_literal(right) and left[0] == ir.NAME:
            return keyed(m, left[2])
        if left[0] == ir.CALL and is_len(left):
            return collecting(m, left[3][0])
    if holds and operator in {">=", ">"} and is_len(left):
        enough = right[0] != ir.CONST or (isinstance(right[2], int) and right[2] > 1)
        return collecting(m, left[3][0]) if enough else None
    return None


def collecting(m: Machine, collected: Node) -> Loop | None:
    """The innermost loop, where it fills what is counted, turn by turn; what a turn has for itself is no such thing."""
    loop = innermost(m)
    if loop is None or loop.node is None:
        return None
    node = loop.node
    held = collected
    while held[0] == ir.ATTR:
        held = held[2]
    if held[0] != ir.NAME or (node[0] == ir.FOR and held[2] in deciding.targets(node[3])):
        return None
    body = node[5] if node[0] == ir.FOR else node[4]
    made = [s for s in statements(body) if s[0] != ir.AUG and held[2] in deciding.bound(s)]
    if not all(s[0] in {ir.ASSIGN, ir.ANN} and is_empty(s[4]) for s in made):
        return None
    return loop if collected[0] == ir.ATTR or fills(body, held[2]) else None


def is_empty(value: Node | None) -> bool:
    """`[]`, `{}`, `set()`, `None`: a batch begins anew."""
    if value is None or value[0] == ir.CONST:
        return True
    if value[0] == ir.CALL:
        return not value[3] and not value[4]
    items = value[3] if value[0] == ir.SEQ else value[2] if value[0] == ir.DICT else (value,)
    return not items


def stored(s: Node) -> Sequence[Node]:
    """What an assignment stores to, where it changes what is there: the places of keys, what `+=` adds to."""
    return [s[3]] if s[0] == ir.AUG else [t[2] for t in s[3] if t[0] == ir.SUB]


def is_held(node: Node, name: str) -> bool:
    return bool(node[0] == ir.NAME and node[2] == name)


def fills(body: Sequence[Node], name: str) -> bool:
    """Whether a block may put something into what bears a name: by its methods, by its keys, `+=`, or by a call's hand."""
    for node in ir.walk(tuple(body)):
        if node[0] == ir.CALL:
            called = node[2]
            if called[0] == ir.ATTR and called[2][0] == ir.NAME and called[2][2] == name:
                return True
            given = (*node[3], *(value for _, value in node[4]))
            asks = called[0] == ir.NAME and called[2] == "len"
            if not asks and any(g[0] == ir.NAME and g[2] == name for g in given):
                return True
        elif node[0] in {ir.AUG, ir.ASSIGN} and any(is_held(t, name) for t in stored(node)):
            return True
    return False


def raised_flag(m: Machine, condition: Node, part: Part) -> Loop | None:
    """The loop in which only the turn that sets a flag passes: `if found: continue`, then `found = True`."""
    loop = innermost(m)
    if loop is None or loop.node is None or loop.node[0] != ir.FOR:
        return None
    body = loop.node[5]
    for test, holds in tests(condition, holds=part == "then"):
        if test[0] == ir.NAME and not holds:
            name = test[2]
            settings = [s for s in statements(body) if name in deciding.bound(s)]
            if (
                len(settings) == 1
                and sets_true(settings[0], name)
                and any(is_raised_in(block, name, condition, part) for block in blocks(body))
            ):
                return loop
    return None


def is_raised_in(block: Sequence[Node], name: str, condition: Node, part: Part) -> bool:
    """Whether a block holds the condition and sets the flag on every run that the condition lets through."""
    for position, s in enumerate(block):
        if s[0] == ir.IF and s[3] is condition:
            passed = s[4] if part == "then" else (*s[5], *block[position + 1 :])
            return any(sets_true(x, name) for x in passed)
    return False


def sets_true(s: Node, name: str) -> bool:
    return bool(s[0] == ir.ASSIGN and name in deciding.bound(s) and s[4][0] == ir.CONST and s[4][2] is True)


def statements(body: Sequence[Node]) -> Iterator[Node]:
    """Every statement of a block, those inside others included."""
    for block in blocks(body):
        yield from block


def blocks(body: Sequence[Node]) -> Iterator[Sequence[Node]]:
    """A block and those inside its statements."""
    yield body
    for s in body:
        for inner in inner_blocks(s):
            yield from blocks(inner)


def is_len(node: Node) -> bool:
    """`len(name)`: of what is collected until it is enough."""
    return bool(
        node[0] == ir.CALL and node[2][0] == ir.NAME and node[2][2] == "len" and len(node[3]) == 1
    ) and node[3][0][0] in {ir.NAME, ir.ATTR}


def is_literal(node: Node) -> bool:
    """A constant, or a name in capitals that stands for one."""
    if node[0] == ir.CONST:
        return node[2] is not None and not isinstance(node[2], bool)
    name = node[2] if node[0] == ir.NAME else node[3] if node[0] == ir.ATTR else ""
    return isinstance(name, str) and name.isupper()


def innermost(m: Machine) -> Loop | None:
    """The innermost loop, where the function at hand wrote it."""
    loops = repeating(m.cx.loops)
    if not loops:
        return None
    loop = loops[-1]
    own = loop.site.function is m.cx.function and loop.node is not None
    return loop if own and loop.node is not None and loop.node[0] in {ir.FOR, ir.WHILE} else None


def counted(m: Machine, counter: Node) -> Loop | None:
    """The loop that a counter counts: the one whose target it is or whose body raises it."""
    if counter[0] != ir.NAME:
        return None
    for loop in reversed(repeating(m.cx.loops)):
        node = loop.node
        if node is None or loop.site.function is not m.cx.function or node[0] not in {ir.FOR, ir.WHILE}:
            continue
        if counter[2] in deciding.rebound((node,)) or counter[2] in deciding.bound(node):
            return loop
    return None


def keyed(m: Machine, name: str) -> Loop | None:
    """The loop of which a name is the key, other in every turn."""
    for loop in reversed(m.cx.loops):
        node = loop.node
        if node is None or node[0] != ir.FOR or loop.site.function is not m.cx.function:
            continue
        key = key_of(node)
        if key and (name == key or name in derived(node, key)):
            return loop
    return None


def key_of(node: Node) -> str:
    """The name that a `for` binds to something else in every turn: a dictionary's key, a position; "" for others."""
    target, iterable = node[3], node[4]
    if iterable[0] != ir.CALL:
        return ""
    called = iterable[2]
    if called[0] == ir.ATTR and called[3] == "items" and not iterable[3] and target[0] == ir.SEQ:
        first = target[3][0] if target[3] else target
    elif called[0] == ir.ATTR and called[3] == "keys" and not iterable[3]:
        first = target
    elif called[0] == ir.NAME and called[2] == "enumerate" and target[0] == ir.SEQ:
        first = target[3][0] if target[3] else target
    elif called[0] == ir.NAME and called[2] == "range":
        first = target
    else:
        return ""
    return str(first[2]) if first[0] == ir.NAME else ""


def derived(node: Node, key: str) -> Iterator[str]:
    """Names that the body makes of the key alone: `short = key.removeprefix("x")`."""
    for s in node[5]:
        if s[0] == ir.ASSIGN and len(s[3]) == 1 and s[3][0][0] == ir.NAME and s[4][0] == ir.CALL:
            called = s[4][2]
            if (
                called[0] == ir.ATTR
                and called[3] in _DERIVED
                and called[2][0] == ir.NAME
                and called[2][2] == key
            ):
                yield s[3][0][2]
