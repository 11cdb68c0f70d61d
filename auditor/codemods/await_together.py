"""Awaits outside calls side by side that stand one behind the other and need nothing of each other

## What it does
Neighbouring statements `name = await call(…)` that read from outside become one `asyncio.gather`. Its answers are looked
at in the old order: the error that is raised is the one that was raised before, and nothing is left running behind it.

## What it never does
It leaves alone whatever uses a database session, a transaction, a lock or a cache, writes, changes what it was given, or
leads to code that can't be read; statements inside a `try`; and programs of another event loop.

## What it leaves to a person
Whether the other side minds several calls at once. Where the first call fails, the others are made all the same.
"""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.imports import add_import
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import dotted, free_name, function_at, names_bound, parents, statement_at
from auditor.codemods.side_by_side import disturbance
from auditor.rules.sequential_await import blocks, runs
from auditor.trace.semantics import imports

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "await_together"
RULES: Final = ("sequential-await",)
_MOST: Final = 5
"""Calls at once; more ask for a limit of their own."""
_OTHER_LOOPS: Final = ("trio", "curio")
_CLIENTS: Final = frozenset({"AsyncClient", "ClientSession", "timeout"})
"""What a `with` around the statements may hold: nothing that swallows an error."""
_PLAIN: Final = (
    ast.Name, ast.Constant, ast.Attribute, ast.JoinedStr, ast.FormattedValue, ast.Dict, ast.List, ast.Tuple,
    ast.Subscript, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.keyword, ast.Starred,
    ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waited:
    """One `name = await call(…)`."""

    statement: ast.Assign
    name: str
    call: ast.Call


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The finding's statements as one."""
    spans, scene = source.spans(finding.file), source.scene
    function = None if spans is None else function_at(spans.tree, finding.end_line)
    if spans is None or function is None or scene is None:
        return Declined(NAME, "the statements and what is known of them are not at hand")
    if any(imports(scene.project, one) for one in _OTHER_LOOPS):
        return Declined(NAME, "another event loop than asyncio's may run it")
    found = [_waited(function, line) for line in lines_of(scene, finding)]
    waits = [one for one in found if one is not None]
    if len(waits) != len(found) or not 1 < len(waits) <= _MOST:
        return Declined(NAME, f"they are not two to {_MOST} plain statements `name = await call(…)`")
    reason = _misplaced(spans, function, waits) or _entangled(waits)
    for one in waits:
        reason = reason or disturbance(one.call, source, finding.file)
    return Declined(NAME, reason) if reason else _together(spans, function, waits, finding)


def lines_of(scene: "Scene", finding: "Finding", /) -> list[int]:
    """The first lines of the statements that the finding is about."""
    for module in scene.project.modules:
        if module.path != finding.file:
            continue
        for function in module.functions:
            for block in blocks(function.body) if function.is_async else ():
                for run in runs(scene, function, block):
                    if run[-1][0][2] == finding.end_line:
                        return [statement[1] for statement, _ in run]
    return []


def _waited(function: "Function", line: int) -> Waited | None:
    match statement_at(function, line):
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Await(value=ast.Call() as call)) as found:
            return Waited(found, name, call)
        case _:
            return None


def _misplaced(spans: "Spans", function: "Function", waits: list[Waited]) -> str:
    """Why where they stand forbids it."""
    above = parents(function)
    block = getattr(above[waits[0].statement], "body", [])
    first = block.index(waits[0].statement) if waits[0].statement in block else -1
    if first < 0 or block[first : first + len(waits)] != [one.statement for one in waits]:
        return "other statements stand between them"
    start, end = spans.line_start(waits[0].statement), spans.line_end(waits[-1].statement)
    if "#" in spans.text[start:end] or ";" in spans.text[start:end]:
        return "a comment stands between them"
    at: ast.AST | None = above.get(waits[0].statement)
    while at is not None and at is not function:
        if isinstance(at, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try, ast.TryStar)):
            return "an error of one of them is caught, and which of them were made may be looked at"
        if isinstance(at, (ast.With, ast.AsyncWith)):
            held = [one.context_expr for one in at.items]
            names = {dotted(one.func).rpartition(".")[2] for one in held if isinstance(one, ast.Call)}
            if len(names) != len(held) or not names <= _CLIENTS:
                return "they stand in a `with` that may do something about an error"
        at = above.get(at)
    return ""


def _entangled(waits: list[Waited]) -> str:
    """Why what they are given or give forbids it."""
    names = [one.name for one in waits]
    if len(set(names)) != len(names):
        return "two of the answers go by one name"
    for one in waits:
        for node in ast.walk(one.call):
            if node is not one.call and not isinstance(node, _PLAIN):
                return "what they are given is computed by other calls"
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.lineno != node.end_lineno
            ):
                return "a text of several lines stands in a call"
    return ""


def _together(
    spans: "Spans", function: "Function", waits: list[Waited], finding: "Finding"
) -> Written | Declined:
    library = add_import(spans, "asyncio")
    if library is None:
        return Declined(NAME, "`asyncio` is the name of something else there")
    indent = spans.indent(waits[0].statement)
    inner = f"{indent}    "
    answer = free_name("answer", names_bound(function) | _read(function))
    names = ", ".join(one.name for one in waits)
    calls = [spans.source(one.call).replace("\n", "\n    ") for one in waits]
    lines = [
        f"{indent}{names} = await {library}.gather(",
        *(f"{inner}{call}," for call in calls),
        f"{inner}return_exceptions=True,",
        f"{indent})",
        f"{indent}for {answer} in ({names}):",
        f"{inner}if isinstance({answer}, BaseException):",
        f"{inner}    raise {answer}",
    ]
    start, end = spans.line_start(waits[0].statement), spans.line_end(waits[-1].statement)
    tail = "\n" if spans.text[start:end].endswith("\n") else ""
    spans.replace_span(start, end, "\n".join(lines) + tail)
    return Written(
        codemod=NAME,
        title=f"Wait for {len(waits)} outside calls at once",
        files={finding.file: spans.result()},
        verify=(
            "The other side admits several calls at once",
            "Where the first call fails the others are made all the same, and the error comes when all have ended",
        ),
    )


def _read(function: "Function") -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(function) if isinstance(node, ast.Name))
