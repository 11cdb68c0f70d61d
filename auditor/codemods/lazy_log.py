"""Serialises the arguments of a log record only where somebody wants the record

## What it does
A DEBUG record in a loop whose arguments are serialised (`json.dumps(…)`, `pformat(…)`) before the logger can decide gets
`if logger.isEnabledFor(logging.DEBUG):` before it: what the logger asks itself first, asked before the work is done.

## What it never does
The record stays as it is, wherever it is written. It acts on loggers of the standard library alone, and on arguments that
only serialise: what may change something is computed as before.

## What it leaves to a person
Nothing: with DEBUG on, the same records are written.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.imports import add_import
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import dotted, function_at, parents, statement_at

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "lazy_log"
RULES: Final = ("log-in-loop",)
AFTER_OTHERS: Final = True
"""One record for all turns is better than one that costs nothing."""
_SERIALISING: Final = frozenset(
    {"json.dumps", "dumps", "pprint.pformat", "pformat", "orjson.dumps", "simplejson.dumps"}
)
_SERIALISING_METHODS: Final = frozenset({"model_dump", "model_dump_json", "isoformat", "hex", "to_json"})
_LOOKING: Final = frozenset(
    {"str", "repr", "len", "list", "dict", "sorted", "tuple", "asdict", "dataclasses.asdict"}
)
_READING: Final = (
    ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Dict, ast.List, ast.Tuple, ast.JoinedStr,
    ast.FormattedValue, ast.keyword, ast.expr_context, ast.Call, ast.ListComp, ast.DictComp, ast.comprehension,
)  # fmt: skip


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """Every such record of the finding, behind the question whether it is wanted."""
    spans = source.spans(finding.file)
    if spans is None or source.scene is None:
        return Declined(NAME, "the records and what is known of them are not at hand")
    places = {(finding.file, finding.line)} | {(p.file, p.line) for p in finding.related if p.role == "call"}
    reason, found = "no DEBUG record of a known shape is written there", list[ast.Expr]()
    for line in sorted(line for path, line in places if path == finding.file):
        function = function_at(spans.tree, line)
        statement = None if function is None else statement_at(function, line)
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=logger, attr="debug")) as call):
                problem = _problem(spans, statement, call, logger, source=source, path=finding.file)
                reason = problem or reason
                if not problem:
                    found.append(statement)
            case _:
                pass
    if not found:
        return Declined(NAME, reason)
    logging = add_import(spans, "logging")
    if logging is None:
        return Declined(NAME, "`logging` is the name of something else there")
    for one in found:
        _put_behind(spans, one, logging)
    return Written(
        codemod=NAME,
        title="Serialise what a record says only where the record is wanted",
        files={finding.file: spans.result()},
    )


def _problem(
    spans: "Spans", statement: ast.Expr, call: ast.Call, logger: ast.expr, *, source: "Source", path: str
) -> str:
    """Why this record stays as it is."""
    if not _is_plain_logger(spans, logger):
        return f"`{ast.unparse(logger)}` may be no logger of the standard library"
    given = [*call.args, *(word.value for word in call.keywords)]
    calls = [node for one in given for node in ast.walk(one) if isinstance(node, ast.Call)]
    if not any(_is_serialising(one) for one in calls):
        return "nothing is serialised for it"
    for one in given:
        for node in ast.walk(one):
            if not isinstance(node, _READING):
                return f"`{ast.unparse(one)}` does more than read"
    for one in calls:
        if (
            not (_is_serialising(one) or dotted(one.func) in _LOOKING)
            or callee(one, source, path) is not None
        ):
            return f"`{ast.unparse(one.func)}` may do more than serialise"
    above = parents(spans.tree).get(statement)
    if isinstance(above, ast.If) and "isEnabledFor" in ast.unparse(above.test):
        return "whether the record is wanted is asked already"
    whole = spans.text[spans.line_start(statement) : spans.line_end(statement)].strip()
    rest = whole.removeprefix(spans.source(statement)).strip()
    if whole == rest or (rest and not rest.startswith("#")) or _has_long_text(call):
        return "the statement shares its lines with something else"
    return ""


def _is_plain_logger(spans: "Spans", node: ast.expr) -> bool:
    """Whether it is a name that the module binds to `logging.getLogger(…)`, or an application's own logger."""
    if dotted(node) == "current_app.logger":
        return True
    if not isinstance(node, ast.Name):
        return False
    bound = [
        one.value
        for one in ast.walk(spans.tree)
        if isinstance(one, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == node.id for t in one.targets)
    ]
    makers = {dotted(one.func) for one in bound if isinstance(one, ast.Call)}
    others = [
        one
        for one in ast.walk(spans.tree)
        if (isinstance(one, ast.arg) and one.arg == node.id)
        or (isinstance(one, ast.alias) and (one.asname or one.name) == node.id)
    ]
    known = {"logging.getLogger", "getLogger", "get_task_logger", "celery.utils.log.get_task_logger"}
    return len(bound) == 1 and bool(makers) and makers <= known and not others


def _is_serialising(call: ast.Call) -> bool:
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr in _SERIALISING_METHODS
    return is_method or dotted(call.func) in _SERIALISING


def _has_long_text(call: ast.Call) -> bool:
    """Whether a text of several lines stands in it, which may not be indented."""
    return any(
        isinstance(node, (ast.Constant, ast.JoinedStr)) and node.lineno != node.end_lineno
        for node in ast.walk(call)
    )


def _put_behind(spans: "Spans", statement: ast.Expr, logging: str) -> None:
    call = statement.value
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Attribute)
    start, end = spans.line_start(statement), spans.line_end(statement)
    asked = f"{spans.indent(statement)}if {spans.source(call.func.value)}.isEnabledFor({logging}.DEBUG):\n"
    lines = spans.text[start:end].splitlines(keepends=True)
    spans.replace_span(start, end, asked + "".join(f"    {one}" if one.strip() else one for one in lines))
