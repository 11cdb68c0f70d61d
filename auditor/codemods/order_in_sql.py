"""Has the database order rows that Python sorts

## What it does
`sorted(rows, key=...)` and `rows.sort(key=...)` by columns become an ORDER BY of the query: whole numbers and days that are
never NULL, ascending, descending by a minus sign or by `reverse=True`.

## What it never does
It orders by no text (a collation knows accents and capitals), by nothing that may be NULL (first in one database, last in
another, an error in Python), and not where two rows may have the same key: Python leaves those in the order in which they
came, a database as it likes. So one of the columns has to be unique, as a primary key is.

## What it leaves to a person
An index that has the columns in this order.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.column_kinds import stored
from auditor.codemods.fetches import Fetch, fetch_of, queried
from auditor.codemods.fresh_rows import disturbed
from auditor.codemods.narrowing import behind
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import block_of, statement_at
from auditor.codemods.single_names import assignment, loads
from auditor.codemods.standing import first_edited, standing

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Model
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "order_in_sql"
RULES: Final = ("sort-in-python",)


@dataclass(frozen=True, slots=True)
class Sort:
    """Rows that are sorted, and by what."""

    node: ast.Call
    rows: ast.expr
    columns: tuple[tuple[str, bool], ...]
    """Each with whether the greatest comes first."""
    statement: ast.stmt
    in_place: bool


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The sort at the finding's statement, in the query."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the rows and what is known of them are not at hand")
    sort = first_edited(
        _sorts(at.function, finding),
        lambda sort: _ordered(sort, at.function, at.known, at.spans, source),
        at.spans,
        otherwise="the rows are sorted in a way that is not plain to see",
    )
    if isinstance(sort, str):
        return Declined(NAME, sort)
    return Written(
        codemod=NAME,
        title="Order the rows in SQL in place of Python",
        files={finding.file: at.spans.result()},
    )


def _sorts(function: "Function", finding: "Finding") -> Iterator[Sort | str]:
    """The sorts that begin at the finding's statement, each or why it is left alone."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and finding.line <= node.lineno <= finding.end_line:
            sort = _sort(function, node)
            if sort is not None:
                yield sort


def _sort(function: "Function", node: ast.Call) -> Sort | str | None:
    match node:
        case ast.Call(func=ast.Name(id="sorted"), args=[rows]):
            in_place = False
        case ast.Call(func=ast.Attribute(value=ast.Name() as rows, attr="sort"), args=[]):
            in_place = True
        case _:
            return None
    words = {word.arg: word.value for word in node.keywords}
    backwards = words.get("reverse", ast.Constant(value=False))
    key = words.get("key")
    statement = statement_at(function, node.lineno, node.end_lineno)
    if words.keys() - {"key", "reverse"} or not isinstance(backwards, ast.Constant) or statement is None:
        return "whether the order is reversed is known only when it runs"
    columns = None if key is None else _columns(key, backwards=bool(backwards.value))
    if columns is None:
        return "the key is no plain column, or several"
    return Sort(node, rows, columns, statement, in_place)


def _columns(key: ast.expr, *, backwards: bool) -> tuple[tuple[str, bool], ...] | None:
    match key:
        case ast.Call(func=ast.Name(id="attrgetter") | ast.Attribute(attr="attrgetter"), args=args):
            named = [
                one.value for one in args if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            is_plain = len(named) == len(args) and not any("." in one for one in named)
            return tuple((one, backwards) for one in named) if is_plain else None
        case ast.Lambda(args=ast.arguments(args=[item]), body=body):
            parts = body.elts if isinstance(body, ast.Tuple) else [body]
        case _:
            return None
    found: list[tuple[str, bool]] = []
    for part in parts:
        down = isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub)
        match part.operand if isinstance(part, ast.UnaryOp) and down else part:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == item.arg:
                found.append((f"-{attr}" if down else attr, down != backwards))
            case _:
                return None
    return tuple(found)


def _ordered(sort: Sort, function: "Function", known: "Known", spans: "Spans", source: "Source") -> str:
    """Makes the edits; the reason where it can't."""
    assert source.scene is not None
    rows = _rows(sort, function)
    if isinstance(rows, str):
        return rows
    query = queried(known.module.path, sort.node, source, "sort")
    if isinstance(query, str):
        return query
    if query.relation is not None:
        return "the rows are those of a relation, which may be loaded with its parent"
    fetch = fetch_of(function, rows, query.model)
    if isinstance(fetch, str):
        return fetch
    if fetch.style != "django" and fetch.named("order_by") is not None:
        return "the query has an order of its own"
    names = frozenset(name.lstrip("-") for name, _ in sort.columns)
    reason = (
        _odd(sort, query.model, source.scene)
        or disturbed(known, query.model, names, source, between=(fetch.statement, sort.statement))
        or ("a comment stands inside the sort" if spans.comments(sort.statement) else "")
    )
    return reason or _write(sort, fetch, function, spans)


def _rows(sort: Sort, function: "Function") -> ast.expr | str:
    """The expression that fetches what is sorted, if nothing reads it in another order."""
    if not isinstance(sort.rows, ast.Name):
        return sort.rows
    bound = assignment(function, sort.rows.id)
    if bound is None:
        return f"`{sort.rows.id}` is bound in more than one place, or handed in"
    others = [one for one in loads(function, sort.rows.id) if one is not sort.rows]
    if not sort.in_place:
        return f"`{sort.rows.id}` is used for something else too" if others else bound.value
    if sort.statement not in block_of(function, bound) or not isinstance(sort.statement, ast.Expr):
        return "the rows are sorted on one way only"
    if any(one.lineno <= (sort.statement.end_lineno or sort.statement.lineno) for one in others):
        return f"`{sort.rows.id}` is read before it is sorted"
    return bound.value


def _odd(sort: Sort, model: "Model", scene: "Scene") -> str:
    """Why a database may order otherwise; "" if it can't."""
    is_total = False
    for name, _ in sort.columns:
        column = stored(model, name.lstrip("-"), scene)
        if column is None or column.kind not in {"int", "date"} or (name[0] == "-" and column.kind != "int"):
            return f"`{name.lstrip('-')}` is no whole number or day, which have one order everywhere"
        if column.nullable:
            return f"`{name.lstrip('-')}` may be NULL, which comes first in one database and last in another"
        is_total = is_total or column.unique
    return "" if is_total else "rows with the same key stay as they came in Python, and nowhere else"


def _write(sort: Sort, fetch: Fetch, function: "Function", spans: "Spans") -> str:
    if fetch.style == "django":
        keys = ", ".join(f'"{"-" if down else ""}{name.lstrip("-")}"' for name, down in sort.columns)
    else:
        keys = ", ".join(
            f"{fetch.entity}.{name.lstrip('-')}{'.desc()' if down else ''}" for name, down in sort.columns
        )
    call = behind(spans, fetch.query, f".order_by({keys})")
    if sort.in_place:
        if len(block_of(function, sort.statement)) == 1:
            return "nothing else stands in its block"
        spans.insert_after(fetch.query, call)
        spans.remove_lines(sort.statement)
        return ""
    makes_list = isinstance(fetch.rows, ast.Call) and (
        (
            isinstance(fetch.rows.func, ast.Attribute)
            and fetch.rows.func.attr == "all"
            and fetch.style != "django"
        )
        or (isinstance(fetch.rows.func, ast.Name) and fetch.rows.func.id == "list")
    )
    start, end = spans.span(sort.node)
    inner = spans.span(sort.rows)
    spans.replace_span(start, inner[0], "" if makes_list else "list(")
    spans.replace_span(inner[1], end, "" if makes_list else ")")
    spans.insert_after(fetch.query, call)
    return ""
