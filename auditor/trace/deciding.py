"""Conditions whose outcome is settled, because a parameter is known (`Sym.known`): what a caller passes, or a default.

A parameter is known in a variant of its function (`variants.py`) as a literal, as what it is an instance of, or as
an open session, which is not None and true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_values import SessionValue
from auditor.index import ir
from auditor.index.symbols import Class, Function, inner_blocks
from auditor.index.values import ClassValue, Exact, Ext, Inst, ModelValue, Row, Sym, Value
from auditor.trace import expressions, hints, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

LITERAL: Final = 1
"""A test that a literal decides: truth, `is None`, equality."""
KIND: Final = 2
"""A test that the class of a value decides: `isinstance`, `hasattr`, `sender is Model`."""
ACTION: Final = 4
"""A test that the action decides for which DRF made the view set: `self.action == "list"`."""
QUERYSET: Final = Ext("django.db.models.query.QuerySet")
"""Stands for any query of Django's: conditions ask only whether there is one."""
_IN_REQUEST: Final = frozenset({"has_request_context", "has_app_context"})
"""Flask's and Quart's questions whether a request is being answered: what is done where none is costs no request."""
_EQUAL: Final = frozenset({"is", "==", "is not", "!=", "in", "not in"})


def decide(m: Machine, node: Node) -> bool | None:
    """Whether a condition holds, where the known parameters say so; None where they do not."""
    op = node[0]
    if op == ir.NAME:
        known = known_name(m, node)
        if isinstance(known, SessionValue):
            return True
        return bool(known.value) if isinstance(known, Exact) else None
    if op == ir.NOT:
        inner = decide(m, node[2])
        return None if inner is None else not inner
    if op == ir.BOOL:
        outcomes = [decide(m, item) for item in node[3]]
        stopping = bool(node[2] == "or")
        if stopping in outcomes:
            return stopping
        return None if None in outcomes else not stopping
    if op == ir.CMP and len(node[3]) == 2 and node[2][0] in _EQUAL:
        return compared(m, node)
    if op == ir.CALL and node[2][0] in {ir.NAME, ir.ATTR} and node[2][-1] in _IN_REQUEST and not node[3]:
        return True
    if op == ir.CALL and node[2][0] == ir.NAME and len(node[3]) == 2:
        return of_kind(m, node[2][2], *node[3])
    return None


def known_name(m: Machine, node: Node) -> Value | None:
    value = m.cx.env.get(node[2]) if node[0] == ir.NAME else None
    return value.known if isinstance(value, Sym) else None


def known_action(m: Machine, node: Node) -> Value | None:
    """What `self.action` is, where `self` is a view set made for one action."""
    if node[0] != ir.ATTR or node[3] != "action":
        return None
    view = known_name(m, node[2])
    return view.fields.get("action") if isinstance(view, Inst) else None


def compared(m: Machine, node: Node) -> bool | None:
    """`p is None`, `p == "x"`, `p in ("a", "b")`, `sender is Model`, `sender.__name__ == "Model"`."""
    left, right = node[3]
    operator = node[2][0]
    if left[0] == ir.CONST and "in" not in operator.split():
        left, right = right, left
    known = known_name(m, left) or known_action(m, left)
    if known is None and left[0] == ir.ATTR and left[3] == "__name__":
        cls = class_of(known_name(m, left[2]), itself=True)
        known = None if cls is None else Exact(cls.name)
    if known is None:
        return None
    options = right[3] if "in" in operator.split() and right[0] == ir.SEQ else (right,)
    if "in" in operator.split() and (right[0] != ir.SEQ or len(options) != right[4]):
        return None
    outcomes = [same(m, known, option) for option in options]
    found = True if True in outcomes else None if None in outcomes else False
    return None if found is None else found != (operator in {"is not", "!=", "not in"})


def same(m: Machine, known: Value, option: Node) -> bool | None:
    if isinstance(known, Exact):
        return bool(known.value == option[2]) if option[0] == ir.CONST else None
    if option[0] == ir.CONST:
        return False if isinstance(known, (ModelValue, ClassValue, SessionValue)) else None
    if isinstance(known, (ModelValue, ClassValue)) and option[0] in {ir.NAME, ir.ATTR}:
        other = class_of(hints.quietly(m, lambda: expressions.expression(m, option)), itself=True)
        return None if other is None else other is class_of(known, itself=True)
    return None


def of_kind(m: Machine, test: str, place: Node, what: Node) -> bool | None:
    """`isinstance(p, C)`, `issubclass(p, C)`, `hasattr(p, "name")`."""
    known = known_name(m, place)
    if known is None:
        return None
    if test == "hasattr":
        return has_attribute(m, known, what[2]) if what[0] == ir.CONST else None
    if test not in {"isinstance", "issubclass"}:
        return None
    if known is QUERYSET:
        return True if test == "isinstance" and names_querysets(m, what) else None
    cls = class_of(known, itself=test == "issubclass")
    if cls is None:
        return None
    outcomes = []
    for option in what[3] if what[0] == ir.SEQ else (what,):
        value = hints.quietly(m, lambda option=option: expressions.expression(m, option))  # type: ignore[misc]  # bound as default
        other = class_of(value, itself=True)
        outcomes.append(None if other is None else is_below(m, cls, other))
    return True if True in outcomes else None if None in outcomes else False


def names_querysets(m: Machine, what: Node) -> bool:
    """Whether Django's `QuerySet` is what an `isinstance` asks for, alone or among others."""
    for option in what[3] if what[0] == ir.SEQ else (what,):
        value = hints.quietly(m, lambda option=option: expressions.expression(m, option))  # type: ignore[misc]  # bound as default
        named = (
            value.name
            if isinstance(value, Ext)
            else value.cls.qualname
            if isinstance(value, ClassValue)
            else ""
        )
        if named.startswith("django.db.models") and named.endswith(".QuerySet"):
            return True
    return False


def is_below(m: Machine, cls: Class, other: Class) -> bool | None:
    """Whether an instance of `cls` is one of `other`; None where it may be, being of a class below both."""
    if other in m.project.mro(cls):
        return True
    below = m.project.subclasses(cls)
    return None if other is not cls and any(other in m.project.mro(c) for c in below) else False


def has_attribute(m: Machine, known: Value, name: str) -> bool | None:
    """Whether a row or class has an attribute; None where nobody can say so for sure."""
    cls = class_of(known, itself=isinstance(known, (ModelValue, ClassValue)))
    if cls is None:
        return None
    if m.project.member(cls, name) is not None or (isinstance(known, Row) and name in known.extra):
        return True
    model = m.model_of(cls)
    if model is None or name.startswith("_") or name in model.relations or name in model.columns:
        return None
    elsewhere = of_another(m, name) and not any(name in c.scope for c in m.project.subclasses(cls))
    return False if elsewhere and members.field(m, cls, name) is None else None


def of_another(m: Machine, name: str) -> bool:
    """Whether a model binds the name, or a class has a method of it: a field of a serializer alone, a query may have put on the rows."""
    if name not in m.attribute_names:
        return False
    if name not in m.bound_names:
        classes = (c for module in m.project.modules for c in module.classes if name in c.scope)
        m.bound_names[name] = any(
            m.model_of(c) is not None or any(isinstance(bound, Function) for bound in c.scope[name])
            for c in classes
        )
    return m.bound_names[name]


def class_of(value: Value | None, *, itself: bool) -> Class | None:
    """The class that a value is (`itself`) or is an instance of."""
    if itself:
        return (
            value.cls
            if isinstance(value, ClassValue)
            else value.model.cls
            if isinstance(value, ModelValue)
            else None
        )
    if isinstance(value, Inst) and value.declared and value.cls.module.role == "library":
        return (
            None  # a request: what projects and other libraries hang on it is not in our sketch of its class
        )
    return value.model.cls if isinstance(value, Row) else value.cls if isinstance(value, Inst) else None


# -- what a function's text tests ------------------------------------------------------------------------------


def tested(body: Sequence[Node]) -> dict[str, int]:
    """Names that conditions of a body test in a way that can be decided → `LITERAL`, `KIND` or both."""
    found: dict[str, int] = {}
    for condition in conditions(body):
        for text, kind in tests(condition):
            found[text] = found.get(text, 0) | kind
    return found


def conditions(tree: object) -> Iterator[Node]:
    """The conditions that steer what runs, in statements and in expressions, nested definitions left out."""
    stack: list[object] = [tree]
    while stack:
        part = stack.pop()
        if not isinstance(part, tuple):
            continue
        if len(part) > 2 and type(part[0]) is int and type(part[1]) is int:
            op = part[0]
            if op in {ir.DEF, ir.CLASS, ir.CONST}:
                continue
            if op in {ir.IF, ir.WHILE}:
                yield part[3]
            elif op == ir.IFEXP:
                yield part[2]
            elif op == ir.BOOL:
                yield part
        stack.extend(part)


def tests(condition: Node) -> Iterator[tuple[str, int]]:
    op = condition[0]
    if op == ir.NAME:
        yield condition[2], LITERAL
    elif op == ir.NOT:
        yield from tests(condition[2])
    elif op == ir.BOOL:
        for item in condition[3]:
            yield from tests(item)
    elif op == ir.CMP and len(condition[3]) == 2 and condition[2][0] in _EQUAL:
        left, right = condition[3]
        for a, b in ((left, right), (right, left)):
            literal = b[0] == ir.CONST or (b[0] == ir.SEQ and all(i[0] == ir.CONST for i in b[3]))
            if a[0] == ir.NAME:
                yield a[2], LITERAL if literal else KIND
            elif a[0] == ir.ATTR and a[3] == "__name__" and a[2][0] == ir.NAME:
                yield a[2][2], KIND
            elif a[0] == ir.ATTR and a[3] == "action" and a[2][0] == ir.NAME and literal:
                yield a[2][2], ACTION
    elif op == ir.CALL and condition[2][0] == ir.NAME and condition[2][2] in _KIND_TESTS and condition[3]:
        place = condition[3][0]
        if place[0] == ir.NAME:
            yield place[2], KIND


_KIND_TESTS: Final = frozenset({"isinstance", "issubclass", "hasattr"})


def rebound(statements: Sequence[Node], *, inside: bool = False) -> Iterator[str]:
    """Names that are bound inside a loop or a `try`: what they are there, one pass over the body can't tell."""
    for s in statements:
        if inside:
            yield from bound(s)
        for block in inner_blocks(s):
            yield from rebound(block, inside=inside or s[0] in {ir.FOR, ir.WHILE, ir.TRY})


def bound(s: Node) -> Iterator[str]:
    """Names that a statement itself binds."""
    if s[0] == ir.ASSIGN:
        for target in s[3]:
            yield from targets(target)
    elif s[0] in {ir.AUG, ir.ANN, ir.FOR}:
        yield from targets(s[3])
    elif s[0] == ir.WITH:
        for _, target in s[3]:
            if target is not None:
                yield from targets(target)


def targets(node: Node) -> Iterator[str]:
    if node[0] == ir.NAME:
        yield node[2]
    elif node[0] == ir.SEQ:
        for item in node[3]:
            yield from targets(item)
    elif node[0] == ir.STAR:
        yield from targets(node[2])


__all__ = ["ACTION", "KIND", "LITERAL", "decide", "rebound", "tested"]
