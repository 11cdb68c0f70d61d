"""What a target does when something goes wrong: nothing but a request that goes wrong there runs it.

A good answer by way of another line of the same patch says nothing of it, so where a handler is altered one request has to have met it.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from auditor.trial.constraints.edited import Edited

_REGISTERS: Final = re.compile(r"(?:error|exception)_?handler$|^exception(?:_view_config)?$")
"""Last part of what registers a function for errors: Flask's `errorhandler`, `app_errorhandler` and `register_error_handler`, Starlette's
and FastAPI's `exception_handler` and `add_exception_handler`, Sanic's `exception`, Pyramid's `exception_view_config`."""
_CALLED: Final = frozenset({"process_exception", "handle_exception", "handle_error", "write_error"})
"""Methods that a framework calls with an error: Django's middleware, Django REST framework, Flask and Flask-RESTful, Tornado."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def altered_handlers(file: Edited, /) -> list[frozenset[int]]:
    """Lines of the new version for each handler that stood in the old one and does something else now.

    A handler is an `except` of a function, or a function that is registered for errors. One that is new alters nothing that was there.
    """
    if file.trees is None or file.before is None:
        return []
    before, after = (dict(_handlers(tree)) for tree in file.trees)
    return [
        _lines(body) for key, body in after.items() if key in before and _form(body) != _form(before[key])
    ]


def _handlers(tree: ast.Module) -> Iterator[tuple[tuple[str, ...], list[ast.stmt]]]:
    """Each with what it is known by in both versions: where it stands, and what for."""
    seen: dict[tuple[str, ...], int] = {}
    registered = frozenset(_registered(tree))

    def numbered(*key: str) -> tuple[str, ...]:
        seen[key] = seen.get(key, 0) + 1
        return (*key, str(seen[key]))

    def walk(node: ast.AST, place: str) -> Iterator[tuple[tuple[str, ...], list[ast.stmt]]]:
        for child in ast.iter_child_nodes(node):
            inner = place
            if isinstance(child, _Function | ast.ClassDef):
                inner = f"{place}.{child.name}"
            if isinstance(child, _Function) and _is_handler(child, registered):
                yield numbered(inner), child.body
            elif isinstance(child, ast.ExceptHandler):
                yield numbered(inner, "" if child.type is None else ast.dump(child.type)), child.body
            yield from walk(child, inner)

    yield from walk(tree, "")


def _is_handler(function: _Function, registered: frozenset[str]) -> bool:
    return (
        function.name in _CALLED
        or function.name in registered
        or any(_REGISTERS.search(_last_name(one)) for one in function.decorator_list)
    )


def _registered(tree: ast.Module) -> Iterator[str]:
    """Names of functions that are handed to what registers them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _REGISTERS.search(_last_name(node)):
            yield from (one.id for one in node.args if isinstance(one, ast.Name))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _form(body: list[ast.stmt]) -> tuple[str, ...]:
    return tuple(ast.dump(statement) for statement in body)


def _lines(body: list[ast.stmt]) -> frozenset[int]:
    return frozenset(range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1))
