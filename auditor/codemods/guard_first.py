"""Moves queries below the condition that may return without them

## What it does
Statements that fetch what nothing needs up to a `return` behind a condition, and those that are made of what they fetch,
are put right behind the condition, in their order and with their comments. The condition stays where it is, and whatever
it needs stays before it.

## What it never does
It moves nothing that writes, calls outside, logs, or may refuse the request: which of two errors comes first is part of the
answer. It moves nothing over a statement that changes what it reads, and nothing that picks one of the fetched rows by
position, which fails where there is none.

## What it leaves to a person
Whether the condition ever holds: where it never does, nothing is gained.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.mutating import mutators
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import block_of
from auditor.codemods.session_sharing import sets_attributes
from auditor.codemods.spans import first_line
from auditor.codemods.standing import standing
from auditor.rules.work_before_guard import blocks, wasted

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding
    from auditor.rules.work_before_guard import Wasted

NAME: Final = "guard_first"
RULES: Final = ("work-before-guard",)


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The finding's queries, behind its condition."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the function and what is known of it are not at hand")
    spans, function, known = at.spans, at.function, at.known
    guards = {place.line for place in finding.related if place.role == "guard"}
    found = [
        one
        for block in blocks(known.body)
        for one in wasted(at.scene, known, block)
        if one.guard[1] in guards
    ]
    if not found:
        return Declined(NAME, "the condition is not where it was found")
    moving = _moving(max(found, key=lambda one: len(one.effects)), function, known, source)
    if isinstance(moving, str):
        return Declined(NAME, moving)
    statements, guard = moving
    reason = _hindrance(statements, guard, function, known, source) or _layout(spans, statements, guard)
    if reason:
        return Declined(NAME, reason)
    _move(spans, statements, guard)
    return Written(
        codemod=NAME,
        title=f"Ask the condition at line {guard.lineno} before the queries that it may throw away",
        files={finding.file: spans.result()},
        promises=("sql",),
        verify=("How often the condition holds",),
    )


def _moving(
    found: "Wasted", function: "Function", known: "Known", source: "Source"
) -> tuple[list[ast.stmt], ast.stmt] | str:
    """The statements that query, or are made of what those fetch, and the statement of the block with the condition."""
    assert source.scene is not None
    lines = {s[1] for s in found.statements}
    idle = [one for one in ast.walk(function) if isinstance(one, ast.stmt) and one.lineno in lines]
    block = block_of(function, idle[0]) if idle else None
    if block is None or any(one not in block for one in idle):
        return "the statements share their lines with others"
    guard = next(
        (one for one in block if one.lineno <= found.guard[1] <= (one.end_lineno or one.lineno)), None
    )
    if guard is None:
        return "the condition stands in another block"
    moved: list[ast.stmt] = []
    bound: set[str] = set()
    for one in (one for one in block if one in idle):
        last = one.end_lineno or one.lineno
        if source.scene.doings.at(known, one.lineno, last, "sql") or _read(one) & bound:
            moved.append(one)
            bound |= _bound(one)
    return (moved, guard) if moved else "nothing is queried before the condition"


def _hindrance(
    moved: list[ast.stmt], guard: ast.stmt, function: "Function", known: "Known", source: "Source"
) -> str:
    """What speaks against moving; "" for nothing."""
    assert source.scene is not None
    doings = source.scene.doings
    bound = {name for one in moved for name in _bound(one)}
    for one in moved:
        if doings.at(known, one.lineno, one.end_lineno or one.lineno, "log"):
            return "a record is logged on the way, which would come later or not at all"
        if any(_picks(node, bound) for node in ast.walk(one)):
            return "one of the fetched rows is picked by position, which fails where there is none"
    block = block_of(function, guard)
    assert block is not None
    over = [one for one in block[block.index(moved[0]) : block.index(guard) + 1] if one not in moved]
    read = {name for one in moved for name in _read(one)}
    for one in over:
        above = [early for early in moved if early.lineno < one.lineno]
        if again := _bound(one) & {name for early in above for name in _read(early) | _bound(early)}:
            return f"`{min(again)}` is bound again before the condition has been asked"
        last = one.end_lineno or one.lineno
        effects = doings.at(known, one.lineno, last, "sql", "transaction", "session", "cache")
        if any(
            effect.operation == "write" or effect.kind in {"transaction", "session"} for effect in effects
        ):
            return "something is written between the queries and the condition"
        if how := mutators(one, read):
            return f"what the queries read is changed before the condition (`{how}`)"
        for call in (node for node in ast.walk(one) if isinstance(node, ast.Call)):
            called = callee(call, source, known.module.path)
            if called is not None and (how := sets_attributes(called, source.scene)):
                return f"`{called.name}` sets an attribute (`{how}`), which the queries may read"
    return ""


def _picks(node: ast.AST, bound: set[str]) -> bool:
    """`rows[0]` of something that is moved as well."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and not isinstance(node.slice, ast.Slice)
        and any(isinstance(one, ast.Name) and one.id in bound for one in ast.walk(node.value))
    )


def _layout(spans: "Spans", moved: list[ast.stmt], guard: ast.stmt) -> str:
    """Why lines can't be moved as they are; "" if they can."""
    for one in (*moved, guard):
        start, end = spans.span(one)
        before = spans.text[spans.line_start(one) : start]
        behind = spans.text[end : spans.line_end(one)].strip()
        if before.strip() or (behind and not behind.startswith("#")):
            return "the statements share their lines with others"
    return ""


def _move(spans: "Spans", moved: list[ast.stmt], guard: ast.stmt) -> None:
    """Cuts whole lines, with the comments right above them, and puts them behind the condition."""
    text = ""
    for first, last in _runs(spans, moved):
        is_apart = _is_blank(spans, first - 1)
        text += "\n" * (is_apart and bool(text)) + "".join(
            f"{one}\n" for one in spans.lines[first - 1 : last]
        )
        end = last
        while (is_apart or spans.lines[first - 2].rstrip().endswith(":")) and _is_blank(spans, end + 1):
            end += 1  # of two gaps one is left, and none where a block begins
        spans.replace_lines(first, end, "")
    at = spans.line_end(guard)
    gap = "" if spans.text[:at].endswith("\n") else "\n"
    spans.insert(at, f"{gap}\n{text}")


def _runs(spans: "Spans", moved: list[ast.stmt]) -> list[tuple[int, int]]:
    """First and last lines of statements between which only blank lines stand."""
    runs: list[tuple[int, int]] = []
    for one in moved:
        first, last = _with_comments(spans, one), one.end_lineno or one.lineno
        if runs and all(_is_blank(spans, line) for line in range(runs[-1][1] + 1, first)):
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _with_comments(spans: "Spans", statement: ast.stmt) -> int:
    """The first of the comment lines right above a statement, or its own first line."""
    line = first_line(statement)
    indent = spans.indent(statement)
    while line > 1 and spans.lines[line - 2].startswith(f"{indent}#"):
        line -= 1
    return line


def _is_blank(spans: "Spans", line: int) -> bool:
    return 0 < line <= len(spans.lines) and not spans.lines[line - 1].strip()


def _read(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _bound(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
