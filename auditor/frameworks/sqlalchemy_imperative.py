"""Classes that a call maps to a table: `registry.map_imperatively(Class, table, properties={…})`, and `mapper(…)` of before 2.0.

The call may stand at the top of a module or in a function that sets the mapping up; the table is made by `Table(…)` in
any module of the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks.sqlalchemy_columns import CoreTable, table_made
from auditor.frameworks.sqlalchemy_declared import Declared, declared_by
from auditor.frameworks.sqlalchemy_text import constant
from auditor.index import ir
from auditor.index.symbols import Class, External, Module, inner_blocks, tail_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.project import Project

_MAPPERS: Final = frozenset({"map_imperatively", "mapper"})


@dataclass(frozen=True, slots=True, eq=False)
class Imperative:
    """A class that is mapped by a call."""

    table: CoreTable
    properties: dict[str, Declared]
    """What the mapper is told beside the table's columns."""


def imperative(project: Project) -> dict[int, Imperative]:
    """By identity of the class; the first call counts."""
    found: dict[int, Imperative] = {}
    for module in project.modules:
        if names.is_imported_by(module):  # a table, a relation, the mapper itself
            for body in (module.body, *(function.body for function in module.functions)):
                for cls, made in _in_body(project, module, body):
                    found.setdefault(id(cls), made)
    return found


def _in_body(project: Project, module: Module, body: Sequence[Node]) -> Iterator[tuple[Class, Imperative]]:
    mapped_as: dict[str, Node] = {}
    """What a name stands for that a mapper was bound to: the class."""
    for s in _statements(body):
        call = s[3] if s[0] == ir.EXPR else s[4] if s[0] == ir.ASSIGN else None
        if call is None or call[0] != ir.CALL or not _maps(project, module, call):
            continue
        keywords = dict(call[4])
        given = [*call[3], keywords.get("local_table")][:2]
        cls = project.resolve_expression(module, given[0]) if given[0] is not None else None
        table = None if len(given) < 2 or given[1] is None else table_made(project, module, given[1])
        if not isinstance(cls, Class) or table is None:
            continue
        if s[0] == ir.ASSIGN and s[3][0][0] == ir.NAME:
            mapped_as[s[3][0][2]] = given[0]
        yield cls, Imperative(table, _properties(project, module, cls, keywords.get("properties"), mapped_as))


def _statements(body: Sequence[Node]) -> Iterator[Node]:
    for s in body:
        yield s
        for block in inner_blocks(s):
            yield from _statements(block)


def _maps(project: Project, module: Module, call: Node) -> bool:
    last = tail_name(call[2])
    if last not in _MAPPERS or not call[3]:
        return False
    if last == "map_imperatively":
        return True
    symbol = project.resolve_expression(module, call[2])
    return not isinstance(symbol, External) or names.tail(symbol.name) == "mapper"


def _properties(
    project: Project, module: Module, cls: Class, given: Node | None, mapped_as: dict[str, Node]
) -> dict[str, Declared]:
    found: dict[str, Declared] = {}
    if given is None or given[0] != ir.DICT:
        return found
    for key, value in given[2]:
        name = constant(key)
        if isinstance(name, str) and value[0] == ir.CALL:
            made = declared_by(project, module, cls, name, _of_classes(value, mapped_as))
            if made is not None:
                found[name] = made
    return found


def _of_classes(call: Node, mapped_as: dict[str, Node]) -> Node:
    """`relationship(lines_mapper)` is one to the class of that mapper."""
    first = call[3][0] if call[3] else None
    if first is None or first[0] != ir.NAME or first[2] not in mapped_as:
        return call
    return (*call[:3], (mapped_as[first[2]], *call[3][1:]), *call[4:])
