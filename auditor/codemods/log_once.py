"""One summary record behind a loop, in place of a record on every turn

## What it does
INFO and DEBUG records that every turn writes, itself or in a function that only this loop calls, are written once behind
the loop with the same template: what varied is a list of all turns' values, where the loop's items tell them.

## What it never does
It leaves warnings and errors alone, records behind a condition, loops that are left early, templates that format
numbers, and functions that are called from elsewhere too.

## What it leaves to a person
Whether anything reads the single records. Values that only the called function knows are left out, as `"..."`.
"""

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import function_at, statement_at
from auditor.codemods.standing import standing
from auditor.codemods.turning import Turning, name_rows, turning

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "log_once"
RULES: Final = ("log-in-loop",)
_LEVELS: Final = frozenset({"info", "debug"})
_LEAVING: Final = (ast.Break, ast.Return, ast.Continue, ast.Yield, ast.YieldFrom)
_HOLE: Final = re.compile(r"%(?!%)[^a-zA-Z]*([a-zA-Z])")
_LEFT_OUT: Final = '"..."'


@dataclass(frozen=True, slots=True)
class Record:
    """One `logger.info("template", …)` statement."""

    statement: ast.Expr
    call: ast.Call
    template: str


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The records of the finding's loop, moved behind it."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the loop and what is known of it are not at hand")
    spans, function = at.spans, at.function
    statement = statement_at(function, finding.line, finding.end_line)
    turn = "no statement is there" if statement is None else turning(function, statement, unnamed=True)
    if isinstance(turn, str):
        return Declined(NAME, turn)
    loop = turn.statement
    if loop.orelse or any(isinstance(node, _LEAVING) for node in ast.walk(loop)):
        return Declined(NAME, "the loop may be left early, or skip what comes behind")
    places = {(finding.file, finding.line)} | {(p.file, p.line) for p in finding.related if p.role == "call"}
    if any(path != finding.file for path, _ in places):
        return Declined(NAME, "the records are written in another module")
    written: list[str] = []
    found: list[Record] = []
    reason = ""
    for line in sorted(line for _, line in places):
        home = function_at(spans.tree, line)
        record = None if home is None else _record(home, line)
        if home is None or record is None:
            continue
        values = _direct(record, turn) if home is function else _nested(record, home, turn, source, finding)
        if isinstance(values, str):
            reason = reason or values
        elif spans.comments(record.call):
            reason = reason or "a comment stands inside a record"
        else:
            found.append(record)
            written.append(f"{', '.join([spans.source(record.call.args[0]), *values])}")
    if not found:
        return Declined(NAME, reason or "no record of a known shape is written on every turn")
    _move(spans, turn, found, written)
    return Written(
        codemod=NAME,
        title="Write one record for all turns of a loop",
        files={finding.file: spans.result()},
        promises=("log",),
        fewer_records=tuple(dict.fromkeys(record.template for record in found)),
        verify=("Whether anything reads the single records",),
    )


def _record(home: "Function", line: int) -> Record | None:
    statement = statement_at(home, line)
    match statement:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(), attr=level),
                args=[ast.Constant(value=str() as template), *_],
                keywords=[],
            ) as call
        ) if level in _LEVELS:
            return Record(statement, call, template)
        case _:
            return None


def _odd(record: Record) -> str:
    holes = _HOLE.findall(record.template)
    if any(kind not in "sr" for kind in holes) or len(holes) != len(record.call.args) - 1:
        return "the template formats more than text"
    return ""


def _direct(record: Record, turn: Turning) -> list[str] | str:
    """The values of all turns, of a record in the loop itself."""
    if record.statement not in turn.statement.body or len(turn.statement.body) < 2:  # one is left
        return "the record stands behind a condition, or is all that the loop does"
    if reason := _odd(record):
        return reason
    stored = {
        n.id for n in ast.walk(turn.statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    return [_value(one, turn, stored) for one in record.call.args[1:]]


def _value(node: ast.expr, turn: Turning, stored: set[str]) -> str:
    """What stands for one value of each turn."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    if not _is_plain(node) or names & (stored - {turn.variable}):
        return _LEFT_OUT
    text = ast.unparse(node)
    return f"[{text} for {turn.variable} in {turn.rows}]" if turn.variable in names else text


def _is_plain(node: ast.expr) -> bool:
    """Names, attributes and constants: nothing that costs."""
    return isinstance(node, (ast.Name, ast.Constant)) or (
        isinstance(node, ast.Attribute) and _is_plain(node.value)
    )


def _nested(
    record: Record, home: "Function", turn: Turning, source: "Source", finding: "Finding"
) -> list[str] | str:
    """The values of all turns, of a record in a function that the loop alone calls."""
    if record.statement not in home.body:
        return "the record stands behind a condition"
    if reason := _odd(record):
        return reason
    calls = [
        n
        for n in ast.walk(turn.statement)
        if isinstance(n, ast.Call) and _is_call_of(n, home, source, finding)
    ]
    unpacked = any(isinstance(a, ast.Starred) for call in calls for a in call.args)
    if len(calls) != 1 or unpacked or any(word.arg is None for word in calls[0].keywords):
        return f"`{home.name}` is called in more than one way"
    if not _is_called_once(home, source, finding):
        return f"`{home.name}` is called from elsewhere too"
    given = dict(zip((a.arg for a in home.args.args), calls[0].args, strict=False))
    given |= {word.arg: word.value for word in calls[0].keywords if word.arg is not None}
    rebound = {n.id for n in ast.walk(home) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    stored = {
        n.id for n in ast.walk(turn.statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    values: list[str] = []
    for one in record.call.args[1:]:
        root = one
        while isinstance(root, ast.Attribute):
            root = root.value
        argument = given.get(root.id) if isinstance(root, ast.Name) and root.id not in rebound else None
        if isinstance(one, ast.Constant):
            values.append(ast.unparse(one))
        elif argument is None or not isinstance(argument, ast.Name) or not isinstance(root, ast.Name):
            values.append(_LEFT_OUT)
        else:
            text = argument.id + ast.unparse(one)[len(root.id) :]
            values.append(_value(ast.parse(text, mode="eval").body, turn, stored))
    return values


def _is_call_of(call: ast.Call, home: "Function", source: "Source", finding: "Finding") -> bool:
    known = callee(call, source, finding.file)
    return known is not None and known.module.path == finding.file and known.name == home.name


def _is_called_once(home: "Function", source: "Source", finding: "Finding") -> bool:
    """Whether one place of the project leads to the function, and nothing hands it on."""
    assert source.scene is not None
    sites = {
        (c.site.module.path, c.site.line)
        for scope in source.scene.scopes
        for c in scope.calls
        if c.callee.module.path == finding.file
        and c.callee.name == home.name
        and c.callee.line == home.lineno
    }
    spans = source.spans(finding.file)
    named = (
        0
        if spans is None
        else sum(isinstance(n, ast.Name) and n.id == home.name for n in ast.walk(spans.tree))
    )
    return len(sites) == 1 and named == 1


def _move(spans: "Spans", turn: Turning, found: list[Record], written: list[str]) -> None:
    for record in found:
        spans.remove_lines(record.statement)
    if naming := name_rows(turn, spans):
        spans.insert_lines_before(turn.statement, naming)
    indent = spans.indent(turn.statement)
    lines = [
        f"{indent}    {spans.source(record.call.func)}({text})"
        for record, text in zip(found, written, strict=True)
    ]
    at = spans.line_end(turn.statement)
    text = "".join(f"{line}\n" for line in [f"{indent}if {turn.rows}:", *lines])
    spans.insert(at, text if spans.text[:at].endswith("\n") else f"\n{text}")
