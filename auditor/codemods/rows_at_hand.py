"""Rows that a function has fetched for each item of a list, by the item's key."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.codemods.batch_helpers import callee, query_parts
from auditor.codemods.places import parents
from auditor.codemods.predicates import Predicate, of_orm
from auditor.codemods.session_makers import definition_of
from auditor.codemods.single_names import assignment, loads
from auditor.rules.declared import models

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.turning import Turning
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Model


@dataclass(frozen=True, slots=True)
class Fetched:
    """`name[item.key]` is the list of an item's rows."""

    name: str
    key: str
    """The attribute of the item."""
    model: "Model"
    predicate: Predicate
    session: str

    def key_of(self, variable: str) -> ast.expr:
        return ast.Attribute(ast.Name(variable, ast.Load()), self.key, ast.Load())


def fetched_for(
    turn: "Turning", before: ast.AST, function: "Function", known: "Known", source: "Source"
) -> list[Fetched]:
    """What loops over the same list have put into dictionaries before a place."""
    found: list[Fetched] = []
    above = parents(function)
    around = {id(node) for node in _above(before, above)}
    for node in ast.walk(function):
        match node:
            case ast.For(
                target=ast.Name(id=item),
                iter=ast.Name(id=rows),
                body=[
                    ast.Assign(
                        targets=[
                            ast.Subscript(
                                value=ast.Name(id=name),
                                slice=ast.Attribute(value=ast.Name(id=keyed), attr=key),
                            )
                        ],
                        value=value,
                    )
                ],
                orelse=[],
            ) if rows == turn.rows and keyed == item and id(above.get(node)) in around:
                earlier = (node.end_lineno or 0) < turn.statement.lineno
                until = turn.statement.lineno
                if (
                    earlier
                    and _is_kept(function, name, until)
                    and not _moves(function, rows, node.lineno, until)
                ):
                    made = _of_value(value, item, rows, name, key, function, known, source)
                    found += [] if made is None else [made]
            case _:
                pass
    return found


def _above(node: ast.AST, above: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    found: list[ast.AST] = []
    at = above.get(node)
    while at is not None:
        found.append(at)
        at = above.get(at)
    return found


def _moves(function: "Function", rows: str, start: int, end: int) -> bool:
    """Whether the list itself is used between two loops over it, so that it may not be the same any more."""
    return any(start < read.lineno < end and not _is_walked(read, function) for read in loads(function, rows))


def _is_walked(read: ast.Name, function: "Function") -> bool:
    parent = parents(function).get(read)
    return isinstance(parent, (ast.For, ast.comprehension, ast.IfExp, ast.If))


def _is_kept(function: "Function", name: str, until: int) -> bool:
    """Whether a dictionary begins empty, is filled once, and nobody reads it up to a line."""
    bound = assignment(function, name)
    if bound is None or ast.unparse(bound.value) not in {"{}", "dict()"}:
        return False
    above = parents(function)
    stores = 0
    for read in loads(function, name):
        parent = above.get(read)
        if not isinstance(parent, ast.Subscript) or parent.value is not read:
            return False
        stores += isinstance(parent.ctx, ast.Store)
        if isinstance(parent.ctx, ast.Load) and read.lineno < until:
            return False
        over = above.get(parent)
        if isinstance(parent.ctx, ast.Del) or isinstance(over, (ast.Attribute, ast.Subscript, ast.AugAssign)):
            return False
    return stores == 1


def _of_value(
    value: ast.expr,
    item: str,
    rows: str,
    name: str,
    key: str,
    function: "Function",
    known: "Known",
    source: "Source",
) -> Fetched | None:
    """The rows that a helper gives for `item.key`, or that it gave for all at once."""
    one = f"{item}.{key}"
    match value:
        case ast.Call():
            return _of_helper(value, one, name, key, known, source, several=False)
        case ast.Subscript(value=ast.Name(id=held), slice=index) if ast.unparse(index) == one:
            bound = assignment(function, held)
            call = None if bound is None else bound.value
            wanted = {f"[{v}.{key} for {v} in {rows}]" for v in (item, "item")}
            if isinstance(call, ast.Call) and loads(function, held) == [value.value]:
                keys = next((ast.unparse(a) for a in call.args if ast.unparse(a) in wanted), "")
                return _of_helper(call, keys, name, key, known, source, several=True) if keys else None
            return None
        case _:
            return None


def _of_helper(
    call: ast.Call, keys: str, name: str, key: str, known: "Known", source: "Source", *, several: bool
) -> Fetched | None:
    below = callee(call, source, known.module.path)
    defined = None if below is None else definition_of(below, source)
    if below is None or defined is None or below.owner is not None or call.keywords or defined.decorator_list:
        return None
    if isinstance(defined, ast.AsyncFunctionDef) or len(defined.args.args) != len(call.args):
        return None
    parts = query_parts(defined, several=several)
    if parts is None:
        return None
    entity, conditions, session = parts
    given = {
        one.arg: "key" if ast.unparse(argument) == keys else ast.unparse(argument)
        for one, argument in zip(defined.args.args, call.args, strict=True)
    }
    assert source.scene is not None
    found = [
        model for model in models(source.scene) if model.cls.name == entity and model.orm == "sqlalchemy"
    ]
    predicate = of_orm(conditions, entity, given, module=below.module, source=source)
    if len(found) != 1 or predicate is None or session not in given:
        return None
    return Fetched(name, key, found[0], predicate, given[session])
