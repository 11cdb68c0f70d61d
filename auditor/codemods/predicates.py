"""What a query asks for, in a form in which two can be compared."""

import ast
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.index import ir
from auditor.index.symbols import Assigned

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.index.ir import Node
    from auditor.index.symbols import Module

Predicate: TypeAlias = frozenset[tuple[str, str, str]]
"""(column, `=` or `in`, what it is compared with: source in the caller's names, or sorted literals)."""
_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|:\w+|\w+|[^\s\w]")
_DEEP: Final = 4


def of_sql(conditions: str, given: "dict[str, str]", /) -> Predicate | None:
    """Of the text behind WHERE; `given` is the source of each parameter. None for anything but AND, `=` and IN."""
    found: set[tuple[str, str, str]] = set()
    for part in re.split(r"(?i)\s+AND\s+", conditions.strip()):
        tokens = _TOKEN.findall(part)
        match tokens:
            case [column, "=", value] if value.startswith(":") and value[1:] in given:
                found.add((column, "=", given[value[1:]]))
            case [column, word, "(", *listed, ")"] if word.upper() == "IN":
                values = [one for one in listed if one != ","]
                if listed[1::2] != [","] * (len(listed) // 2) or not all(_is_literal(one) for one in values):
                    return None
                found.add((column, "in", _listed([ast.literal_eval(one) for one in values])))
            case _:
                return None
    return frozenset(found)


def _is_literal(token: str) -> bool:
    return token.isdigit() or (token.startswith("'") and "''" not in token[1:-1] and "\\" not in token)


def _listed(values: "list[object]") -> str:
    return ", ".join(sorted(map(repr, values)))


def of_orm(
    conditions: "list[ast.expr]", entity: str, given: "dict[str, str]", *, module: "Module", source: "Source"
) -> Predicate | None:
    """Of `Model.column == value` and `Model.column.in_(values)`; None for anything else."""
    found: set[tuple[str, str, str]] = set()
    for one in conditions:
        match one:
            case ast.Compare(
                left=ast.Attribute(value=owner, attr=column), ops=[ast.Eq()], comparators=[ast.Name(id=name)]
            ) if ast.unparse(owner) == entity and name in given:
                found.add((column, "=", given[name]))
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=owner, attr=column), attr="in_"),
                args=[ast.Name(id=name)],
                keywords=[],
            ) if ast.unparse(owner) == entity:
                if name in given:
                    found.add((column, "=", given[name]))
                    continue
                values = constants(name, module, source)
                if values is None:
                    return None
                found.add((column, "in", _listed(values)))
            case _:
                return None
    return frozenset(found)


def constants(name: str, module: "Module", source: "Source", depth: int = 0) -> "list[object] | None":
    """The literals of a tuple or list at the top of a module; None where it holds anything else."""
    assert source.scene is not None
    project = source.scene.project
    symbol = project.resolve(module, name)
    if not isinstance(symbol, Assigned) or symbol.value is None or depth > _DEEP:
        return None
    home, value = project.home(module, symbol), symbol.value
    if value[0] != ir.SEQ or len(value[3]) != value[4]:
        return None
    found: list[object] = []
    for item in value[3]:
        literal = _literal(item, home, source, depth)
        if literal is None:
            return None
        found.append(literal)
    return found


def _literal(node: "Node", module: "Module", source: "Source", depth: int) -> object | None:
    assert source.scene is not None
    if node[0] == ir.CONST and isinstance(node[2], (str, int)):
        return node[2]
    if node[0] != ir.NAME or depth > _DEEP:
        return None
    project = source.scene.project
    symbol = project.resolve(module, node[2])
    if not isinstance(symbol, Assigned) or symbol.value is None:
        return None
    return _literal(symbol.value, project.home(module, symbol), source, depth + 1)
