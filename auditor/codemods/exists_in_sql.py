"""Asks the database whether there are rows, in place of fetching or counting them

## What it does
A queryset, `len(rows)`, `.count()` or `.first()` of which only is asked whether there is anything becomes `.exists()`;
in SQLAlchemy an EXISTS of the same query. Comparisons with zero keep their sense.

## What it never does
It leaves rows alone that have a name which is read elsewhere, membership tests (they need the keys of both sides), and
values that leave the condition: `x = rows or default`.

## What it leaves to a person
Nothing; the answer is the same boolean.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.fetched import Rows, rows_of
from auditor.codemods.named_rows import exists_named
from auditor.codemods.orms import orm_at
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import function_at, header_end, parents
from auditor.codemods.single_names import assignment, loads, only_value
from auditor.codemods.truths import compared_with_none, compared_with_nothing, tested

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "exists_in_sql"
RULES: Final = ("exists-by-fetch",)


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """`.exists()` for each test at the finding's statements."""
    spans = source.spans(finding.file)
    if spans is None:
        return Declined(NAME, f"{finding.file} can't be read")
    if "to find one among them" in finding.title:
        return Declined(NAME, "a membership test has to be written with the keys of both sides")
    orm = orm_at(finding, source)
    if not orm:
        return Declined(NAME, "which ORM the rows come from is not known")
    done = 0
    places = [(finding.line, finding.end_line)]
    places += [(p.line, p.end_line) for p in finding.related if p.role == "call" and p.file == finding.file]
    reason = "the rows are not fetched where they are tested"
    for start, end in places:
        for node, text in _replaced(spans, start, max(end, header_end(spans.tree, start)), orm):
            if spans.comments(node):
                reason = "a comment stands inside the query"
                continue
            spans.replace(*_plainly(spans, node, text))
            done += 1
    if not done and orm == "sqlalchemy":
        done = _named_tests(spans, finding.line, finding.end_line)
    if not done and orm == "sqlalchemy" and _first_of_list(spans, finding.line, finding.end_line):
        done = 1
    if not done:
        return Declined(NAME, reason)
    try:
        return Written(
            codemod=NAME,
            title="Ask whether there are rows in place of fetching them",
            files={finding.file: spans.result()},
        )
    except ValueError:
        return Declined(NAME, "one test lies inside another")


def _replaced(spans: "Spans", start: int, end: int, orm: str) -> list[tuple[ast.expr, str]]:
    found: dict[ast.expr, str] = {}
    for node in ast.walk(spans.tree):
        if not isinstance(node, ast.Compare) or not start <= node.lineno <= (node.end_lineno or 0) <= end:
            continue
        pair = compared_with_nothing(node)
        if pair is not None:
            rows, sign = _counted(spans, pair[0], orm), pair[1]
        else:
            pair = compared_with_none(node)
            rows, sign = (None, True) if pair is None else (_row(spans, pair[0], orm), pair[1])
        if rows is not None:
            found[node] = ("" if sign else "not ") + rows.exists()
    for leaf in tested(spans.tree, start, end):
        fetched = _counted(spans, leaf, orm) or _fetched(spans, leaf, orm)
        if fetched is not None:
            found[leaf] = fetched.exists()
    return list(found.items())


def _named_tests(spans: "Spans", start: int, end: int) -> int:
    """How many tests of named rows, `len(found) > 0`, were changed."""
    done = 0
    for node in ast.walk(spans.tree):
        if isinstance(node, ast.Compare) and start <= node.lineno <= (node.end_lineno or 0) <= end:
            pair = compared_with_nothing(node)
            done += pair is not None and exists_named(spans, node, pair[0], sign=pair[1])
    return done


def _plainly(spans: "Spans", node: ast.expr, text: str) -> tuple[ast.expr, str]:
    """What is replaced, and with what: no parentheses where others stand, no `not` before an `is not`."""
    if not (text.startswith("(") and text.endswith(" is not None)")):
        return node, text
    around = parents(spans.tree).get(node)
    if isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not):
        node, text = around, text.removesuffix(" is not None)") + " is None)"
    start, end = spans.span(node)
    before, behind = spans.text[:start], spans.text[end:]
    is_bracketed = before.endswith("(") and behind.startswith(")")
    is_whole = before.endswith(("if ", "while ")) and behind.startswith(":")
    return node, text[1:-1] if is_bracketed or is_whole else text


def _counted(spans: "Spans", node: ast.expr, orm: str) -> Rows | None:
    """The rows of `len(rows)` and `rows.count()`."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[inner], keywords=[]):
            return _fetched(spans, inner, orm)
        case ast.Call(func=ast.Attribute(value=inner, attr="count"), args=[], keywords=[]):
            if orm == "django":
                known = _fetched(spans, inner, orm)
                return known or Rows(spans.source(inner), "django") if _is_manager(inner) or known else None
            whole = ast.Call(ast.Attribute(inner, "all"), [], [])
            return rows_of(spans, ast.copy_location(whole, node), orm) if orm == "sqlalchemy" else None
        case _:
            return None


def _first_of_list(spans: "Spans", start: int, end: int) -> bool:
    """`rows = query.all()` whose rows are only tested becomes `rows = query.first() is not None`."""
    leaves = [leaf for leaf in tested(spans.tree, 1, len(spans.lines)) if isinstance(leaf, ast.Name)]
    for leaf in leaves:
        function = function_at(spans.tree, leaf.lineno)
        bound = None if function is None else assignment(function, leaf.id)
        if function is None or bound is None:
            continue
        if not (start <= leaf.lineno <= end or start <= bound.lineno <= end):
            continue
        call = bound.value
        is_list = (
            isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "all"
        )
        if (
            not is_list
            or not isinstance(call, ast.Call)
            or call.args
            or call.keywords
            or spans.comments(call)
        ):
            continue
        if all(any(read is other for other in leaves) for read in loads(function, leaf.id)):
            assert isinstance(call.func, ast.Attribute)
            spans.replace(call, f"{spans.holder(call.func.value)}.first() is not None")
            return True
    return False


def _is_manager(node: ast.expr) -> bool:
    """`order.lines`, `Book.objects`: what the trace has found to be counted there."""
    return isinstance(node, ast.Attribute)


def _fetched(spans: "Spans", node: ast.expr, orm: str) -> Rows | None:
    if isinstance(node, ast.Name):
        function = function_at(spans.tree, node.lineno)
        value = None if function is None or orm != "django" else only_value(function, node)
        rows = None if value is None else rows_of(spans, value, orm)
        return None if rows is None or rows.is_row else Rows(node.id, "django")
    rows = rows_of(spans, node, orm)
    return None if rows is None or rows.is_row else rows


def _row(spans: "Spans", node: ast.expr, orm: str) -> Rows | None:
    rows = None if isinstance(node, ast.Name) else rows_of(spans, node, orm)
    return rows if rows is not None and rows.is_row else None
