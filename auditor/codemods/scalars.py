"""Numbers that are asked of the database for one key, taken apart so that they can be asked for many keys at once."""

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.scalar_sql import grouped
from auditor.rules.declared import models

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Column, Model

_INTEGERS: Final = frozenset(
    "Integer SmallInteger IntegerField SmallIntegerField PositiveIntegerField int".split()
)
"""Types of columns of which a sum is an int everywhere: of a wider one PostgreSQL gives a Decimal."""
_KEYS: Final = frozenset(
    "Integer BigInteger SmallInteger AutoField BigAutoField IntegerField BigIntegerField int".split()
)
"""Types of keys that statements written as text give back as they were stored."""
_CASTS: Final = frozenset({"int", "float", "bool", "str"})
_ENDS: Final = frozenset({"scalar", "scalar_one"})
_BETWEEN: Final = frozenset({"filter", "where", "select_from"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number for one key."""

    whole: ast.Call
    """The expression that gives it."""
    rows: str
    """Source of the rows `(key, number)` for `keys`."""
    missing: str
    """Source of what is given where no row has the key."""
    before: tuple[tuple[ast.stmt, str], ...] = ()
    """Statements above, and what they become."""
    constant: tuple[str, str, str] | None = None
    """A statement as text: the name of its constant, the new constant's name and source."""


def scalar_of(
    function: "Function", key: str, keys: str, *, spans: "Spans", source: "Source"
) -> "tuple[ast.Return, Scalar] | str":
    """The number that a helper gives for its parameter `key`, where it does nothing else."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        return f"`{function.name}` does more than ask for one number"
    if any(not _is_plain_assignment(one) for one in body[:-1]):
        return f"`{function.name}` does more than ask for one number"
    for node in ast.walk(body[-1].value):
        if isinstance(node, ast.Call):
            made = _text(node, body[:-1], key, keys, spans=spans, source=source) or _orm(
                node, body[:-1], key, keys, spans=spans, source=source
            )
            if made is not None and _is_typed(made[1], body[-1].value, made[0].whole):
                return body[-1], made[0]
    return f"`{function.name}` does more than ask for one number"


def _is_plain_assignment(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
    )


def _is_typed(is_same: bool, returned: ast.expr, whole: ast.Call) -> bool:  # noqa: FBT001  # says what it is
    """Whether the number that stands for no rows is of the type that the database would give."""
    if is_same:
        return True
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _CASTS
        and node.args == [whole]
        for node in ast.walk(returned)
    )


def _text(
    node: ast.Call, above: list[ast.stmt], key: str, keys: str, *, spans: "Spans", source: "Source"
) -> tuple[Scalar, bool] | None:
    """`session.execute(STATEMENT, {"key": key, …}).scalar()` with `STATEMENT = text("…")` at the top of the module."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(
                    func=ast.Attribute(value=session, attr="execute"),
                    args=[ast.Name(id=named), given],
                    keywords=[],
                ),
                attr=end,
            ),
            args=[],
            keywords=[],
        ) if end in _ENDS:
            pass
        case _:
            return None
    holder = next(
        (one for one in above if isinstance(given, ast.Name) and ast.unparse(one.targets[0]) == given.id),  # type: ignore[attr-defined]  # plain assignments
        None,
    )
    values = holder.value if isinstance(holder, ast.Assign) else given
    sql, wanted = statement_of(spans.tree, named), parameter_of(values, key)
    if sql is None or wanted is None or _reads([one for one in above if one is not holder], key):
        return None
    made = grouped(sql, wanted[0], keys)
    if made is None or not _is_key(made.table, made.column, source):
        return None
    start = spans.span(wanted[1])[0] - spans.span(values)[0]
    item = spans.source(values)
    quote = item[start]
    new = f"{item[:start]}{quote}{keys}{quote}: list({keys}){item[_value_end(values, wanted[1], spans) :]}"
    constant = f"{named}_BY_{made.column.upper()}"
    if '"' in made.text or "\\" in made.text or not made.text.isprintable():
        return None
    lines = re.sub(r" (?=(?:FROM|WHERE|GROUP BY) )", ' "\n    "', made.text)
    text = f'{constant} = text(\n    "{lines}"\n).bindparams(bindparam("{keys}", expanding=True))'
    argument = ast.unparse(given) if holder is not None else new
    return (
        Scalar(
            node,
            f"{spans.source(session)}.execute({constant}, {argument})",
            made.missing,
            ((holder, f"{ast.unparse(holder.targets[0])} = {new}"),)
            if isinstance(holder, ast.Assign)
            else (),
            (named, constant, text),
        ),
        made.counts or made.missing == "None",
    )


def _value_end(values: ast.expr, key: ast.expr, spans: "Spans") -> int:
    assert isinstance(values, ast.Dict)
    value = values.values[values.keys.index(key)]
    return spans.span(value)[1] - spans.span(values)[0]


def statement_of(tree: ast.Module, name: str) -> str | None:
    """The text of `NAME = text("…")`, bound once at the top of the module."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    match found:
        case [
            ast.Assign(value=ast.Call(func=made_by, args=[ast.Constant(value=str(sql))], keywords=[])) as one
        ] if one in tree.body and ast.unparse(made_by).rpartition(".")[2] == "text":
            return sql
        case _:
            return None


def parameter_of(values: ast.expr, key: str) -> tuple[str, ast.expr] | None:
    """The name under which a dictionary of parameters holds the key, and nothing else depends on it."""
    if not isinstance(values, ast.Dict):
        return None
    found = [
        (name.value, name)
        for name, value in zip(values.keys, values.values, strict=True)
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and ast.unparse(value) == key
    ]
    reads = [node for node in ast.walk(values) if isinstance(node, ast.Name) and node.id == key]
    return found[0] if len(found) == 1 == len(reads) and None not in values.keys else None


def _reads(statements: list[ast.stmt], name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for one in statements for node in ast.walk(one))


def _is_key(table: str, column: str, source: "Source") -> bool:
    """Whether a column of a table is a key that is stored as an integer."""
    assert source.scene is not None
    known = {model.table: model for model in models(source.scene)}
    model = known.get(table)
    found = (
        None
        if model is None
        else next((c for name, c in model.columns.items() if column in {name, c.column}), None)
    )
    if model is None or found is None:
        return False
    return is_integer_key(model, found, known)


def is_integer_key(model: "Model", column: "Column", known: "dict[str, Model]") -> bool:
    """Whether a column is its model's primary key, or refers to one, of an integer type."""
    if column.name == model.primary_key:
        return column.type.rpartition(".")[2] in _KEYS
    if column.foreign_key is None:
        return False
    target = known.get(column.foreign_key.rpartition(".")[0]) or next(
        (one for one in known.values() if column.foreign_key in {one.key, one.table}), None
    )
    primary = None if target is None else target.columns.get(target.primary_key)
    return primary is not None and primary.type.rpartition(".")[2] in _KEYS


def _orm(
    node: ast.Call, above: list[ast.stmt], key: str, keys: str, *, spans: "Spans", source: "Source"
) -> tuple[Scalar, bool] | None:
    """`session.query(func.sum(M.x)).filter(M.key == key).scalar()` and the same with `select`."""
    if _reads(above, key):
        return None
    return orm_scalar(node, key, keys, spans=spans, source=source)


def is_scalar(node: ast.Call, /) -> bool:
    """Whether a call asks for one number with a query that is written down in it."""
    parts = _parts(node)
    return parts is not None and _aggregate(parts[1]) is not None


def orm_scalar(
    node: ast.Call, key: str, keys: str, *, spans: "Spans", source: "Source"
) -> tuple[Scalar, bool] | None:
    """The number that an expression asks for, and whether the type of what stands for no rows is the same."""
    parts = _parts(node)
    if parts is None:
        return None
    session, selected, query, is_legacy = parts
    aggregate = _aggregate(selected)
    conditions = [
        one
        for one in ast.walk(query)
        if isinstance(one, ast.Compare)
        and len(one.ops) == 1
        and isinstance(one.ops[0], ast.Eq)
        and ast.unparse(one.comparators[0]) == key
        and isinstance(one.left, ast.Attribute)
    ]
    reads = [
        one
        for one in ast.walk(node)
        if isinstance(one, (ast.Name, ast.Attribute)) and ast.unparse(one) == key
    ]
    if aggregate is None or len(conditions) != 1 or len(reads) != 1:
        return None
    column = ast.unparse(conditions[0].left)
    model, name = _model(column, source)
    if model is None or not _is_condition(query, conditions[0]):
        return None
    if model.columns[name].foreign_key is None and name != model.primary_key:
        return None
    missing, summed = aggregate
    text = _edited(
        spans,
        query,
        [
            (conditions[0], f"{column}.in_({keys})"),
            (selected, f"{column}, {spans.source(selected)}"),
        ],
    )
    text = f"{text}.group_by({column})"
    rows = f"{text}" if is_legacy else f"{session}.execute({text})"
    is_same = summed is None or missing == "None" or _is_integer(summed, source)
    return Scalar(node, rows, missing), is_same


def _parts(node: ast.Call) -> tuple[str, ast.expr, ast.expr, bool] | None:
    """(session, what is selected, the query without its end, whether it is a legacy one)."""
    one = chain(node)
    if not one.steps or one.steps[-1].call is not node:
        return None
    last = one.steps[-1]
    if last.name == "scalar" and len(node.args) == 1 and not node.keywords:  # session.scalar(select(…))
        session = one.steps[-2].node if len(one.steps) > 1 else one.root
        return _selected(ast.unparse(session), node.args[0])
    if last.name not in _ENDS or node.args or node.keywords or len(one.steps) < 2:  # a query and its end
        return None
    below = one.steps[-2]
    if (
        below.name == "execute"
        and below.call is not None
        and len(below.call.args) == 1
        and not below.call.keywords
    ):
        session = one.steps[-3].node if len(one.steps) > 2 else one.root  # as above
        return _selected(ast.unparse(session), below.call.args[0])
    names = [step.name for step in one.steps]
    if "query" in names:
        at = names.index("query")
        call = one.steps[at].call
        middle = one.steps[at + 1 : -1]
        if (
            call is not None
            and len(call.args) == 1
            and not call.keywords
            and all(step.call is not None and step.name in _BETWEEN for step in middle)
        ):
            session = one.steps[at - 1].node if at else one.root
            return ast.unparse(session), call.args[0], below.node, True
    return None


def _selected(session: str, query: ast.expr) -> tuple[str, ast.expr, ast.expr, bool] | None:
    one = chain(query)
    root = one.root
    if (
        not isinstance(root, ast.Call)
        or ast.unparse(root.func) != "select"
        or len(root.args) != 1
        or root.keywords
    ):
        return None
    if any(step.call is None or step.name not in _BETWEEN for step in one.steps):
        return None
    return session, root.args[0], query, False


def _aggregate(selected: ast.expr) -> tuple[str, ast.expr | None] | None:
    """(what it gives over no rows, what it sums); None for anything but a plain aggregate."""
    match selected:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="func"), attr="count"), keywords=[]):
            return "0", None
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="func"), attr="coalesce"),
            args=[inner, ast.Constant(value=int() as other)],
            keywords=[],
        ):
            below = _aggregate(inner)
            return None if below is None or below[1] is None else (str(other), below[1])
        case ast.Call(func=ast.Attribute(value=ast.Name(id="func"), attr=name), args=[one], keywords=[]) if (
            name
            in {
                "sum",
                "min",
                "max",
            }
        ):
            return "None", one
        case _:
            return None


def _model(column: str, source: "Source") -> "tuple[Model | None, str]":
    assert source.scene is not None
    owner, _, name = column.rpartition(".")
    found = [
        model
        for model in models(source.scene)
        if model.cls.name == owner.rpartition(".")[2] and name in model.columns
    ]
    return (found[0] if len(found) == 1 else None), name


def _is_integer(summed: ast.expr, source: "Source") -> bool:
    model, name = _model(ast.unparse(summed), source)
    return model is not None and model.columns[name].type.rpartition(".")[2] in _INTEGERS


def _is_condition(query: ast.expr, condition: ast.Compare) -> bool:
    """Whether a comparison stands by itself among the arguments of `filter` or `where`."""
    return any(
        step.call is not None and step.name in {"filter", "where"} and condition in step.call.args
        for step in chain(query).steps
    )


def _edited(spans: "Spans", node: ast.expr, edits: list[tuple[ast.expr, str]]) -> str:
    """The source of an expression with some of its parts replaced, on one line."""
    start, _ = spans.span(node)
    text = spans.source(node)
    for part, new in sorted(edits, key=lambda edit: -spans.span(edit[0])[0]):
        begin, end = (at - start for at in spans.span(part))
        text = text[:begin] + new + text[end:]
    return ast.unparse(ast.parse(f"({text})", mode="eval")) if "\n" in text else text
