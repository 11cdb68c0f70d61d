"""Asks the database for a number, in place of fetching the rows to count them

## What it does
`len(rows)` and `sum(1 for _ in rows)` become `.count()` of the query, where it is written: a Django queryset, or a legacy
SQLAlchemy query that ends in `.all()`. Rows of a `select(Model)`, awaited or not, that have a name and are only counted become a COUNT of it.

## What it never does
It leaves a legacy query with joins or options alone: such a query drops rows that are repeated, and a COUNT counts
them. It leaves collections of a loaded parent alone, and rows that are read anywhere else.

## What it leaves to a person
Nothing; pending rows are flushed before a COUNT as they are before a SELECT.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.fetched import Rows, rows_of
from auditor.codemods.named_rows import count_named
from auditor.codemods.orms import orm_at
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import function_at
from auditor.codemods.single_names import assignment, only_value
from auditor.codemods.truths import compared_with_nothing

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "count_in_sql"
RULES: Final = ("count-by-len",)


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """`.count()` for each number at the finding's statement."""
    spans = source.spans(finding.file)
    if spans is None:
        return Declined(NAME, f"{finding.file} can't be read")
    if "loaded with their parent" in finding.title:
        return Declined(NAME, "the rows come with their parent, whose mapping would have to change")
    orm = orm_at(finding, source)
    done, reason = False, "the rows are not fetched where they are counted"
    asked = {
        pair[0]
        for one in ast.walk(spans.tree)
        if isinstance(one, ast.Compare) and (pair := compared_with_nothing(one))
    }
    for node in ast.walk(spans.tree):
        if not isinstance(node, ast.Call) or not finding.line <= node.lineno <= finding.end_line:
            continue
        if orm == "sqlalchemy" and node not in asked and count_named(spans, node):
            done = True
            continue
        counted = _counted(node)
        rows = None if counted is None or not orm else _rows(spans, counted, orm)
        if rows is None:
            continue
        text = rows.count()
        if text is None:
            reason = "the query may leave out rows that are repeated, which a COUNT counts"
        elif spans.comments(node):
            reason = "a comment stands inside the query"
        else:
            spans.replace(node, text)
            done = True
    if not done:
        return Declined(NAME, reason)
    return Written(
        codemod=NAME, title="Ask for the number of rows alone", files={finding.file: spans.result()}
    )


def _counted(node: ast.Call) -> ast.expr | None:
    """The rows of `len(rows)` and `sum(1 for _ in rows)`."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[rows], keywords=[]):
            return rows
        case ast.Call(
            func=ast.Name(id="sum"),
            args=[
                ast.GeneratorExp(
                    elt=ast.Constant(value=1), generators=[ast.comprehension(iter=rows, ifs=[], is_async=0)]
                )
            ],
            keywords=[],
        ):
            return rows
        case _:
            return None


def _rows(spans: "Spans", node: ast.expr, orm: str) -> Rows | None:
    function = function_at(spans.tree, node.lineno)
    if isinstance(node, ast.Name):
        value = None if function is None or orm != "django" else only_value(function, node)
        rows = None if value is None else rows_of(spans, value, orm)
        return None if rows is None or rows.is_row else Rows(node.id, "django", steps=rows.steps)
    found = rows_of(spans, node, orm)
    if found is None and orm == "sqlalchemy" and function is not None:
        one = chain(node)
        bound = assignment(function, one.root.id) if isinstance(one.root, ast.Name) else None
        if bound is not None and [s.name for s in one.steps] == ["all"]:
            made = chain(bound.value)
            names = frozenset(step.name for step in made.steps)
            if "query" in names and made.steps[-1].name in {"filter", "filter_by", "query", "order_by"}:
                assert isinstance(one.root, ast.Name)
                found = Rows(one.root.id, "query", steps=names)
    return None if found is None or found.is_row else found
