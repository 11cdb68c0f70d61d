"""A query for numbers in place of rows, as SQLAlchemy and Django write it."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.imports import add_names
from auditor.codemods.places import free_name, names_bound
from auditor.codemods.rewriting import in_quotes_of, laid_out

if TYPE_CHECKING:
    from auditor.codemods.fetches import Fetch
    from auditor.codemods.folds import Bag, Fold
    from auditor.codemods.places import Function
    from auditor.codemods.spans import Spans

_ORDER: Final = "order_by"
_WIDTH: Final = 100
_NAMES: Final = {"sum": "total", "min": "least", "max": "most", "count": "number"}


def written_sqlalchemy(
    bag: "Bag", fetch: "Fetch", calls: str, key: str, *, function: "Function", spans: "Spans"
) -> str:
    """Makes the edits; the reason where it can't."""
    if add_names(spans, "sqlalchemy", ["func"]) != ["func"]:
        return "`func` is the name of something else in this module"
    asked = {_text(fold, fetch.entity, key): fold for fold in bag.folds}
    query = _selecting(fetch, ", ".join(asked), spans)
    if query is None:
        return "the query is not written as one chain of calls on `query` or `select`"
    run = _run(fetch.rows, f"{query}{calls}", is_one=len(asked) == 1, spans=spans)
    if run is None:
        return "the rows are fetched in a way that is not plain to see"
    if bag.statement is None:
        spans.replace(bag.folds[0].node, _value(bag.folds[0], run))
        return ""
    names = _named(bag, asked, function)
    target = ", ".join(names[text] for text in asked)
    spans.replace(bag.statement.targets[0], target)
    _replace_value(spans, bag.statement, target, run)
    for fold in bag.folds:
        spans.replace(fold.node, _value(fold, names[_text(fold, fetch.entity, key)]))
    return ""


def _text(fold: "Fold", entity: str, key: str) -> str:
    column = f"{entity}.{fold.column or key}"
    return f"func.{fold.how}({column})"


def _value(fold: "Fold", text: str) -> str:
    """A sum of nothing is 0; of some databases it is no `int`."""
    return f"int({text} or 0)" if fold.how == "sum" else text


def _selecting(fetch: "Fetch", columns: str, spans: "Spans") -> str | None:
    """The query's source with other columns and without an order."""
    start, end = spans.span(fetch.query)
    text = spans.text[start:end]
    edits: list[tuple[int, int, str]] = []
    filtered_by = fetch.named("filter_by") is not None
    below: ast.expr = fetch.chain.root
    given: list[ast.expr] = []
    if isinstance(below, ast.Call):
        given = below.args
    for step in fetch.chain.steps:
        if step.name == _ORDER and step.call is not None:
            edits.append((spans.span(below)[1], spans.span(step.node)[1], ""))
        if step.name in {"query", "select"} and step.call is not None:
            given = step.call.args
        below = step.node
    more = ""
    if fetch.style == "query" and (filtered_by or not given):
        more = f".with_entities({columns})"
    elif filtered_by or len(given) != 1:
        return None
    else:
        edits.append((*spans.span(given[0]), columns))
    for first, last, new in sorted(edits, reverse=True):
        text = text[: first - start] + new + text[last - start :]
    return text + more


def _run(rows: ast.expr, query: str, *, is_one: bool, spans: "Spans") -> str | None:
    """The source that executes a query for one number, or for one row of them."""
    match rows:
        case ast.Call(func=ast.Name(), args=[inner], keywords=[]):  # list(…)
            return _run(inner, query, is_one=is_one, spans=spans)
        case ast.Call(func=ast.Attribute(value=inner, attr="all"), args=[], keywords=[]):
            found = _session(inner)
        case _:
            found = _session(rows)
    if found is None:
        return f"{query}.{'scalar' if is_one else 'one'}()"
    session, is_async = found
    text = f"{spans.source(session)}.{'scalar' if is_one else 'execute'}({query})"
    text = f"await {text}" if is_async else text
    return text if is_one else f"({text}).one()" if is_async else f"{text}.one()"


def _session(node: ast.expr) -> tuple[ast.expr, bool] | None:
    """The session of `session.scalars(…)` and `session.execute(…).scalars()`, and whether it is waited for."""
    match node:
        case ast.Await(value=inner):
            found = _session(inner)
            return None if found is None else (found[0], True)
        case ast.Call(func=ast.Attribute(value=inner, attr="scalars"), args=[]):
            return _session(inner)
        case ast.Call(func=ast.Attribute(value=session, attr="scalars" | "execute"), args=[_]):
            return session, False
        case _:
            return None


def _named(bag: "Bag", asked: "dict[str, Fold]", function: "Function") -> dict[str, str]:
    """A name for each number, after the name that its rows had."""
    assert bag.statement is not None
    had = ast.unparse(bag.statement.targets[0])
    taken = set(names_bound(function)) | {one.id for one in ast.walk(function) if isinstance(one, ast.Name)}
    names: dict[str, str] = {}
    for text, fold in asked.items():
        columns = {one.column for one in asked.values() if one.column}
        kind = f"{fold.column}_{_NAMES[fold.how]}" if fold.column and len(columns) > 1 else _NAMES[fold.how]
        names[text] = free_name(f"{had}_{kind}", taken)
        taken.add(names[text])
    return names


def _replace_value(spans: "Spans", statement: ast.Assign, name: str, text: str) -> None:
    """Another value for an assignment, brackets and all, on several lines where one is too short."""
    start = spans.text.index("=", spans.span(statement.targets[-1])[1]) + 1
    indent = spans.indent(statement)
    if len(f"{indent}{name} = {text}") > _WIDTH:
        text = in_quotes_of(spans.text, laid_out(ast.parse(text, mode="eval").body, f"{name} = ", indent))
    spans.replace_span(start, spans.span(statement)[1], f" {text}")


def written_django(bag: "Bag", fetch: "Fetch", calls: str, *, function: "Function", spans: "Spans") -> str:
    """Makes the edits; the reason where it can't."""
    wanted = sorted({_class(fold) for fold in bag.folds})
    if add_names(spans, "django.db.models", wanted) != wanted:
        return f"{' or '.join(f'`{one}`' for one in wanted)} is the name of something else in this module"
    keys = _keys(bag)
    asked = ", ".join(
        f"{key}={_class(fold)}({_quoted(fold.column or 'pk', spans)})" for key, fold in keys.items()
    )
    query = f"{spans.source(fetch.query)}{calls}.aggregate({asked})"
    by_fold = {(fold.how, fold.column): key for key, fold in keys.items()}
    if bag.statement is None:
        fold = bag.folds[0]
        spans.replace(fold.node, _value(fold, f"{query}[{_quoted(by_fold[fold.how, fold.column], spans)}]"))
        return ""
    taken = set(names_bound(function)) | {one.id for one in ast.walk(function) if isinstance(one, ast.Name)}
    name = free_name(f"{ast.unparse(bag.statement.targets[0])}_found", taken)
    spans.replace(bag.statement.targets[0], name)
    _replace_value(spans, bag.statement, name, query)
    for fold in bag.folds:
        spans.replace(fold.node, _value(fold, f"{name}[{_quoted(by_fold[fold.how, fold.column], spans)}]"))
    return ""


def _class(fold: "Fold") -> str:
    return fold.how.capitalize()


def _keys(bag: "Bag") -> "dict[str, Fold]":
    """A key for each number: `total`, `price_total`."""
    columns = {fold.column for fold in bag.folds if fold.column}
    return {
        f"{fold.column}_{_NAMES[fold.how]}" if fold.column and len(columns) > 1 else _NAMES[fold.how]: fold
        for fold in bag.folds
    }


def _quoted(text: str, spans: "Spans") -> str:
    mark = "'" if spans.text.count("'") > spans.text.count('"') else '"'
    return f"{mark}{text}{mark}"
