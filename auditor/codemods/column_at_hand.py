"""Reads a column of a row that is at hand in place of asking for it by the row's key

## What it does
A query for one column by the primary key of a row that a name holds, written in place or in a helper that does nothing else,
becomes the row's attribute. The row is there: its key was read for the query.

## What it never does
It acts only where the attribute is what the query would give: a stored column of a plain type, loaded with the row, that
nothing has written or set since. It leaves locks, refreshes and whole rows alone, and a query in another session than
the row's.

## What it leaves to a person
Whether the value was meant to be fresh, and whether the helper still has other callers.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.chains import chain
from auditor.codemods.column_kinds import column_of, stored
from auditor.codemods.fresh_rows import stores
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import parents
from auditor.codemods.session_makers import definition_of
from auditor.codemods.single_names import bindings
from auditor.codemods.standing import standing

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Model
    from auditor.model.report import Finding

NAME: Final = "column_at_hand"
RULES: Final = ("derivable-query",)
_ENDS: Final = frozenset({"scalar", "scalar_one", "scalar_one_or_none"})


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The finding's query as an attribute."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the query and what is known of it are not at hand")
    spans, function, known = at.spans, at.function, at.known
    row = finding.subject
    bound = _bound(function, row)
    model = None if bound is None else _model(bound, known, source)
    if bound is None or model is None or " is asked by the key of " not in finding.title:
        return Declined(NAME, "no row with a name of its own is asked for again")
    reason = "the query is no plain one for a column by its row's key"
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not finding.line <= node.lineno <= finding.end_line:
            continue
        column = _column(node, row, model, finding.file, source)
        if column is None:
            continue
        reason = _odd(column, model, node, bound, known, source)
        if not reason and spans.comments(node):
            reason = "a comment stands inside the query"
        if not reason:
            above = parents(function).get(node)
            spans.replace(above if isinstance(above, ast.Await) else node, f"{row}.{column}")
            return Written(
                codemod=NAME,
                title=f"Read `{row}.{column}` from the row at hand",
                files={finding.file: spans.result()},
                promises=("sql",),
                verify=("Whether the value was meant to be fresh",),
            )
    return Declined(NAME, reason)


def _bound(function: "Function", name: str) -> ast.Assign | None:
    """The one assignment that binds a name to a row; that to None before it does not."""
    found = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]
    if len(found) != len(bindings(function, name)):
        return None
    rows = [one for one in found if not (isinstance(one.value, ast.Constant) and one.value.value is None)]
    return rows[0] if len(rows) == 1 else None


def _model(bound: ast.Assign, known: "Known", source: "Source") -> "Model | None":
    """Of which model the row is that an assignment fetches."""
    assert source.scene is not None
    found = {
        id(effect.query.model): effect.query.model
        for effect in source.scene.doings.at(known, bound.lineno, bound.end_lineno or bound.lineno, "sql")
        if effect.query is not None and effect.cause == "query"
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _column(call: ast.Call, row: str, model: "Model", path: str, source: "Source") -> str | None:
    """The column that a call asks for by the row's key, in place or by a helper."""
    found = _asked(call, model, {f"{row}.{name}" for name in _keys(model)})
    if found is not None:
        return found
    known = callee(call, source, path)
    defined = None if known is None else definition_of(known, source)
    if known is None or defined is None or defined.decorator_list or known.owner is not None:
        return None
    body = defined.body[1:] if ast.get_docstring(defined, clean=False) is not None else defined.body
    names = [one.arg for one in defined.args.args]
    plain = all(isinstance(one, (ast.Name, ast.Attribute, ast.Constant)) for one in call.args)
    match body:
        case [ast.Return(value=ast.expr() as returned)] if (
            len(names) == len(call.args) and plain and not call.keywords
        ):
            given = dict(zip(names, map(ast.unparse, call.args), strict=True))
            keys = {name for name, text in given.items() if text in {f"{row}.{key}" for key in _keys(model)}}
            inner = returned.value if isinstance(returned, ast.Await) else returned
            return _asked(inner, model, keys)
        case _:
            return None


def _keys(model: "Model") -> tuple[str, ...]:
    return (model.primary_key, "pk") if model.orm == "django" else (model.primary_key,)


def _asked(node: ast.expr, model: "Model", keys: set[str]) -> str | None:
    """The column of `session.query(M.column).filter(M.id == key).scalar()` and its like, where the key is one of these."""
    if not isinstance(node, ast.Call):
        return None
    if model.orm == "django":
        return _asked_of_django(node, model, keys)
    match node:
        case ast.Call(func=ast.Attribute(attr="scalar"), args=[statement], keywords=[]):
            return _selected(statement, model, keys)
        case ast.Call(func=ast.Attribute(value=query, attr=end), args=[], keywords=[]) if end in _ENDS:
            match query:
                case ast.Call(func=ast.Attribute(attr="execute"), args=[statement], keywords=[]):
                    return _selected(statement, model, keys)
                case _:
                    return _selected(query, model, keys)
        case _:
            return None


def _selected(node: ast.expr, model: "Model", keys: set[str]) -> str | None:
    made = chain(node)
    selected: list[ast.expr] = []
    conditions: list[ast.expr] = []
    if isinstance(made.root, ast.Call) and ast.unparse(made.root.func).rpartition(".")[2] == "select":
        selected = made.root.args
    for step in made.steps:
        if step.call is None:
            continue
        if step.name in {"query", "select"} and not selected:
            selected = step.call.args
        elif step.name in {"filter", "where"}:
            conditions += step.call.args
        else:
            return None
    match selected, conditions:
        case (
            [ast.Attribute(value=owner, attr=column)],
            [ast.Compare(left=ast.Attribute(value=holder, attr=key), ops=[ast.Eq()], comparators=[given])],
        ) if (
            ast.unparse(owner).rpartition(".")[2] == model.cls.name
            and ast.unparse(holder) == ast.unparse(owner)
            and key == model.primary_key
            and ast.unparse(given) in keys
        ):
            return column
        case _:
            return None


def _asked_of_django(node: ast.Call, model: "Model", keys: set[str]) -> str | None:
    """`M.objects.values_list("column", flat=True).get(pk=key)`, in whichever order the conditions stand."""
    made = chain(node)
    steps = [step for step in made.steps if step.call is not None]
    if [step.name for step in made.steps][:1] != ["objects"] or ast.unparse(made.root).rpartition(".")[
        2
    ] != model.cls.name:
        return None
    conditions = [
        word
        for step in steps
        if step.name in {"filter", "get"} and step.call is not None
        for word in step.call.keywords
    ]
    listed = [step.call for step in steps if step.name == "values_list" and step.call is not None]
    plain = {step.name for step in steps} <= {"filter", "values_list", "get"} and steps[-1].name == "get"
    if (
        not plain
        or len(listed) != 1
        or len(conditions) != 1
        or any(step.call.args for step in steps if step.call is not None and step.name != "values_list")
    ):
        return None
    is_key = conditions[0].arg in _keys(model) and ast.unparse(conditions[0].value) in keys
    match listed[0]:
        case ast.Call(args=[ast.Constant(value=str() as column)], keywords=[ast.keyword(arg="flat")]) if (
            is_key
        ):
            return column
        case _:
            return None


def _odd(
    column: str, model: "Model", call: ast.Call, bound: ast.Assign, known: "Known", source: "Source"
) -> str:
    """Why the attribute may be something else; "" if it can't."""
    assert source.scene is not None
    held = stored(model, column, source.scene)
    found = column_of(model, column)
    if held is None or found is None or found.deferred:
        return f"`{column}` is not known to be loaded with its row as it is stored"
    if attribute := stores(known, frozenset({column}), source.scene):
        return f"`{attribute}` is set, which the row at hand may have and the database not"
    if model.orm == "sqlalchemy":
        names = {one.id for one in ast.walk(bound.value) if isinstance(one, ast.Name)}
        sessions = {one.id for one in ast.walk(call) if isinstance(one, ast.Name)} & names
        if not sessions:
            return "the row was fetched in another session"
    return ""
