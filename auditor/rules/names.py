"""What a function's own text does with an expression's value: every place it flows to, and in which role.

The trace says what a value is; this says whether its rows are wanted anywhere else. Names are followed
through plain assignments inside one function; what leaves it (an argument, a return, an attribute) is an
escape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules.claim import strip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function

_WRAPPERS: Final = frozenset({"list", "tuple", "iter"})
"""Calls that give the same elements in the same order."""
_TESTS: Final = frozenset({ir.IF, ir.WHILE, ir.ASSERT, ir.NOT, ir.IFEXP})
_LOOPS: Final = frozenset({ir.FOR, ir.WHILE, ir.COMP, ir.LAMBDA, ir.DEF})


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """One place where a value ends up."""

    role: str
    """"len", "truth", "none-test", "iterate", "index", "slice", "member", "sort", "delete", ".method()",
    ".attribute", or "escape"."""
    node: Node
    """The expression that gives the value there."""


class Reads:
    """The parents and names of one function's IR, found once."""

    def __init__(self, function: Function) -> None:
        self.parents: dict[int, Node] = {}
        self.loads: dict[str, list[Node]] = {}
        self.bindings: dict[str, list[Node]] = {}
        """Statements and clauses that bind a name."""
        self.attributes: dict[str, list[Node]] = {}
        """ATTR expressions by attribute."""
        self.calls: dict[int, list[Node]] = {}
        """CALL expressions by line."""
        self.params = frozenset(p[0] for p in function.params)
        for statement in function.body:
            self._walk(statement, None)

    def _walk(self, part: Node, parent: Node | None) -> None:
        stack: list[tuple[Node, Node | None]] = [(part, parent)]
        while stack:
            part, parent = stack.pop()
            if is_node(part):
                if parent is not None:
                    self.parents[id(part)] = parent
                self._register(part, parent)
                parent = part
                part = part[2:]
            for inner in reversed(part):
                if isinstance(inner, tuple):
                    stack.append((inner, parent))  # noqa: PERF401  as in `turns`

    def _register(self, node: Node, parent: Node | None) -> None:
        op = node[0]
        if op == ir.NAME:
            if parent is not None and is_target(parent, node, self.parents):
                self.bindings.setdefault(node[2], []).append(parent)
            else:
                self.loads.setdefault(node[2], []).append(node)
        elif op == ir.WALRUS:
            self.bindings.setdefault(node[2], []).append(node)
        elif op == ir.ATTR:
            self.attributes.setdefault(node[3], []).append(node)
        elif op == ir.CALL:
            self.calls.setdefault(node[1], []).append(node)

    def parent(self, node: Node) -> Node | None:
        return self.parents.get(id(node))

    def ancestors(self, node: Node) -> Iterator[Node]:
        at = self.parent(node)
        while at is not None:
            yield at
            at = self.parent(at)

    def loops(self, node: Node) -> list[Node]:
        """The loops, lambdas and inner functions around a node; not the one whose iterable it is."""
        found = []
        below = node
        for at in self.ancestors(node):
            first = at[0] in {ir.FOR, ir.COMP} and is_first_iterable(at, below)
            if at[0] in _LOOPS and not first:
                found.append(at)
            below = at
        return found

    # -- where a value comes from ----------------------------------------------------------------------------

    def root(self, node: Node, *, sieved: bool = False) -> Node | None:
        """The expression that made what `node` gives, through names; None if there is not exactly one.

        Where `sieved`, a name that is bound again to a part of its own items (`own_sieves`) counts as bound once.
        """
        for _ in range(8):
            node = unwrapped(node)
            if node[0] == ir.WALRUS:
                node = node[3]
                continue
            if node[0] != ir.NAME:
                return node
            bound = self.bindings.get(node[2], [])
            if sieved:
                own = self.own_sieves(node[2])
                bound = [b for b in bound if b not in own]
            if node[2] in self.params or len(bound) != 1:
                return None
            value = bound_value(bound[0])
            if value is None:
                return None
            node = value
        return None

    def own_sieves(self, name: str) -> list[Node]:
        """Statements `rows = [r for r in rows if …]`, `rows = sorted(rows)` and `rows = rows[:n]`, outside loops."""
        return [
            b
            for b in self.bindings.get(name, [])
            if b[0] == ir.ASSIGN and bound_name(b) == name and is_sieve_of(name, b[4]) and not self.loops(b)
        ]

    def is_param(self, node: Node) -> bool:
        node = unwrapped(node)
        return node[0] == ir.NAME and node[2] in self.params and node[2] not in self.bindings

    def argument(self, callee: Function, name: str, line: int) -> Node | None:
        """What a call at `line` passes for a parameter of `callee`; None if that is not plain to see."""
        found = [
            given
            for call in self.calls.get(line, [])
            if called_name(call) == callee.name and (given := passed(call, callee, name)) is not None
        ]
        return found[0] if len(found) == 1 else None

    # -- where it goes ---------------------------------------------------------------------------------------

    def flows(self, root: Node) -> list[Flow]:
        """Every role in which the value of `root` is used."""
        found: list[Flow] = []
        starts = [root]
        if root[0] == ir.ATTR:
            text = strip(root)
            starts = [a for a in self.attributes.get(root[3], []) if strip(a) == text] or [root]
        elif root[0] == ir.NAME:
            starts = self.loads.get(root[2], [])
        seen: set[int] = set()
        for start in starts:
            self._follow(start, found, seen)
        return found

    def _follow(self, node: Node, found: list[Flow], seen: set[int]) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        parent = self.parent(node)
        if parent is None:
            return
        op = parent[0]
        if op in {ir.ASSIGN, ir.ANN, ir.WALRUS} and bound_value(parent) is node:
            name = bound_name(parent)
            if name is None:
                found.append(Flow("escape", node))
                return
            for load in self.loads.get(name, []):
                self._follow(load, found, seen)
            if op == ir.WALRUS:
                self._follow(parent, found, seen)
        elif op == ir.AWAIT or is_wrapper(parent, node) or (op == ir.IFEXP and parent[2] is not node):
            self._follow(parent, found, seen)
        elif op == ir.EXPR:
            return
        else:
            found.append(Flow(self.role(node), node))

    def role(self, node: Node) -> str:
        """What its parent does with an expression."""
        parent = self.parent(node)
        if parent is None:
            return "escape"
        op = parent[0]
        if op == ir.CALL:
            return called_role(parent, node)
        if op == ir.FOR and parent[4] is node:
            return "iterate"
        if op == ir.COMP and any(c[1] is node for c in parent[4]):
            return "iterate"
        if op == ir.SUB and parent[2] is node:
            return "slice" if parent[3][0] == ir.SLICE else "index"
        if op == ir.ATTR:
            above = self.parent(parent)
            is_method = above is not None and above[0] == ir.CALL and above[2] is parent
            return f".{parent[3]}()" if is_method else f".{parent[3]}"
        if op == ir.CMP:
            return compared_role(parent, node)
        if op == ir.DEL:
            return "delete"
        return "truth" if self.is_test(node) else "escape"

    def is_test(self, node: Node) -> bool:
        """Whether only the truth of an expression is wanted."""
        parent = self.parent(node)
        if parent is None:
            return False
        op = parent[0]
        if op in {ir.IF, ir.WHILE}:
            return parent[3] is node
        if op == ir.NOT or (op == ir.IFEXP and parent[2] is node) or op == ir.ASSERT:
            return True
        if op == ir.COMP:
            return any(node is condition for clause in parent[4] for condition in clause[2])
        if op == ir.CALL:
            return is_call_of(parent, "bool") and parent[3] == (node,)
        return op == ir.BOOL and self.is_test(parent)


def is_node(part: tuple[object, ...]) -> bool:
    return len(part) > 1 and type(part[0]) is int and type(part[1]) is int


def is_target(parent: Node, node: Node, parents: dict[int, Node]) -> bool:
    """Whether a NAME stands where something is bound."""
    op = parent[0]
    if op in {ir.ASSIGN, ir.DEL}:
        return any(t is node for t in parent[3])
    if op in {ir.ANN, ir.AUG, ir.FOR}:
        return parent[3] is node
    if op == ir.COMP:
        return any(c[0] is node for c in parent[4])
    if op == ir.WITH:
        return any(target is node for _, target in parent[3])
    if op in {ir.SEQ, ir.STAR}:
        above = parents.get(id(parent))
        return above is not None and is_target(above, parent, parents)
    return False


def bound_value(statement: Node) -> Node | None:
    """The value that a statement gives a plain name; None for loops and the like."""
    op = statement[0]
    if op == ir.ASSIGN:
        return statement[4]  # type: ignore[no-any-return]  # shape of ir.ASSIGN
    if op == ir.ANN:
        return statement[5]  # type: ignore[no-any-return]  # shape of ir.ANN
    return statement[3] if op == ir.WALRUS else None


def bound_name(statement: Node) -> str | None:
    """The one plain name that a statement binds."""
    if statement[0] == ir.WALRUS:
        return str(statement[2])
    targets = statement[3] if statement[0] == ir.ASSIGN else (statement[3],)
    return str(targets[0][2]) if len(targets) == 1 and targets[0][0] == ir.NAME else None


def is_sieve_of(name: str, value: Node) -> bool:
    """Whether a value is the items of a name, unchanged, of which some are left out or that stand in another order."""
    if value[0] == ir.SUB and value[3][0] == ir.SLICE:
        return bool(value[2][0] == ir.NAME and value[2][2] == name)
    if is_call_of(value, "sorted") and value[3]:
        return bool(value[3][0][0] == ir.NAME and value[3][0][2] == name)
    if value[0] != ir.COMP or value[2] not in {"list", "gen"} or len(value[4]) != 1:
        return False
    target, rows, conditions, _ = value[4][0]
    item = value[3][0]
    return bool(
        target[0] == ir.NAME
        and conditions
        and rows[0] == ir.NAME
        and rows[2] == name
        and item[0] == ir.NAME
        and item[2] == target[2]
    )


def unwrapped(node: Node) -> Node:
    """Without `list(...)` and `await`."""
    while True:
        if node[0] == ir.AWAIT:
            node = node[2]
        elif node[0] == ir.CALL and node[3] and is_wrapper(node, node[3][0]):
            node = node[3][0]
        else:
            return node


def is_wrapper(call: Node, argument: Node) -> bool:
    return (
        call[0] == ir.CALL
        and call[2][0] == ir.NAME
        and call[2][2] in _WRAPPERS
        and len(call[3]) == 1
        and call[3][0] is argument
    )


def is_call_of(node: Node, name: str) -> bool:
    return bool(node[0] == ir.CALL and node[2][0] == ir.NAME and node[2][2] == name)


def method_of(node: Node) -> str:
    """`count` for a call `x.count(...)`, else ""."""
    return str(node[2][3]) if node[0] == ir.CALL and node[2][0] == ir.ATTR else ""


def called_name(call: Node) -> str:
    """The last part of what a CALL calls."""
    function = call[2]
    return str(function[2]) if function[0] == ir.NAME else str(function[3]) if function[0] == ir.ATTR else ""


def passed(call: Node, callee: Function, name: str) -> Node | None:
    """The argument that a CALL passes for a parameter; an operator, or a property that is read, passes none by name."""
    if call[0] != ir.CALL:
        return None
    for key, given in call[4]:
        if key == name:
            return given  # type: ignore[no-any-return]  # an expression
    positions = [p[0] for p in callee.params if p[1] == "pos"]
    if callee.owner is not None and callee.static != "static" and call[2][0] == ir.ATTR:
        positions = positions[1:]
    if name not in positions or any(a[0] == ir.STAR for a in call[3]):
        return None
    index = positions.index(name)
    return call[3][index] if index < len(call[3]) else None


def called_role(call: Node, argument: Node) -> str:
    if call[2] is argument:
        return "escape"
    for name, role in (("len", "len"), ("bool", "truth"), ("sorted", "sort")):
        if is_call_of(call, name) and call[3] and call[3][0] is argument:
            return role
    return "escape"


def compared_role(comparison: Node, node: Node) -> str:
    operators, operands = comparison[2], comparison[3]
    for operator, left, right in zip(operators, operands, operands[1:], strict=False):
        if right is node and operator in {"in", "not in"}:
            return "member"
        if operator in {"is", "is not"} and node in {left, right} and is_none(right):
            return "none-test"
    return "escape"


def is_none(node: Node) -> bool:
    return bool(node[0] == ir.CONST and node[2] is None)


def is_first_iterable(loop: Node, below: Node) -> bool:
    return bool(loop[4] is below if loop[0] == ir.FOR else loop[4][0][1] is below)


class Library:
    """The reads of each function, made on first use; one per audit."""

    def __init__(self) -> None:
        self._made: dict[int, Reads] = {}

    def of(self, function: Function) -> Reads:
        key = id(function)
        if key not in self._made:
            self._made[key] = Reads(function)
        return self._made[key]
