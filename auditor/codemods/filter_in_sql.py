"""Has the database leave out the rows that Python leaves out

## What it does
Conditions of a comprehension, a loop or `filter()` on columns of fetched rows go into the query behind them. What is
falsy stays falsy: `not least or row.price >= least` is asked for only where `least` is neither 0 nor None, `not row.open`
keeps NULL as well, and `row.kind != 3` does too.

## What it never does
It moves only what is asked first, so that the rest is evaluated for the same rows as before. It leaves text alone, whose
comparison, case and order are a collation's; numbers with a fraction; times; what may be NULL or None where Python would
refuse to compare; and values of which the source does not say what type they are: a database takes "5" for 5. It leaves
rows alone that anything else reads, rows whose order nothing says where an index could give another, relations that are loaded with their parent anywhere, and queries that are cut,
grouped, locked or computed.

## What it leaves to a person
An index for the condition; whole numbers that are too large for their column, which Python compared and a database refuses.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.condition_leaves import Leaves
from auditor.codemods.conditions import Conditions, Part, Pushed
from auditor.codemods.fetches import Fetch, fetch_of, queried
from auditor.codemods.fresh_rows import disturbed
from auditor.codemods.imports import add_import
from auditor.codemods.narrowing import narrow
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import statement_at
from auditor.codemods.sieves import Sieve, shrink, sieves
from auditor.codemods.single_names import assignment, bindings, loads
from auditor.codemods.standing import first_edited, standing
from auditor.codemods.total_order import is_folded, reordered
from auditor.codemods.value_kinds import Values

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Query
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "filter_in_sql"
RULES: Final = ("filter-in-python",)


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The first condition at the finding's statement, in the query."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the rows and what is known of them are not at hand")
    sieve = first_edited(
        sieves(at.function, finding.line, finding.end_line),
        lambda sieve: _pushed(sieve, at.function, at.known, at.spans, source),
        at.spans,
        otherwise="the rows are left out in a way that is not plain to see",
    )
    if isinstance(sieve, str):
        return Declined(NAME, sieve)
    return Written(
        codemod=NAME,
        title="Leave rows out in SQL in place of Python",
        files={finding.file: at.spans.result()},
    )


def _pushed(sieve: Sieve, function: "Function", known: "Known", spans: "Spans", source: "Source") -> str:
    """Makes the edits; the reason where it can't."""
    assert source.scene is not None
    path = known.module.path
    query = queried(path, sieve.node, source, "iterate", "filter")
    if isinstance(query, str):
        return query
    if query.relation is not None and (where := _loaded_elsewhere(query, source.scene)):
        return where
    fetch = _fetch(sieve, function, query)
    if isinstance(fetch, str):
        return fetch
    values = Values(function, known.module, source)
    leaves = Leaves(query.model, sieve.variable, fetch.entity, fetch.method, source.scene, values)
    conditions = Conditions(leaves, values)
    pushed, left, reason = conditions.pushed(list(sieve.parts))
    if not pushed:
        return reason or "no condition looks at the rows"
    looked = statement_at(function, sieve.node.lineno, sieve.node.end_lineno)
    assert looked is not None
    gone = [part for part in sieve.parts if part not in left]
    columns = _columns(gone, sieve)
    reason = (
        _rebound([*gone, *left], sieve, fetch, function)
        or ("" if is_folded(function, sieve.node) else reordered(fetch, query.model, columns, source.scene))
        or disturbed(
            known, query.model, columns | _attributes(gone), source, between=(fetch.statement, looked)
        )
        or _unmovable(spans, fetch, pushed)
        or shrink(spans, sieve, left, makes_lists=query.orm == "sqlalchemy")
    )
    if reason:
        return reason
    if conditions.uses_q and add_import(spans, "django.db.models", "Q") != "Q":
        return "`Q` is the name of something else in this module"
    narrow(spans, function, fetch, pushed)
    return ""


def _fetch(sieve: Sieve, function: "Function", query: "Query") -> Fetch | str:
    """Where the rows of a sieve are fetched, and that nothing else reads them."""
    bound_inside = [
        one for one in ast.walk(sieve.node) if isinstance(one, ast.Name) and one.id == sieve.variable
    ]
    others = [one for one in bindings(function, sieve.variable) if one not in bound_inside]
    if sieve.is_loop and (others or any(one not in bound_inside for one in loads(function, sieve.variable))):
        return f"`{sieve.variable}` is read outside the loop too"
    rows = sieve.rows
    if isinstance(rows, ast.Name):
        bound = assignment(function, rows.id)
        if bound is None:
            return f"`{rows.id}` is bound in more than one place, or handed in"
        if len(loads(function, rows.id)) != 1:
            return f"`{rows.id}` is used for something else too"
        rows = bound.value
    return fetch_of(function, rows, query.model)


def _rebound(parts: list[Part], sieve: Sieve, fetch: Fetch, function: "Function") -> str:
    """What a condition reads that may be something else, or nothing yet, where the query is built."""
    for part in parts:
        for one in ast.walk(part.node):
            if not isinstance(one, ast.Name) or one.id == sieve.variable:
                continue
            bound = bindings(function, one.id)
            if any(getattr(where, "lineno", 0) >= fetch.statement.lineno for where in bound):
                return f"`{one.id}` is bound after the query is built"
    return ""


def _columns(parts: list[Part], sieve: Sieve) -> frozenset[str]:
    return frozenset(
        one.attr
        for part in parts
        for one in ast.walk(part.node)
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == sieve.variable
    )


def _attributes(parts: list[Part]) -> frozenset[str]:
    """Every attribute that the conditions read, of whatever."""
    return frozenset(
        one.attr for part in parts for one in ast.walk(part.node) if isinstance(one, ast.Attribute)
    )


def _unmovable(spans: "Spans", fetch: Fetch, pushed: "list[Pushed]") -> str:
    """Why the query can't get a name in lines of its own, where a condition is asked for only sometimes; "" if it can."""
    if not any(one.when for one in pushed):
        return ""
    start = spans.line_start(fetch.statement)
    if spans.text[start : spans.span(fetch.statement)[0]].strip():
        return "the statement shares its line with others"
    return "a comment stands inside the query" if spans.comments(fetch.query) else ""


def _loaded_elsewhere(query: "Query", scene: "Scene") -> str:
    """Where rows of this relation are loaded with their parent: to those, another query would come on top."""
    name = (query.relation or "").rpartition(".")[2]
    for _, effect in scene.effects():
        if effect.query is not None and any(name in path.split(".") for path in effect.query.loaded):
            return f"`{name}` is loaded with its parent by {effect.site.module.path}:{effect.site.line}"
    return ""
