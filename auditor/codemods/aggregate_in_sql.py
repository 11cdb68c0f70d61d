"""Has the database add up, in place of fetching rows for a number

## What it does
Rows, or the values of one column, of which only `sum`, `min`, `max` and `len` are made, and whether there are any, are
asked for as these numbers, all of them in one statement. A division of two of them, a `round` and the like stay where they
are, in Python.

## What it never does
It adds up whole numbers that are never NULL (or are added as 0) and nothing else: numbers with a fraction are rounded in
another order, text and times have an order of their own. `min` and `max` of no rows are an error in Python: they are
asked for where the source says what stands for them. It leaves queries alone that join, load relations along, cut, group or
lock, and rows that anything else reads.

## What it leaves to a person
An index that has the column beside the condition.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.aggregates import written_django, written_sqlalchemy
from auditor.codemods.column_kinds import stored
from auditor.codemods.condition_leaves import Leaves
from auditor.codemods.conditions import Conditions, Pushed
from auditor.codemods.fetches import fetch_of, queried
from auditor.codemods.folds import Bag, bags
from auditor.codemods.fresh_rows import disturbed
from auditor.codemods.imports import add_import
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import statement_at
from auditor.codemods.single_names import bindings
from auditor.codemods.standing import first_edited, standing
from auditor.codemods.value_kinds import Values

if TYPE_CHECKING:
    from auditor.codemods.fetches import Fetch
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Model, Query
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "aggregate_in_sql"
RULES: Final = ("aggregate-in-python",)
_JOINING: Final = ("join", "outerjoin", "options")


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The numbers of the finding's rows, asked for in their place."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the rows and what is known of them are not at hand")
    bag = first_edited(
        bags(at.function, finding.line, finding.end_line),
        lambda bag: _asked(bag, at.function, at.known, at.spans, source),
        at.spans,
        otherwise="the numbers are made in a way that is not plain to see",
    )
    if isinstance(bag, str):
        return Declined(NAME, bag)
    return Written(
        codemod=NAME,
        title="Have the database add up in place of fetching the rows",
        files={finding.file: at.spans.result()},
    )


def _asked(bag: Bag, function: "Function", known: "Known", spans: "Spans", source: "Source") -> str:
    """Makes the edits; the reason where it can't."""
    assert source.scene is not None
    query = _queried(bag, known, source)
    if isinstance(query, str):
        return query
    if query.relation is not None:
        return "the rows are those of a relation, which may be loaded with its parent"
    fetch = fetch_of(function, bag.rows, query.model)
    if isinstance(fetch, str):
        return fetch
    if odd := [step.name for step in fetch.chain.steps if step.name in _JOINING and fetch.style != "django"]:
        return f"the query is used with `{odd[0]}`, which may leave rows out that are repeated"
    values = Values(function, known.module, source)
    leaves = Leaves(query.model, bag.variable, fetch.entity, fetch.method, source.scene, values)
    conditions = Conditions(leaves, values)
    pushed, left, reason = conditions.pushed(list(bag.parts))
    if left or any(one.when for one in pushed):
        return reason or "a condition is asked for only sometimes"
    reason = (
        _odd(bag, query.model, source.scene)
        or _late(bag, fetch, function)
        or disturbed(known, query.model, _columns(bag), source, between=(fetch.statement, fetch.statement))
        or _commented(bag, fetch, function, spans)
    )
    if reason:
        return reason
    if conditions.uses_q and add_import(spans, "django.db.models", "Q") != "Q":
        return "`Q` is the name of something else in this module"
    return _write(bag, fetch, pushed, query.model, function, spans)


def _queried(bag: Bag, known: "Known", source: "Source") -> "Query | str":
    """The query behind the rows, by what walks over them."""
    found: Query | str = "the query behind the rows is not known"
    for node in (bag.rows, *(fold.node for fold in bag.folds)):
        found = queried(known.module.path, node, source, "iterate")
        if not isinstance(found, str):
            return found
    return found


def _write(
    bag: Bag, fetch: "Fetch", pushed: list[Pushed], model: "Model", function: "Function", spans: "Spans"
) -> str:
    calls = "".join(one.call for one in pushed)
    if model.orm == "django":
        return written_django(bag, fetch, calls, function=function, spans=spans)
    return written_sqlalchemy(bag, fetch, calls, model.primary_key, function=function, spans=spans)


def _odd(bag: Bag, model: "Model", scene: "Scene") -> str:
    """Which column the database may add up, or order, otherwise; "" for none."""
    if model.primary_key not in model.columns:
        return "the rows have no key by which they could be counted"
    for fold in bag.folds:
        if fold.how == "count":
            continue
        column = stored(model, fold.column, scene)
        if column is None or column.kind not in ({"int"} if fold.how == "sum" else {"int", "date"}):
            return f"`{fold.column}` is no whole number or day, which are the same everywhere"
        if column.nullable and not fold.or_zero:
            return f"`{fold.column}` may be NULL, of which Python makes an error and SQL nothing"
        is_none = isinstance(fold.default, ast.Constant) and fold.default.value is None
        if fold.default is not None and not is_none:
            return "what stands for no rows is not None"
    return ""


def _columns(bag: Bag) -> frozenset[str]:
    tested = {
        one.attr
        for part in bag.parts
        for one in ast.walk(part.node)
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == bag.variable
    }
    return frozenset(tested | {fold.column for fold in bag.folds if fold.column})


def _late(bag: Bag, fetch: "Fetch", function: "Function") -> str:
    """What a condition reads that is bound after the query."""
    for part in bag.parts:
        for one in ast.walk(part.node):
            if isinstance(one, ast.Name) and one.id != bag.variable:
                bound = bindings(function, one.id)
                if any(getattr(where, "lineno", 0) >= fetch.statement.lineno for where in bound):
                    return f"`{one.id}` is bound after the query is built"
    return ""


def _commented(bag: Bag, fetch: "Fetch", function: "Function", spans: "Spans") -> str:
    """Where the layout or a comment is in the way."""
    if bag.statement is not None and spans.comments(bag.statement):
        return "a comment stands inside the query"
    if any(spans.comments(fold.node) for fold in bag.folds) or spans.comments(fetch.query):
        return "a comment stands inside the query"
    built = statement_at(function, fetch.rows.lineno, fetch.rows.end_lineno)
    return "" if built is fetch.statement else "the query is built in a statement of its own"
