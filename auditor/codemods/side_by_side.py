"""Whether a call may run beside others: all it does is read from outside and compute."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.places import dotted, function_at

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.model.effect import EffectKind

_DEEP: Final = 3
_OUTSIDE: Final = frozenset({"http", "llm"})
_OTHERS: Final[tuple["EffectKind", ...]] = (
    "sql", "session", "transaction", "cache", "mail", "task", "file", "sleep", "lock", "subprocess",
)  # fmt: skip
_QUIET_METHODS: Final = frozenset(
    "json text read raise_for_status get items keys values strip lstrip rstrip split lower upper title format join "
    "encode decode startswith endswith replace isoformat model_validate model_validate_json model_dump parse_obj "
    "parse_raw dict copy debug info warning error exception log append extend add update setdefault pop sort".split()
)
_CHANGING: Final = frozenset("append extend add update setdefault pop sort".split())
_QUIET_NAMES: Final = frozenset(
    "str int float bool dict list tuple set frozenset len sorted min max sum any all enumerate zip range isinstance "
    "repr round abs reversed".split()
)
_ANSWERS: Final = frozenset({"json", "text", "read"})
"""What is awaited of an answer that is there."""
_TOO_MUCH: Final = (
    ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.AsyncFor, ast.Lambda,
)  # fmt: skip
_MADE: Final = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp, ast.Call, ast.Await)
_MAKING: Final = frozenset({"AsyncClient", "ClientSession", "ClientTimeout", "Timeout"})


def disturbance(call: ast.Call, source: "Source", path: str, /, *, depth: int = 0) -> str:
    """What forbids that an awaited call runs beside others of its kind; "" for nothing."""
    if _reads_itself(call, source, path):
        return ""
    known = callee(call, source, path)
    spans = None if known is None else source.spans(known.module.path)
    body = None if known is None or spans is None else function_at(spans.tree, known.line)
    text = ast.unparse(call.func)
    if known is None or body is None or body.name != known.name or depth >= _DEEP:
        return f"what `{text}` does can't be read"
    if body.decorator_list:
        return f"`{text}` is decorated"
    return _of_body(body, source, known.module.path, depth)


def _reads_itself(call: ast.Call, source: "Source", path: str) -> bool:
    """Whether a library's own call reads from outside there, for sure."""
    assert source.scene is not None
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    found = [
        effect
        for _, effect in source.scene.effects()
        if effect.site.module.path == path
        and call.lineno <= effect.site.line <= (call.end_lineno or call.lineno)
        and effect.target.rpartition(".")[2] == name
    ]
    return bool(found) and all(
        one.kind in _OUTSIDE and not one.guessed and (one.operation != "write" or one.kind == "llm")
        for one in found
    )


def _of_body(function: "Function", source: "Source", path: str, depth: int) -> str:
    scene = source.scene
    assert scene is not None
    last = function.end_lineno or function.lineno
    for _, effect in scene.effects():
        if (
            effect.site.module.path == path
            and function.lineno <= effect.site.line <= last
            and (effect.kind in _OTHERS or (effect.kind == "http" and effect.operation == "write"))
        ):
            return f"`{function.name}` does more than read from outside (`{effect.label}`)"
    own = _made_here(function)
    for node in ast.walk(function):
        if node is not function and isinstance(node, _TOO_MUCH):
            return f"`{function.name}` does more than read from outside"
        is_set = isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load)
        if is_set and (isinstance(node, ast.Attribute) or _root(node) not in own):
            return f"`{function.name}` sets `{ast.unparse(node)}`"
        if isinstance(node, (ast.With, ast.AsyncWith)):
            held = next((one for one in node.items if not isinstance(one.context_expr, ast.Call)), None)
            if held is not None:
                return f"`{function.name}` holds `{ast.unparse(held.context_expr)}` meanwhile"
    return _of_calls(function, own, source, path=path, depth=depth)


def _of_calls(function: "Function", own: set[str], source: "Source", *, path: str, depth: int) -> str:
    """Why a call inside forbids it."""
    waited = {id(node.value) for node in ast.walk(function) if isinstance(node, ast.Await)} | {
        id(item.context_expr)
        for node in ast.walk(function)
        if isinstance(node, (ast.With, ast.AsyncWith))
        for item in node.items
    }
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        name = dotted(call.func).rpartition(".")[2] or (
            call.func.attr if isinstance(call.func, ast.Attribute) else ""
        )
        is_method = isinstance(call.func, ast.Attribute)
        quiet = _ANSWERS if id(call) in waited else _QUIET_METHODS if is_method else _QUIET_NAMES
        is_quiet = name in quiet and not _is_known(call, source, path)
        if is_quiet and is_method and name in _CHANGING and _root(call.func) not in own:
            return f"`{function.name}` changes `{ast.unparse(call.func)}`"
        if is_quiet or name in _MAKING or (not is_method and name.endswith(("Error", "Exception"))):
            continue
        if reason := disturbance(call, source, path, depth=depth + 1):
            return reason
    return ""


def _made_here(function: "Function") -> set[str]:
    """Names of what a function made itself, which nobody else has."""
    stored = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    others = {
        target.id
        for node in ast.walk(function)
        if isinstance(
            node, (ast.Assign, ast.AnnAssign, ast.For, ast.comprehension, ast.NamedExpr, ast.AugAssign)
        )
        and not (isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, _MADE))
        for target in ast.walk(node)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }
    return stored - others


def _is_known(call: ast.Call, source: "Source", path: str) -> bool:
    """Whether the trace knows more about a method than its name says."""
    return callee(call, source, path) is not None or _reads_itself(call, source, path)


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Await)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
