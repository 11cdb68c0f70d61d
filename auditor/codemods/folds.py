"""Rows of which nothing is left but numbers: their sum, their greatest and smallest, how many there are."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from auditor.codemods.conditions import Part, conjuncts
from auditor.codemods.places import parents, statement_at
from auditor.codemods.single_names import assignment, loads
from auditor.codemods.truths import tested

if TYPE_CHECKING:
    from auditor.codemods.places import Function

How = Literal["sum", "min", "max", "count"]

_FOLDS: Final[dict[str, How]] = {"sum": "sum", "min": "min", "max": "max", "len": "count"}


@dataclass(frozen=True, slots=True)
class Fold:
    """One number that is made of the rows."""

    node: ast.expr
    """What stands for it in the source."""
    how: How
    column: str
    """"" for their number."""
    or_zero: bool = False
    """NULL is added as 0."""
    default: ast.expr | None = None
    """What `min` and `max` give for no rows."""


@dataclass(frozen=True, slots=True)
class Bag:
    """Rows, the conditions on which one counts, and every number that is made of them."""

    rows: ast.expr
    variable: str
    """What the conditions call a row; "" where there are none."""
    parts: tuple[Part, ...]
    folds: tuple[Fold, ...]
    statement: ast.Assign | None
    """What gives the rows, or the values of one column, a name; None where they are folded where they are fetched."""


def bags(function: "Function", start: int, end: int, /) -> list[Bag | str]:
    """What is folded at the lines; a reason where something else is done with it."""
    found: list[Bag | str] = []
    seen: set[ast.AST] = set()
    for node in ast.walk(function):
        if not isinstance(node, (ast.GeneratorExp, ast.ListComp)) or node in seen:
            continue
        if node.lineno > end or (node.end_lineno or node.lineno) < start or len(node.generators) != 1:
            continue
        clause = node.generators[0]
        if not isinstance(clause.target, ast.Name) or clause.is_async:
            continue
        statement = statement_at(function, node.lineno, node.end_lineno)
        is_named = isinstance(statement, ast.Assign) and statement.value is node
        if isinstance(clause.iter, ast.Name) and assignment(function, clause.iter.id) is not None:
            found.append(_of_rows(function, clause.iter.id))
        elif is_named and isinstance(statement, ast.Assign) and isinstance(node, ast.ListComp):
            found.append(_of_values(function, node, statement))
        else:
            found.append(_inline(function, node))
        seen |= set(ast.walk(node))
    return found


def _inline(function: "Function", node: ast.GeneratorExp | ast.ListComp) -> Bag | str:
    """`sum(row.price for row in rows)`."""
    call = parents(function).get(node)
    clause = node.generators[0]
    if not isinstance(call, ast.Call) or not isinstance(clause.target, ast.Name):
        return "something else is done with the rows"
    fold = _fold(call, node)
    if isinstance(fold, str):
        return fold
    return Bag(clause.iter, clause.target.id, _parts(clause), (fold,), None)


def _parts(clause: ast.comprehension) -> tuple[Part, ...]:
    return tuple(part for test in clause.ifs for part in conjuncts(Part(test)))


def _fold(call: ast.Call, node: ast.GeneratorExp | ast.ListComp) -> Fold | str:
    """The number that a call makes of the values of a comprehension."""
    clause = node.generators[0]
    assert isinstance(clause.target, ast.Name)
    how = _FOLDS.get(call.func.id) if isinstance(call.func, ast.Name) else None
    words = {word.arg: word.value for word in call.keywords}
    if (
        how is None
        or call.args != [node]
        or words.keys() - {"default"}
        or (words and how not in {"min", "max"})
    ):
        return "something else is done with the rows"
    if how == "count":
        return Fold(call, how, "")
    read = _column(node.elt, clause.target.id)
    if read is None or (read[1] and how != "sum"):
        return f"`{ast.unparse(node.elt)}` is no plain column"
    if how != "sum" and not words:
        return f"`{how}` of no rows is an error in Python, and NULL in SQL"
    return Fold(call, how, read[0], read[1], words.get("default"))


def _column(node: ast.expr, variable: str) -> tuple[str, bool] | None:
    """`row.column`, and `row.column or 0`."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == variable:
            return attr, False
        case ast.BoolOp(
            op=ast.Or(), values=[ast.Attribute() as first, ast.Constant(value=int() as zero)]
        ) if zero == 0 and not isinstance(zero, bool):
            found = _column(first, variable)
            return None if found is None else (found[0], True)
        case _:
            return None


def _of_values(function: "Function", node: ast.ListComp, statement: ast.Assign) -> Bag | str:
    """`values = [row.price for row in rows]`, of which only numbers are made."""
    clause = node.generators[0]
    match statement.targets, clause.target:
        case [ast.Name(id=named)], ast.Name(id=variable) if assignment(function, named) is statement:
            pass
        case _:
            return "the values have no name of their own"
    read = _column(node.elt, variable)
    if read is None:
        return f"`{ast.unparse(node.elt)}` is no plain column"
    folds: list[Fold] = []
    for one in sorted(loads(function, named), key=lambda node: (node.lineno, node.col_offset)):
        fold = _of_name(function, one, *read)
        if isinstance(fold, str):
            return fold
        folds.append(fold)
    if not any(fold.how != "count" for fold in folds):
        return "only the number of the values is wanted"
    return Bag(clause.iter, variable, _parts(clause), tuple(folds), statement)


def _of_name(function: "Function", node: ast.Name, column: str, or_zero: bool) -> Fold | str:  # noqa: FBT001  # a pair taken apart
    """The number made of the values, or rows, where their name is read."""
    call = parents(function).get(node)
    match call:
        case ast.Call(func=ast.Name(id=name), args=[one], keywords=words) if one is node and name in _FOLDS:
            how = _FOLDS[name]
        case _:
            if any(leaf is node for leaf in tested(function, node.lineno, node.end_lineno or node.lineno)):
                return Fold(node, "count", "")
            return f"`{node.id}` is used for something else too"
    if how == "count":
        return Fold(call, how, "")
    if not column or (or_zero and how != "sum"):
        return f"`{node.id}` is used for something else too"
    if how == "sum":
        return Fold(call, how, column, or_zero) if not words else "the sum has a start of its own"
    default = {word.arg: word.value for word in words}
    if default.keys() == {"default"}:
        return Fold(call, how, column, default=default["default"])
    if not default and _is_guarded(function, call, node.id):
        return Fold(call, how, column, default=ast.Constant(None))
    return f"`{how}` of no rows is an error in Python, and NULL in SQL"


def _is_guarded(function: "Function", call: ast.Call, name: str) -> bool:
    """Whether it is asked for only where there are rows: `max(values) if values else None`."""
    above = parents(function)
    at: ast.AST | None = call
    while at is not None and not isinstance(at, ast.stmt):
        over = above.get(at)
        if (
            isinstance(over, ast.IfExp)
            and over.body is at
            and isinstance(over.test, ast.Name)
            and over.test.id == name
        ):
            return True
        at = over
    return False


def _of_rows(function: "Function", named: str) -> Bag | str:
    """`rows = …all()`, of which only numbers are made."""
    statement = assignment(function, named)
    assert statement is not None
    above = parents(function)
    folds: list[Fold] = []
    for one in sorted(loads(function, named), key=lambda node: (node.lineno, node.col_offset)):
        clause = above.get(one)
        node = above.get(clause) if isinstance(clause, ast.comprehension) else None
        if isinstance(node, (ast.GeneratorExp, ast.ListComp)) and isinstance(clause, ast.comprehension):
            call = above.get(node)
            if clause.ifs and len(loads(function, named)) > 1:
                return "some numbers are made on conditions of their own"
            if len(node.generators) != 1 or not isinstance(clause.target, ast.Name):
                return f"`{named}` is used for something else too"
            fold = (
                _fold(call, node)
                if isinstance(call, ast.Call)
                else f"`{named}` is used for something else too"
            )
            if clause.ifs and not isinstance(fold, str):
                return Bag(statement.value, clause.target.id, _parts(clause), (fold,), statement)
        else:
            fold = _of_name(function, one, "", or_zero=False)
        if isinstance(fold, str):
            return fold
        folds.append(fold)
    if not any(fold.how != "count" for fold in folds):
        return "only the number of the rows is wanted"
    return Bag(statement.value, "", (), tuple(folds), statement)
