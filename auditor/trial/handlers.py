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
_LOOKUP: Final = re.compile(
    r"^(?:Key|Lookup|Index|Attribute|Value|Type|Import|ModuleNotFound|StopIteration|StopAsyncIteration|ZeroDivision)(?:Error)?$"
    r"|DoesNotExist$|^(?:NoResultFound|MultipleResultsFound|NoReverseMatch)$"
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def altered_handlers(file: Edited, /) -> list[frozenset[int]]:
    """Lines of the new version for each handler that stood in the old one and does something else now.

    A handler is an `except` of a function, or a function that is registered for errors. One that is new alters something where it
    goes on after an error that left its function before: what it stands around was called there without it.
    """
    if file.trees is None or file.before is None:
        return []
    before, after = (dict(_handlers(tree)) for tree in file.trees)
    changed = [
        _lines(body) for key, body in after.items() if key in before and _form(body) != _form(before[key])
    ]
    return changed + [_lines(body) for body in _swallowing(*file.trees)]


def _swallowing(before: ast.Module, after: ast.Module) -> Iterator[list[ast.stmt]]:
    """New handlers that end what went on to the caller: what looks up and finds nothing is left out."""
    was, now = (dict(_of_functions(tree)) for tree in (before, after))
    for name in was.keys() & now.keys():
        guarded = {ast.dump(node) for one in _tries(was[name]) for node in _calls(one.body)}
        free = {ast.dump(node) for node in _calls(was[name].body)} - guarded
        for one in _tries(now[name]):
            if free.isdisjoint(ast.dump(node) for node in _calls(one.body)):
                continue
            for handler in one.handlers:
                raises = any(isinstance(node, ast.Raise) for part in handler.body for node in ast.walk(part))
                if not raises and not _is_lookup(handler.type):
                    yield handler.body


def _of_functions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, _Function):
            yield f"{outer}{child.name}", child
        inner = f"{outer}{child.name}." if isinstance(child, _Function | ast.ClassDef) else outer
        yield from _of_functions(child, inner)


def _tries(function: _Function) -> list[ast.Try]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Try) and node.handlers]


def _calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    return (node for part in body for node in ast.walk(part) if isinstance(node, ast.Call))


def _is_lookup(caught: ast.expr | None) -> bool:
    """Whether nothing is caught but that something is not there, or is not of the form that was asked for."""
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return all(kind is not None and _LOOKUP.search(_last_name(kind)) for kind in kinds)


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
