"""What the syntax says about one turn of a loop: what changes in it, what waits, whether it is the last."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.same import Same
from auditor.index.symbols import inner_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped
    from auditor.trace.summary import Branch, Loop

_LEAVING: Final = frozenset({ir.RETURN, ir.RAISE, ir.BREAK})
_LEAVES: Final = frozenset({ir.CONST})
_CLOSED: Final = _LEAVES | {ir.DEF, ir.CLASS, ir.LAMBDA}
_MUTATING: Final = frozenset(
    "append appendleft add extend update pop popleft popitem remove insert clear discard setdefault push put "
    "write seek read readline next send advance move step sort reverse increment reset".split()
)
"""Methods called for what they do to the object they are called on, however it is reached."""
_PAUSING: Final = frozenset({"sleep", "wait", "wait_for_timeout", "backoff"})
_COUNTERS: Final = frozenset({"range", "count", "repeat", "cycle", "iter"})


_KEPT: Final = 131_072
"""Trees whose nodes are kept: more than a million lines have functions, for rules come back to each of them many times."""


def nodes(tree: object) -> Iterator[Node]:
    """Every expression and statement in a tree, itself included, outermost first."""
    return iter(_nodes(Same(tree)) if isinstance(tree, tuple) else ())


@lru_cache(maxsize=_KEPT)
def _nodes(tree: Same) -> tuple[Node, ...]:
    return _walked(tree.tree, _LEAVES)


def _walked(tree: Node, closed: frozenset[int]) -> tuple[Node, ...]:
    """Nodes outermost first, without a look into those of the kinds `closed`."""
    found: list[Node] = []
    stack: list[Node] = [tree]
    while stack:
        part = stack.pop()
        if len(part) > 1 and isinstance(part[0], int) and isinstance(part[1], int):
            found.append(part)
            if part[0] in closed:
                continue
        for inner in reversed(part):
            if isinstance(inner, tuple):
                stack.append(inner)  # noqa: PERF401  a list for every node takes a third longer
    return tuple(found)


def own_nodes(tree: object) -> Iterator[Node]:
    """Those of a function's own code: what functions, classes and lambdas hold that stand inside it is left out."""
    return iter(_own_nodes(Same(tree)) if isinstance(tree, tuple) else ())


@lru_cache(maxsize=_KEPT)
def _own_nodes(tree: Same) -> tuple[Node, ...]:
    return _walked(tree.tree, _CLOSED)


def identities(tree: object) -> frozenset[int]:
    """The identities of these nodes."""
    return _identities(Same(tree)) if isinstance(tree, tuple) else frozenset()


@lru_cache(maxsize=4096)
def _identities(tree: Same) -> frozenset[int]:
    return frozenset(map(id, _nodes(tree)))


def results_unused(tree: object) -> frozenset[int]:
    """The identities of the expressions below `tree` that are statements of their own, `await` seen through."""
    return _unused(Same(tree)) if isinstance(tree, tuple) else frozenset()


@lru_cache(maxsize=4096)
def _unused(tree: Same) -> frozenset[int]:
    found: set[int] = set()
    for node in _nodes(tree):
        if node[0] == ir.EXPR:
            found.add(id(node[3]))
            if node[3][0] == ir.AWAIT:
                found.add(id(node[3][2]))
    return frozenset(found)


def conditions_inside(loop: Loop, branch: Branch) -> Branch:
    """The arms that a place inside the loop lies in and the loop itself does not."""
    if loop.branch and loop.branch[-1] in branch:
        return branch[branch.index(loop.branch[-1]) + 1 :]
    return branch


def is_last(looped: Looped) -> bool:
    """True where the turn that reaches the place is the last: its block goes on to leave the loop."""
    node = looped.loop.node
    if node is None or node[0] not in {ir.FOR, ir.WHILE}:
        return False
    body = node[5] if node[0] == ir.FOR else node[4]
    return leads_to(body, looped.spot.line, _LEAVING)


def leads_to(block: Sequence[Node], line: int, ends: frozenset[int]) -> bool:
    """Whether a block that holds `line` also holds, at or after it, a statement of the kinds `ends`."""
    for n, s in enumerate(block):
        if s[1] <= line <= s[2]:
            if s[0] in ends or any(later[0] in ends for later in block[n + 1 :]):
                return True
            inside_another = s[0] in {ir.FOR, ir.WHILE}
            return not inside_another and any(leads_to(inner, line, ends) for inner in inner_blocks(s))
    return False


def leads_out(block: Sequence[Node], line: int) -> bool:
    """Whether a loop's block leaves the loop once the statement at `line` has run, also from inside a `with` that it enters."""
    for n, s in enumerate(block):
        if s[1] <= line <= s[2]:
            if any(inner[0] == ir.CONTINUE for inner in nodes(s)):
                return False
            if s[0] in _LEAVING or any(later[0] in _LEAVING for later in block[n + 1 :]):
                return True
            if s[0] == ir.WITH and any(inner[0] in _LEAVING for inner in s[4]):
                return True
            return s[0] in {ir.IF, ir.TRY, ir.WITH} and any(
                leads_out(inner, line) for inner in inner_blocks(s)
            )
    return False


def is_retry(loop: Loop) -> bool:
    """A loop that counts attempts or pages: over a range or a counter, and left from inside."""
    node = loop.node
    if node is None or node[0] != ir.FOR:
        return False
    iterable = node[4]
    counts = iterable[0] == ir.CALL and name_of(iterable[2]) in _COUNTERS
    return counts and any(s[0] in {ir.BREAK, ir.RETURN} for s in nodes(node[5]))


def pauses(loop_node: Node) -> bool:
    """Whether a turn sleeps: it asks again what may have changed meanwhile."""
    return any(n[0] == ir.CALL and name_of(n[2]) in _PAUSING for n in nodes(loop_node))


def name_of(node: Node) -> str:
    """The last name of `a.b.c`; "" for anything but names and attributes."""
    return str(node[2]) if node[0] == ir.NAME else str(node[3]) if node[0] == ir.ATTR else ""


def waits(loop: Loop, call: Node | None, line: int) -> bool:
    """Whether a turn waits for what an asynchronous call gives: an `await` or `async with` inside the loop holds the call.

    `line` stands for the call where it happens in a function further down. A coroutine that is only made
    in the loop, to be gathered or scheduled, runs beside the others.
    """
    inside = list(nodes(loop.node))
    here = any(n is call for n in inside)

    def holds(tree: Node) -> bool:
        return any(n is call if here else n[0] == ir.CALL and n[1] == line for n in nodes(tree))

    for node in inside:
        if node[0] == ir.AWAIT and holds(node[2]):
            return not any(n[0] == ir.COMP and holds(n) for n in nodes(node[2]))
        if node[0] == ir.WITH and node[5] and any(holds(entered) for entered, _ in node[3]):
            return True
    return False


def changes_what_it_is_given(function: Function) -> bool:
    """Whether a function's own text stores into an object that it got, or into a global name.

    A second call of it may then give something else.
    """
    if any(node[0] == ir.GLOBAL for node in nodes(function.body)):
        return True
    given = {p[0] for p in function.params}
    for node in nodes(function.body):
        targets = (
            node[3] if node[0] in {ir.ASSIGN, ir.DEL} else (node[3],) if node[0] in {ir.AUG, ir.ANN} else ()
        )
        if any(target[0] != ir.NAME and root_name(target) in given for target in targets):
            return True
        if (
            node[0] == ir.CALL
            and node[2][0] == ir.ATTR
            and node[2][3] in _MUTATING
            and root_name(node[2]) in given
        ):
            return True
    return False


def bound_names(loop_node: Node) -> frozenset[str]:
    """Names that a turn may change: assigned, deleted, stored into, or called for what it does to them."""
    return _bound_names(Same(loop_node))


@lru_cache(maxsize=4096)
def _bound_names(same: Same) -> frozenset[str]:
    loop_node = same.tree
    found: set[str] = set()
    if loop_node[0] == ir.COMP:
        for clause in loop_node[4]:
            found.update(_targets(clause[0]))
        found.update(n[2] for n in nodes(loop_node) if n[0] == ir.WALRUS)
        return frozenset(found)
    if loop_node[0] == ir.FOR:
        found.update(_targets(loop_node[3]))
    for node in nodes(loop_node[5] if loop_node[0] == ir.FOR else loop_node[3:5]):
        found.update(bound_by(node))
    return frozenset(found)


def bound_by(node: Node) -> set[str]:
    """The names that one statement or expression changes."""
    op = node[0]
    if op == ir.ASSIGN:
        return {name for target in node[3] for name in _targets(target)}
    if op in {ir.AUG, ir.ANN, ir.FOR}:
        return _targets(node[3])
    if op == ir.WALRUS:
        return {node[2]}
    if op == ir.WITH:
        return {name for _, target in node[3] if target is not None for name in _targets(target)}
    if op == ir.TRY:
        return {handler[1] for handler in node[4] if handler[1]}
    if op == ir.DEL:
        return {name for target in node[3] for name in _targets(target)}
    if op in {ir.DEF, ir.CLASS}:
        return {node[3]}
    if op in {ir.IMPORT, ir.FROM}:
        return {alias or name for name, alias in node[-1]}
    if op == ir.MATCH:
        return {name for case in node[4] for name in case[0]}
    if op == ir.COMP:
        return {name for clause in node[4] for name in _targets(clause[0])}
    if op == ir.LAMBDA:
        return {p[0] for p in node[2]}
    if op == ir.EXPR:
        value = node[3][2] if node[3][0] == ir.AWAIT else node[3]
        if value[0] == ir.CALL and value[2][0] == ir.ATTR:
            itself = value[2][2][0] == ir.NAME and value[2][2][2] not in {"self", "cls"}
            return {root_name(value[2][2])} - {""} if itself or value[2][3] in _MUTATING else set()
    return set()


def _targets(target: Node) -> set[str]:
    """What assigning to `target` changes: a name, or the object that it stores into."""
    if target[0] == ir.SEQ:
        return {name for item in target[3] for name in _targets(item)}
    if target[0] == ir.STAR:
        return _targets(target[2])
    return {root_name(target)} - {""}


def targets_of(target: Node) -> frozenset[str]:
    """The names that a loop's target binds."""
    return frozenset(_targets(target))


def root_name(node: Node) -> str:
    """The name that an attribute, an item or a call's result starts from; "" where there is none."""
    while node[0] in {ir.ATTR, ir.SUB, ir.CALL, ir.AWAIT}:
        node = node[2]
    return str(node[2]) if node[0] == ir.NAME else ""


def free_names(node: Node) -> frozenset[str]:
    """Names that an expression reads, those that its own comprehensions and lambdas bind left out."""
    own: set[str] = set()
    read: set[str] = set()
    for inner in nodes(node):
        if inner[0] == ir.NAME:
            read.add(inner[2])
        elif inner[0] in {ir.COMP, ir.LAMBDA}:
            own.update(bound_by(inner))
    return frozenset(read - own)
