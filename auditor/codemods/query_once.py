"""Runs a query once whose result is at hand already, or is never read

## What it does
An execution whose result another one replaces before anybody has read it is left out. Where one function asks the same
question twice, in the same words, the second answer is the first one's.

## What it never does
It acts on equal source text only, in one function, where every way to the second question passes the first; and not
where either answer is changed afterwards, since both would then be the same object.

## What it leaves to a person
Nothing: the trace has found no write, and no change of an argument, in between.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.mutating import changed
from auditor.codemods.orms import orm_at
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import block_of, function_at, statement_at
from auditor.codemods.single_names import bindings

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "query_once"
RULES: Final = ("duplicate-query",)


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The statement without its second execution, or without the one that nobody reads."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    if spans is None or function is None:
        return Declined(NAME, f"no function of {finding.file} is at line {finding.line}")
    if "in another order" in finding.title:
        return Declined(NAME, "sorting in Python compares text otherwise than the database")
    statement = statement_at(function, finding.line, finding.end_line)
    if not isinstance(statement, ast.Assign) or spans.comments(statement):
        return Declined(NAME, "the second question is not a plain assignment")
    if finding.title.startswith("nobody reads"):
        return _unread(spans, function, statement, finding)
    return _repeated(spans, function, statement, finding, source)


def _unread(
    spans: "Spans", function: "Function", statement: ast.Assign, finding: "Finding"
) -> Written | Declined:
    alone = [
        one for one in ast.walk(function) if isinstance(one, ast.stmt) and one.lineno == statement.lineno
    ]
    block = block_of(function, statement)
    if len(alone) != 1 or len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
        return Declined(NAME, "the execution shares its line with others")
    if len(block) < 2:  # a block needs another statement
        return Declined(NAME, "nothing else stands in its block")
    if sum(isinstance(one, ast.Call) for one in ast.walk(statement.value)) != 1:
        return Declined(NAME, "the statement does more than execute the query")
    spans.remove_lines(statement)
    return Written(
        codemod=NAME,
        title="Leave out an execution that nobody reads",
        files={finding.file: spans.result()},
        promises=("sql",),
    )


def _repeated(
    spans: "Spans", function: "Function", second: ast.Assign, finding: "Finding", source: "Source"
) -> Written | Declined:
    lines = [p.line for p in finding.related if p.role == "first" and p.file == finding.file]
    first = statement_at(function, lines[0]) if lines else None
    if not isinstance(first, ast.Assign) or first is second:
        return Declined(NAME, "the first question is asked in another function, or is no plain assignment")
    if ast.unparse(first.value) != ast.unparse(second.value):
        return Declined(NAME, "the two questions are written differently")
    names = [one.targets[0] for one in (first, second) if len(one.targets) == 1]
    if len(names) != 2 or not all(isinstance(name, ast.Name) for name in names):  # both of them
        return Declined(NAME, "the answers have no plain names")
    kept, again = (name.id for name in names if isinstance(name, ast.Name))
    if len(bindings(function, kept)) != 1 or len(bindings(function, again)) != (1 if kept != again else 2):
        return Declined(NAME, f"`{kept}` is bound elsewhere too")
    if how := changed(function, kept) or changed(function, again):
        return Declined(NAME, f"an answer is changed afterwards (`{how}`)")
    if orm_at(finding, source) != "sqlalchemy" and _sets_attributes(function):
        return Declined(NAME, "the function sets attributes, which a second fetch would not have")
    block = block_of(function, first)
    if not any(second in ast.walk(one) for one in block[block.index(first) :]):
        return Declined(NAME, "the second question may be asked where the first is not")
    spans.replace(second.value, kept)
    return Written(
        codemod=NAME,
        title=f"Use `{kept}` again in place of a second query",
        files={finding.file: spans.result()},
        promises=("sql",),
    )


def _sets_attributes(function: "Function") -> bool:
    """Whether rows may be changed and not saved: another fetch gives other objects, except in a session."""
    return any(isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) for n in ast.walk(function))
