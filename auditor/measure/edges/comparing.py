"""What code compares a value with, splits it at, turns it into."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from auditor.repo.syntax import syntax_tree

NUMBERS: Final = frozenset({"int", "float", "Decimal", "bool"})
_COMPARE: Final = frozenset(
    {
        "like",
        "ilike",
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "in_",
        "is_",
        "between",
    }
)
"""Methods of a column in SQLAlchemy."""


@dataclass(slots=True)
class Compared:
    """By the name that a value goes by, what is done with it."""

    literals: defaultdict[str, set[str]]
    separators: defaultdict[str, set[str]]
    converts: defaultdict[str, set[str]]
    columns: defaultdict[str, set[str]]
    """Names of attributes and keywords that it is compared with or handed over as: the columns of a query among them."""


def comparisons(
    functions: Iterable[ast.FunctionDef | ast.AsyncFunctionDef], constants: Mapping[str, AbstractSet[str]]
) -> Compared:
    found = Compared(defaultdict(set), defaultdict(set), defaultdict(set), defaultdict(set))
    for function in functions:
        for node in ast.walk(function):
            for column, value in _columns(node):
                for name in names_of(value):
                    found.columns[name].add(column)
            match node:
                case ast.Compare(left=left, comparators=others):
                    sides = [left, *others]
                    for side in sides:
                        for name in names_of(side):
                            found.literals[name] |= {
                                v for o in sides if o is not side for v in _values(o, constants)
                            }
                case ast.Subscript(value=table, slice=key):
                    for name in names_of(key):
                        found.literals[name] |= _values(table, constants)
                case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[key, *_]):
                    for name in names_of(key):
                        found.literals[name] |= _values(owner, constants)
                case ast.Call(
                    func=ast.Attribute(value=owner, attr="split" | "partition" | "rpartition" | "rsplit"),
                    args=[ast.Constant(value=str(at)), *_],
                ):
                    for name in names_of(owner):
                        found.separators[name].add(at)
                case ast.Call(
                    func=ast.Attribute(value=owner, attr="startswith" | "endswith"), args=[start, *_]
                ):
                    for name in names_of(owner):
                        found.literals[name] |= _values(start, constants)
                case ast.Call(func=ast.Name(id=kind), args=[value, *_]) if kind in NUMBERS:
                    for name in names_of(value):
                        found.converts[name].add(kind)
                case ast.Match(subject=subject, cases=cases):
                    for name in names_of(subject):
                        found.literals[name] |= {
                            value
                            for case in cases
                            for part in ast.walk(case.pattern)
                            if isinstance(part, ast.MatchValue)
                            for value in _values(part.value, constants)
                        }
                case _:
                    pass
    return found


def _columns(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What may be a column, and what it is asked for: `Book.title == term`, `filter(title__icontains=term)`, `Book.title.ilike(f"%{term}%")`."""
    match node:
        case ast.Compare(left=left, comparators=others):
            sides = [left, *others]
            for side in sides:
                if isinstance(side, ast.Attribute):
                    yield from ((side.attr, other) for other in sides if other is not side)
        case ast.Call(func=called, args=arguments, keywords=keywords):
            for keyword in keywords:
                yield from ((part, keyword.value) for part in (keyword.arg or "").split("__") if part)
            match called:
                case ast.Attribute(value=ast.Attribute(attr=column), attr=attr) if attr in _COMPARE:
                    yield from ((column, argument) for argument in arguments)
                case _:
                    pass
        case _:
            pass


def names_of(node: ast.expr) -> set[str]:
    """The last names in an expression that still is the value: `params.sort`, `sort.lower()`, `(sort or "")`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.Call(func=ast.Attribute(value=owner)):
            return names_of(owner) | {key.value for key in _first(node) if isinstance(key.value, str)}
        case ast.BoolOp(values=values) | ast.JoinedStr(values=values):
            return set().union(*map(names_of, values))
        case ast.FormattedValue(value=value):
            return names_of(value)
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return {name}
        case _:
            return set()


def _first(node: ast.expr) -> list[ast.Constant]:
    """The first argument of a call, if it is a constant."""
    arguments = node.args[:1] if isinstance(node, ast.Call) else []
    return [argument for argument in arguments if isinstance(argument, ast.Constant)]


def _values(node: ast.expr, constants: Mapping[str, AbstractSet[str]]) -> set[str]:
    match node:
        case ast.Constant(value=bool() | None | bytes()):
            return set()
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Constant(value=int(number) | float(number)):
            return {str(number)}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number) | float(number))):
            return {str(-number)}
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return set().union(*(_values(part, constants) for part in parts))
        case ast.Dict(keys=keys):
            return set().union(*(_values(key, constants) for key in keys if key is not None))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return set(constants.get(name, ()))
        case _:
            return set()


@lru_cache(maxsize=8192)
def parsed(text: str) -> ast.Module:
    """A file's tree, empty when it is no Python: one parse for all endpoints whose way leads through it."""
    return syntax_tree(text) or ast.Module(body=[], type_ignores=[])


@lru_cache(maxsize=8192)
def constants_of(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Names at module and class level, and the values of those that are collections or constants."""
    return tuple((name, frozenset(values)) for name, values in _constants(parsed(text)))


def _constants(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    for body in (tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))):
        for statement in body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    inner = value.args[0] if isinstance(value, ast.Call) and value.args else value
                    values = _values(inner, {})
                    if values:
                        yield name, values
                case _:
                    pass
