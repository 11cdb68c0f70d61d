"""Whether a call may be made later, by somebody else: its errors, its arguments, and what it needs around it."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.hashed import is_plain_column
from auditor.codemods.places import function_at

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source

_ALL: Final = frozenset({"Exception", "BaseException"})
_SCALARS: Final = frozenset({"str", "int", "bool", "float", "EmailStr"})
_AROUND: Final = frozenset(
    "request session g current_app url_for render_template render_template_string flash mail get_flashed_messages "
    "current_user db has_request_context stream_with_context copy_current_request_context".split()
)
"""Names that speak of a request, an application's context or a session of the database."""
_DEEP: Final = 4


def swallows_errors(function: "Function", /) -> str:
    """Why an error of the function may reach its caller; "" where it never does."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    match body:
        case [ast.Try(handlers=handlers, orelse=[], finalbody=[])]:
            pass
        case _:
            return f"an error in `{function.name}` reaches whoever asked"
    if not any(
        one.type is None or (isinstance(one.type, ast.Name) and one.type.id in _ALL) for one in handlers
    ):
        return f"not every error in `{function.name}` is caught"
    again = (node for one in handlers for node in ast.walk(one) if isinstance(node, ast.Raise))
    return f"`{function.name}` raises an error that it caught" if any(again) else ""


def plain_arguments(statement: ast.Expr, handler: "Function", source: "Source", /) -> str:
    """Why what is handed over may not be plain values; "" where it is."""
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    assert isinstance(value, ast.Call), "a call is handed over"
    if not isinstance(value.func, ast.Name):
        return "what is called is a method"
    for one in [*value.args, *(word.value for word in value.keywords)]:
        if not _is_plain(one, handler, source):
            return f"`{ast.unparse(one)}` may be more than a plain value"
    return ""


def _is_plain(node: ast.expr, handler: "Function", source: "Source") -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr(values=values):
            return all(
                isinstance(one, ast.Constant)
                or (isinstance(one, ast.FormattedValue) and _is_plain(one.value, handler, source))
                for one in values
            )
        case ast.Name(id=name):
            return _annotation(handler, name) in _SCALARS
        case ast.Attribute(value=ast.Name(), attr=attr):
            return source.scene is not None and is_plain_column(attr, source.scene)
        case _:
            return False


def _annotation(handler: "Function", name: str) -> str:
    """How a parameter that nothing binds anew is annotated; "" for anything else."""
    bound = [node for node in ast.walk(handler) if isinstance(node, ast.Name) and node.id == name]
    if any(not isinstance(node.ctx, ast.Load) for node in bound):
        return ""
    for one in [*handler.args.args, *handler.args.kwonlyargs]:
        if one.arg == name and one.annotation is not None:
            return ast.unparse(one.annotation)
    return ""


def what_it_needs(function: "Function", source: "Source", path: str, /, depth: int = 0) -> str:
    """A name in the function, or in what it calls, that speaks of the request or its context; "" for none."""
    for node in ast.walk(function):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in _AROUND:
            return name
        if not isinstance(node, ast.Call):
            continue
        known = callee(node, source, path)
        spans = None if known is None else source.spans(known.module.path)
        inner = None if known is None or spans is None else function_at(spans.tree, known.line)
        if known is not None and inner is not None and inner is not function:
            needs = (
                ast.unparse(node.func)
                if depth >= _DEEP
                else what_it_needs(inner, source, known.module.path, depth + 1)
            )
            if needs:
                return needs
    return ""
