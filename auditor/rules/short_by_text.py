"""Loops over a handful by the function's own text: what it put in one by one, what it refuses more than a few of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.same import Same
from auditor.rules import turns
from auditor.rules.loop_names import iterable_of

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Module
    from auditor.trace.summary import Loop

_ADDING: Final = frozenset({"add", "append"})
_EMPTY: Final = frozenset({"set", "list"})
_SEEN_THROUGH: Final = frozenset({"sorted", "list", "set", "tuple", "reversed", "enumerate", "len"})
_TURNING: Final = frozenset({ir.FOR, ir.WHILE, ir.COMP, ir.DEF, ir.LAMBDA})
_LEAVING: Final = frozenset({ir.RAISE, ir.RETURN})
_MORE: Final = {">": 0, ">=": -1}


def is_short_by_text(loop: Loop, most: int) -> bool:
    """Whether the loop goes through a name that holds at most so many, as the code around the loop shows."""
    function = loop.site.function
    iterable = iterable_of(loop)
    if function is None or iterable is None:
        return False
    named = iterable
    while named[0] == ir.CALL and turns.name_of(named[2]) in _SEEN_THROUGH and len(named[3]) == 1:
        named = named[3][0]
    if named[0] != ir.NAME:
        return False
    name, body = str(named[2]), Same(function.body)
    is_given = any(p[0] == name for p in function.params)
    put_in = None if is_given else _put_in(body, name)
    if put_in is not None and put_in <= most:
        return True
    return any(
        line < loop.site.start
        and (limit := number(function.module, at)) is not None
        and limit + off <= most
        and not any(line < given < loop.site.start for given in _given_at(body, name))
        for line, at, off in _refused(body, name)
    )


def number(module: Module, node: Node) -> int | None:
    """A number as it is written, or by the name that the module gives it once."""
    if node[0] == ir.CONST and type(node[2]) is int:
        return int(node[2])
    given = [
        s[4]
        for s in module.body
        if node[0] == ir.NAME and s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == node[2] for t in s[3])
    ]
    return number(module, given[0]) if len(given) == 1 and given[0][0] == ir.CONST else None


@lru_cache(maxsize=4096)
def _refused(body: Same, name: str) -> tuple[tuple[int, Node, int], ...]:
    """Where the function leaves if a name holds more than so many: the line, the number, what is to be added to it."""
    found = []
    for s in turns.nodes(body.tree):
        if s[0] != ir.IF or s[3][0] != ir.CMP or not s[4] or s[4][-1][0] not in _LEAVING:
            continue
        operators, operands = s[3][2], s[3][3]
        if len(operators) == 1 and operators[0] in _MORE and counts(operands[0], name):
            found.append((s[1], operands[1], _MORE[operators[0]]))
    return tuple(found)


@lru_cache(maxsize=4096)
def _given_at(body: Same, name: str) -> tuple[int, ...]:
    """The lines of the statements that give a name its value."""
    return tuple(s[1] for s in turns.nodes(body.tree) if s[0] >= ir.ASSIGN and name in turns.bound_by(s))


def counts(node: Node, name: str) -> bool:
    """`len(name)`."""
    return (
        node[0] == ir.CALL
        and turns.name_of(node[2]) == "len"
        and len(node[3]) == 1
        and node[3][0][0] == ir.NAME
        and node[3][0][2] == name
    )


@lru_cache(maxsize=4096)
def _put_in(body: Same, name: str) -> int | None:
    """How many statements put one thing into a collection that begins empty; None where anything else may fill it."""
    known: set[int] = set()
    added, begun = 0, False
    for n, inside in _with_turns(body.tree):
        if n[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == name for t in n[3]):
            if inside or begun or not is_empty(n[4]):
                return None
            begun = True
            known |= {id(t) for t in n[3]}
        elif n[0] == ir.CALL and n[2][0] == ir.ATTR and n[2][2][0] == ir.NAME and n[2][2][2] == name:
            if n[2][3] not in _ADDING or inside:
                return None
            added += 1
            known.add(id(n[2][2]))
        elif n[0] == ir.CALL and turns.name_of(n[2]) in _SEEN_THROUGH:
            known |= {id(a) for a in n[3]}
        elif n[0] == ir.FOR:
            known.add(id(n[4]))
        elif n[0] == ir.COMP:
            known |= {id(clause[1]) for clause in n[4]}
        elif n[0] in {ir.IF, ir.RETURN}:
            known.add(id(n[3]))
        elif n[0] == ir.CMP:
            known |= {id(o) for o in n[3]}
    strange = any(n[0] == ir.NAME and n[2] == name and id(n) not in known for n in turns.nodes(body.tree))
    return added if begun and added and not strange else None


def _with_turns(tree: object, inside: bool = False) -> list[tuple[Node, bool]]:  # noqa: FBT001, FBT002  a walk's own state
    """Every expression and statement, with whether it lies in a loop or in a function inside, outermost first."""
    found: list[tuple[Node, bool]] = []
    stack: list[tuple[object, bool]] = [(tree, inside)]
    while stack:
        part, turned = stack.pop()
        if not isinstance(part, tuple):
            continue
        if part and isinstance(part[0], int) and len(part) > 1 and isinstance(part[1], int):
            found.append((part, turned))
            turned = turned or part[0] in _TURNING
        stack.extend((p, turned) for p in reversed(part))
    return found


def is_empty(node: Node) -> bool:
    """`set()`, `list()` or `[]`."""
    if node[0] == ir.CALL:
        return turns.name_of(node[2]) in _EMPTY and not node[3] and not node[4]
    return bool(node[0] == ir.SEQ and not node[3])
