"""Fields that a serializer is told to keep or to leave out when it is made: `BookSerializer(book, fields=("id", "title"))`.

Django REST framework has no such argument: a class's own `__init__` takes it out of the arguments and pops from `self.fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class
from auditor.index.values import Const, Items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.index.ir import Node
    from auditor.index.values import Inst, Value
    from auditor.trace.machine import Machine

_KEPT: Final = "<fields kept>"
_LEFT_OUT: Final = "<fields left out>"
_TAKING: Final = frozenset({"pop", "get"})
_COLLECTING: Final = frozenset({"set", "list", "tuple", "frozenset"})


def note(m: Machine, made: Inst, kwargs: Mapping[str, Value]) -> None:
    """Keeps with an instance what its constructor was told of the fields, where that is written down."""
    for name, does in choices(m, made.cls) if kwargs else ():
        if isinstance(told := kwargs.get(name), Items) and all(isinstance(i, Const) for i in told.items):
            made.fields[does] = told


def narrow(made: Inst, only: frozenset[str] | None, left_out: frozenset[str]) -> None:
    """Keeps with an instance what its declaration says of the fields: `only` these (None: all), none of those `left_out`."""
    if only is not None:
        made.fields[_KEPT] = Items("set", [Const(name) for name in sorted(only)], len(only))
    if left_out:
        made.fields[_LEFT_OUT] = Items("set", [Const(name) for name in sorted(left_out)], len(left_out))


def is_picked(made: Inst, name: str) -> bool:
    """Whether the instance still has a field."""
    kept, left_out = made.fields.get(_KEPT), made.fields.get(_LEFT_OUT)
    if isinstance(kept, Items) and name not in {getattr(i, "value", None) for i in kept.items}:
        return False
    return not (isinstance(left_out, Items) and name in {getattr(i, "value", None) for i in left_out.items})


def choices(m: Machine, cls: Class) -> tuple[tuple[str, str], ...]:
    """(argument, what becomes of the fields that it names), by the constructors of the project's classes above."""
    known: dict[int, tuple[tuple[str, str], ...]] = m.shapes.setdefault(id(chosen_in), {})
    if id(cls) not in known:
        known[id(cls)] = tuple(
            found
            for base in m.project.mro(cls)
            if isinstance(base, Class) and base.module.role != "library"
            for s in base.body
            if s[0] == ir.DEF and s[3] == "__init__"
            for found in chosen_in(s)
        )
    return known[id(cls)]


def chosen_in(init: Node) -> Iterator[tuple[str, str]]:
    """What one constructor makes of its arguments."""
    given = {p[0]: p[0] for p in init[4]}
    for s in ir.walk(init[6]):
        if s[0] == ir.ASSIGN and s[3][0][0] == ir.NAME and (source := source_of(s[4], given)) is not None:
            given[s[3][0][2]] = source
    for s in ir.walk(init[6]):
        if s[0] != ir.FOR or s[3][0] != ir.NAME or not pops(s[5], s[3][2]):
            continue
        walked = s[4]
        first = s[5][0]
        if walked[0] == ir.BIN and walked[2] == "-" and (kept := source_of(walked[4], given)) is not None:
            yield kept, _KEPT
        elif first[0] == ir.IF and first[3][0] == ir.CMP and first[3][2] in {("in",), ("not in",)}:
            if (named := source_of(first[3][3][1], given)) is not None:
                yield named, _KEPT if first[3][2] == ("not in",) else _LEFT_OUT
        elif (named := source_of(walked, given)) is not None:
            yield named, _LEFT_OUT


def source_of(node: Node, given: Mapping[str, str]) -> str | None:
    """The argument that an expression is, taken out of the others or made a set."""
    if node[0] == ir.NAME:
        return given.get(node[2])
    if node[0] != ir.CALL or not node[3]:
        return None
    called, first = node[2], node[3][0]
    if called[0] == ir.NAME and called[2] in _COLLECTING:
        return source_of(first, given)
    if called[0] == ir.ATTR and called[3] in _TAKING and called[2][0] == ir.NAME and first[0] == ir.CONST:
        return str(first[2])
    return None


def pops(body: tuple[Node, ...], name: str) -> bool:
    """Whether a loop takes the field of its turn out of `self.fields`."""
    for n in ir.walk(body):
        if n[0] == ir.CALL and n[2][0] == ir.ATTR and n[2][3] == "pop" and n[3]:
            held, key = n[2][2], n[3][0]
        elif n[0] == ir.DEL and n[3][0][0] == ir.SUB:
            held, key = n[3][0][2], n[3][0][3]
        else:
            continue
        if held[0] == ir.ATTR and held[3] == "fields" and key[0] == ir.NAME and key[2] == name:
            return True
    return False
