"""Has the database cut the page that Python cuts out of all rows

## What it does
A slice of fetched rows becomes LIMIT and OFFSET of their query; where their number is wanted as well, a COUNT. `rows[0] if
rows else None` becomes `.first()`.

## What it never does
It cuts nothing whose order is not said to the last: two rows with the same key may change places from page to page. It leaves
slices alone that may count from the end, or whose length may be below nothing: a negative number means another thing in
Python, and none or an error in SQL. It leaves rows alone that anything else reads.

## What it leaves to a person
Rows that come between the number and the page, which were one statement before.
"""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.fetches import Fetch, fetch_of, queried
from auditor.codemods.fresh_rows import disturbed
from auditor.codemods.least_values import least
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import parents, statement_at
from auditor.codemods.single_names import assignment, bindings, loads
from auditor.codemods.standing import first_edited, standing
from auditor.codemods.total_order import is_total

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding

NAME: Final = "page_in_sql"
RULES: Final = ("slice-in-python",)
_JOINING: Final = frozenset({"join", "outerjoin", "options"})


@dataclass(frozen=True, slots=True)
class Cut:
    """Where rows are cut, and where they are counted."""

    node: ast.expr
    """The slice, or the whole `rows[0] if rows else None`."""
    rows: ast.expr
    """What is cut, as it stands there."""
    offset: ast.expr | None
    limit: ast.expr | None
    """Neither: the first row or None."""
    counted: tuple[ast.Call, ...] = ()
    """`len(rows)`."""


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The cut at the finding's statement, in the query."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the rows and what is known of them are not at hand")
    cut = first_edited(
        (
            _cut(at.function, node)
            for node in ast.walk(at.function)
            if isinstance(node, ast.Subscript) and finding.line <= node.lineno <= finding.end_line
        ),
        lambda cut: _asked(cut, at.function, at.known, at.spans, source),
        at.spans,
        otherwise="the rows are cut in a way that is not plain to see",
    )
    if isinstance(cut, str):
        return Declined(NAME, cut)
    return Written(
        codemod=NAME,
        title="Cut the page in SQL in place of Python",
        files={finding.file: at.spans.result()},
        constant_rise=("sql",) if cut.counted else (),
    )


def _cut(function: "Function", node: ast.Subscript) -> Cut | str:
    rows = node.value
    others = (
        [one for one in loads(function, rows.id) if one is not rows] if isinstance(rows, ast.Name) else []
    )
    above = parents(function)
    match node.slice:
        case ast.Slice(lower=lower, upper=ast.expr() as upper, step=None):
            counted = [above.get(one) for one in others]
            if not all(_is_length(call, one) for call, one in zip(counted, others, strict=True)):
                return f"`{ast.unparse(rows)}` is used for something else too"
            bounds = _bounds(function, lower, upper)
            if isinstance(bounds, str):
                return bounds
            return Cut(node, rows, *bounds, tuple(one for one in counted if isinstance(one, ast.Call)))
        case ast.Constant(value=0):
            whole = above.get(node)
            match whole:
                case ast.IfExp(test=ast.Name() as test, orelse=ast.Constant(value=None)) if (
                    whole.body is node and others == [test]
                ):
                    return Cut(whole, rows, None, None)
                case _:
                    return "the first row is asked for in a way that fails where there is none"
        case _:
            return "the rows are cut in a way that is not plain to see"


def _is_length(call: ast.AST | None, node: ast.Name) -> bool:
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "len" and call.args == [node]


def _bounds(
    function: "Function", lower: ast.expr | None, upper: ast.expr
) -> tuple[ast.expr | None, ast.expr] | str:
    """Offset and limit; a reason where either may be below 0."""
    if lower is None or (isinstance(lower, ast.Constant) and lower.value == 0):
        offset, limit = None, upper
    elif isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.Add) and _same(upper.left, lower):
        offset, limit = lower, upper.right
    elif isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.Add) and _same(upper.right, lower):
        offset, limit = lower, upper.left
    else:
        match lower, upper:
            case ast.Constant(value=int() as first), ast.Constant(value=int() as last) if 0 <= first <= last:
                return lower, ast.Constant(last - first)
            case _:
                return f"how many rows `{ast.unparse(lower)}:{ast.unparse(upper)}` are is not plain to see"
    for one in (offset, limit):
        low = 0 if one is None else least(function, one)
        if low is None or low < 0:
            return f"`{ast.unparse(one or limit)}` may be negative, which in Python counts from the end"
    return offset, limit


def _same(one: ast.expr, other: ast.expr) -> bool:
    is_plain = not any(isinstance(node, (ast.Call, ast.Await)) for node in ast.walk(one))
    return is_plain and ast.unparse(one) == ast.unparse(other)


def _asked(cut: Cut, function: "Function", known: "Known", spans: "Spans", source: "Source") -> str:
    """Makes the edits; the reason where it can't."""
    assert source.scene is not None
    query = queried(known.module.path, cut.node, source, "slice", "index")
    if isinstance(query, str):
        return query
    if query.relation is not None:
        return "the rows are those of a relation, which may be loaded with its parent"
    rows, bound = cut.rows, None
    if isinstance(rows, ast.Name):
        bound = assignment(function, rows.id)
        if bound is None:
            return f"`{rows.id}` is bound in more than one place, or handed in"
        rows = bound.value
    fetch = fetch_of(function, rows, query.model)
    if isinstance(fetch, str):
        return fetch
    looked = statement_at(function, cut.node.lineno, cut.node.end_lineno)
    assert looked is not None
    reason = (
        (
            ""
            if is_total(fetch, query.model, source.scene)
            else "the order of the rows is not said to the last"
        )
        or _joined(fetch)
        or _late(cut, fetch, function)
        or disturbed(known, query.model, frozenset(), source, between=(fetch.statement, looked))
        or (
            "a comment stands inside the query"
            if spans.comments(fetch.rows) or spans.comments(cut.node)
            else ""
        )
    )
    if reason:
        return reason
    if cut.counted or cut.limit is None:
        return _by_name(cut, fetch, bound, spans)
    return _where_fetched(cut, fetch, bound, spans)


def _joined(fetch: Fetch) -> str:
    odd = [step.name for step in fetch.chain.steps if step.name in _JOINING and fetch.style != "django"]
    return f"the query is used with `{odd[0]}`, and rows that it repeats would count" if odd else ""


def _late(cut: Cut, fetch: Fetch, function: "Function") -> str:
    """What the bounds read that is bound after the query, where they are moved to it."""
    for part in (cut.offset, cut.limit):
        for one in ast.walk(part) if part is not None and not cut.counted else ():
            if isinstance(one, ast.Name):
                bound = bindings(function, one.id)
                if any(getattr(where, "lineno", 0) >= fetch.statement.lineno for where in bound):
                    return f"`{one.id}` is bound after the query is built"
    return ""


def _pages(cut: Cut) -> str:
    """The calls that cut."""
    offset = "" if cut.offset is None else f".offset({ast.unparse(cut.offset)})"
    return f"{offset}.limit({ast.unparse(cut.limit)})" if cut.limit is not None else offset


def _sliced(cut: Cut, spans: "Spans") -> str:
    """The slice of a queryset, as it is written."""
    return spans.text[spans.span(cut.rows)[1] : spans.span(cut.node)[1]]


def _where_fetched(cut: Cut, fetch: Fetch, bound: ast.Assign | None, spans: "Spans") -> str:
    """Into the query; the rows are all of what comes."""
    spans.insert_after(fetch.query, _sliced(cut, spans) if fetch.style == "django" else _pages(cut))
    end = spans.span(cut.rows)[1]
    is_list = bound is not None or isinstance(fetch.rows, ast.Call)
    spans.replace_span(end, spans.span(cut.node)[1], "")
    return "" if is_list else "the rows are no list"


def _by_name(cut: Cut, fetch: Fetch, bound: ast.Assign | None, spans: "Spans") -> str:
    """The name stands for the query, which is asked for the number and for the page."""
    if (
        fetch.style == "select"
        or bound is None
        or bound is not fetch.statement
        or not isinstance(cut.rows, ast.Name)
    ):
        return "the query has no name of its own by which it could be asked twice"
    spans.replace_span(spans.span(fetch.rows)[0], spans.span(fetch.query)[0], "")
    spans.replace_span(spans.span(fetch.query)[1], spans.span(fetch.rows)[1], "")
    for call in cut.counted:
        spans.replace(call, f"{cut.rows.id}.count()")
    if cut.limit is None:
        spans.replace(cut.node, f"{cut.rows.id}.first()")
    elif fetch.style == "django":
        spans.replace(cut.node, f"list({cut.rows.id}{_sliced(cut, spans)})")
    else:
        spans.replace(cut.node, f"{cut.rows.id}{_pages(cut)}.all()")
    return ""
