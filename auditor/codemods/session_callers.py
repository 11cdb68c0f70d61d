"""Has a caller hand the session that it has open to a helper."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import block_of, function_at, parents
from auditor.codemods.session_scopes import scopes
from auditor.codemods.session_sharing import caught, later, managed, open_at, writes
from auditor.codemods.spans import first_line

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.reusable import Reuse
    from auditor.codemods.session_makers import Maker
    from auditor.codemods.session_scopes import Scope
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Site
    from auditor.model.effect import EffectKind

_WAITED_FOR: Final[frozenset["EffectKind"]] = frozenset(
    {"http", "llm", "mail", "task", "sleep", "lock", "subprocess", "file"}
)
_MOVED: Final = 4
"""Statements that are taken into a caller's `with`, at most."""


def hand_over(
    site: "Site",
    parameter: str,
    maker: "Maker",
    *,
    name: str,
    gives: "Reuse",
    edited: "dict[str, Spans]",
    source: "Source",
) -> str:
    """Adds `parameter=session` to the call of `name` at a site; the reason where it can't."""
    assert source.scene is not None
    path = site.module.path
    spans = edited.get(path) or source.spans(path)
    caller = None if spans is None else function_at(spans.tree, site.line)
    if spans is None or caller is None or site.function is None or site.function.name != caller.name:
        return "its caller can't be read"
    calls = [
        node
        for node in ast.walk(caller)
        if isinstance(node, ast.Call)
        and node.lineno <= site.line <= (node.end_lineno or 0)
        and _is(node, name)
    ]
    if len(calls) != 1:
        return "which of its calls is meant is not plain to see"
    call = calls[0]
    found = scopes(caller, site.module, source)
    if not maker.quiet:
        return "what opens the session does more than undo when something goes wrong"
    inside = open_at(call, found, maker.key)
    scope = inside or _following(call, caller, found, maker.key)
    if scope is None:
        return "its callers have no session of the same factory open"
    if not scope.maker.quiet:
        return "what opens its caller's session does more than undo when something goes wrong"
    reason = _odd(call, caller, scope, site.function, source) or _lost(scope, maker, gives)
    if not reason and inside is None:
        reason = _odd_move(call, caller, scope) or _waits(_moved(call, caller, scope), site.function, source)
    if reason:
        return reason
    at, text = _argument(call, f"{parameter}={scope.name}", spans)
    if inside is None:
        _move(call, caller, scope, at, text, spans=spans)
    else:
        spans.insert(at, text)
    edited[path] = spans
    return ""


def _is(call: ast.Call, name: str) -> bool:
    return (isinstance(call.func, ast.Name) and call.func.id == name) or (
        isinstance(call.func, ast.Attribute) and call.func.attr == name
    )


def _odd(call: ast.Call, caller: "Function", scope: "Scope", known: "Known", source: "Source") -> str:
    """What about the caller keeps its session from being shared."""
    assert source.scene is not None
    if any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(one, (ast.Starred, ast.GeneratorExp)) for one in call.args
    ):
        return "the call leaves no room for an argument"
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(caller)):
        return "its caller is a generator"
    if later(call, caller, scope.statement):
        return "it is called later, or beside other calls"
    callee_waits = isinstance(parents(caller).get(call), ast.Await)
    if isinstance(scope.statement, ast.AsyncWith) and not callee_waits and _is_coroutine(call, caller):
        return "it is not awaited where it is called"
    if caught(call, caller, scope.statement):
        return "an exception of it may be caught while its caller's session goes on"
    closing = frozenset(
        id(one) for part in ([] if scope.end is None else scope.end.finalbody) for one in ast.walk(part)
    )
    if how := managed(caller, scope.name, besides=closing):
        return f"its caller does more with its session than ask (`{how}`)"
    if writing := writes(known, source.scene):
        return f"its caller writes (`{writing}`), and the helper would see it, or be undone with it"
    return ""


def _is_coroutine(call: ast.Call, caller: "Function") -> bool:
    """Whether something made of the call is awaited later."""
    above = parents(caller)
    return not isinstance(
        above.get(call), (ast.Expr, ast.Assign, ast.Return, ast.If, ast.Compare, ast.BoolOp)
    )


def _lost(scope: "Scope", maker: "Maker", gives: "Reuse") -> str:
    """Whether rows that the helper gives would be lost with the caller's commit."""
    if gives == "value" or maker.keeps_rows or not (maker.commits or scope.maker.commits):
        return ""
    return "rows that it gives would expire when its caller commits"


def _following(call: ast.Call, caller: "Function", found: "list[Scope]", key: str) -> "Scope | None":
    """The `with` that comes right after the statement of a call, in the same block."""
    for scope in found:
        statement = scope.statement
        if scope.maker.key != key or not isinstance(statement, (ast.With, ast.AsyncWith)):
            continue
        block = block_of(caller, statement)
        moved = block[: block.index(statement)]
        if len(statement.items) == 1 and any(call is one for part in moved for one in ast.walk(part)):
            return scope
    return None


def _moved(call: ast.Call, caller: "Function", scope: "Scope") -> list[ast.stmt]:
    """The statement of the call and those up to the `with`."""
    assert scope.statement is not None
    block = block_of(caller, scope.statement)
    end = block.index(scope.statement)
    begin = next(n for n, part in enumerate(block) if any(call is one for one in ast.walk(part)))
    return block[begin:end]


def _odd_move(call: ast.Call, caller: "Function", scope: "Scope") -> str:
    """What keeps the statements before a `with` from being taken into it."""
    moved, opened = _moved(call, caller, scope), scope.statement
    assert isinstance(opened, (ast.With, ast.AsyncWith))
    if len(moved) > _MOVED or any(not isinstance(one, (ast.Expr, ast.Assign, ast.If)) for one in moved):
        return "too much stands between the call and its caller's session"
    nodes = [node for one in moved for node in ast.walk(one)]
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    read = {node.id for node in ast.walk(opened.items[0].context_expr) if isinstance(node, ast.Name)}
    if scope.name in named or bound & read:
        return f"`{scope.name}` is used before its caller opens its session"
    if any(
        isinstance(node, (ast.Constant, ast.JoinedStr)) and node.lineno != node.end_lineno for node in nodes
    ):
        return "a text of several lines stands between the call and its caller's session"
    if first_line(opened.body[0]) != _header_end(opened) + 1:
        return "its caller's session is opened on a line with something else"
    if any(isinstance(node, (ast.Await, ast.AsyncFor)) for node in nodes) and not isinstance(
        opened, ast.AsyncWith
    ):
        return "something is awaited between the call and its caller's session"
    return ""


def _waits(moved: list[ast.stmt], known: "Known", source: "Source") -> str:
    """What else than the database the statements wait for, which would wait with the connection held."""
    assert source.scene is not None
    lines = range(moved[0].lineno, (moved[-1].end_lineno or moved[-1].lineno) + 1)
    summary = source.scene.trace.machine.summaries.get(id(known))
    for effect in () if summary is None else summary.effects:
        own = next((line for function, line in effect.frames if function is known), effect.site.line)
        if own in lines and effect.kind in _WAITED_FOR:
            return f"`{effect.label}` would wait with the connection held"
    for call in () if summary is None else summary.calls:
        if call.site.function is known and call.site.line in lines:
            for kind in sorted(_WAITED_FOR & source.scene.costs.function(call.callee).keys()):
                return f"`{call.callee.name}` would wait ({kind}) with the connection held"
    return ""


def _header_end(opened: ast.With | ast.AsyncWith) -> int:
    """The last line of `with …:`."""
    return max(item.optional_vars.end_lineno or 0 for item in opened.items if item.optional_vars is not None)


def _argument(call: ast.Call, argument: str, spans: "Spans") -> tuple[int, str]:
    """Where the argument goes, and its text."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not given:
        return spans.span(call)[1] - 1, argument
    last = max(given, key=lambda one: spans.span(one)[1])
    end = spans.span(last)[1]
    depth = 0
    for at in range(end, spans.span(call)[1] - 1):  # behind a bracket around the last argument
        if spans.text[at] == ")":
            depth = at + 1
    return max(end, depth), f", {argument}"


def _move(call: ast.Call, caller: "Function", scope: "Scope", at: int, text: str, *, spans: "Spans") -> None:
    """Puts the `with` before the statement of the call, and what stood between them into it."""
    opened = scope.statement
    assert isinstance(opened, (ast.With, ast.AsyncWith))
    moved = _moved(call, caller, scope)
    start = spans.line_start(moved[0])
    header = spans.line_start(opened)
    end = spans.line_start(opened.body[0])
    unit = spans.indent(opened.body[0])[len(spans.indent(opened)) :]
    before = spans.text[start:at] + text + spans.text[at:header]
    inner = "".join(f"{unit}{line}" if line.strip() else line for line in before.splitlines(keepends=True))
    spans.replace_span(start, end, spans.text[header:end] + inner)
