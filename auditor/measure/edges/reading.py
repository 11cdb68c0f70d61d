"""Where code takes values out of a request, and under which names they go on."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from auditor.measure.edges.comparing import NUMBERS, names_of

Where = Literal["query", "body", "header", "cookie"]

_PLACES: Final[dict[str, Where]] = {
    "args": "query", "GET": "query", "query_params": "query", "values": "query", "query": "query",
    "form": "body", "POST": "body", "json": "body", "data": "body", "get_json": "body", "PUT": "body",
    "headers": "header", "META": "header", "cookies": "cookie", "COOKIES": "cookie",
}  # fmt: skip
"""Attributes of a request in Flask, Django, DRF, Starlette, aiohttp."""
_REQUESTS: Final = frozenset({"request", "req", "_request"})
_READS: Final = frozenset({"get", "getlist", "getall", "get_all", "getone", "pop"})
_FASTAPI: Final[dict[str, Where]] = {
    "Query": "query",
    "Header": "header",
    "Cookie": "cookie",
    "Form": "body",
    "Body": "body",
}
_SCALARS: Final = frozenset({"str", "int", "float", "bool", "date", "datetime", "UUID", "Decimal", "list"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Reading:
    """One value that is taken out of a request."""

    name: str
    where: Where
    aliases: set[str]
    """Names that its value goes by: variables, fields, keywords."""
    converts: set[str]
    handed_over: bool = False


def reads(functions: list[Function]) -> Iterator[Reading]:
    sources = _passed_on(functions)
    by_name = {function.name: function for function in functions}
    for function in functions:
        local = sources[function.name]
        for node in ast.walk(function):
            where, name = _read(node, local)
            if where is not None:
                keywords = {k.arg: k.value for k in node.keywords} if isinstance(node, ast.Call) else {}
                kind = keywords.get("type")
                converts = {kind.id} if isinstance(kind, ast.Name) else set()
                aliases = {name, *_goes_by(function, node), *_parameters_for(function, node, by_name)}
                yield Reading(name, where, aliases, converts)


def handed_over(handlers: list[Function], in_path: set[str], *, always: bool = False) -> Iterator[Reading]:
    """Parameters that a framework fills in from annotations, as FastAPI does; `always`: also where no decorator says that it does."""
    for handler in handlers:
        arguments = [*handler.args.posonlyargs, *handler.args.args, *handler.args.kwonlyargs]
        positional = handler.args.posonlyargs + handler.args.args
        defaults: dict[str, ast.expr] = {
            argument.arg: value
            for argument, value in zip(
                positional[len(positional) - len(handler.args.defaults) :], handler.args.defaults, strict=True
            )
        }
        defaults |= {
            a.arg: v for a, v in zip(handler.args.kwonlyargs, handler.args.kw_defaults, strict=True) if v
        }
        for argument in arguments:
            if argument.annotation is None or argument.arg in in_path:
                continue
            text = ast.unparse(argument.annotation)
            marks = re.findall(
                r"\w+", f"{text} {ast.unparse(defaults[argument.arg]) if argument.arg in defaults else ''}"
            )
            kinds = [_FASTAPI[mark] for mark in marks if mark in _FASTAPI]
            scalar = bool(_SCALARS.intersection(marks)) and "Depends" not in marks
            if kinds or (scalar and (always or _is_annotated_route(handler))):
                where = kinds[0] if kinds else "query"
                numbers = {mark for mark in marks if mark in NUMBERS}
                yield Reading(argument.arg, where, {argument.arg}, numbers, handed_over=True)


def derived_names(functions: list[Function]) -> defaultdict[str, set[str]]:
    """By name, the names that what it holds goes on under."""
    derived: defaultdict[str, set[str]] = defaultdict(set)
    by_name = {function.name: function for function in functions}
    for function in functions:
        for node in ast.walk(function):
            match node:
                case ast.Call():
                    for _, called, value in _bound(node, by_name):
                        for name in names_of(value):
                            derived[name].add(called)
                    continue
                case ast.Assign(targets=[target], value=source):
                    pass
                case ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source):
                    pass
                case _:
                    continue
            parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
            for name in names_of(source):
                derived[name] |= {part.id for part in parts if isinstance(part, ast.Name)}
    return derived


def _passed_on(functions: list[Function]) -> defaultdict[str, dict[str, Where]]:
    """By function, its local names that stand for a part of the request: assigned, or passed by a caller on the way."""
    by_name = {function.name: function for function in functions}
    known: defaultdict[str, dict[str, Where]] = defaultdict(dict)
    for _ in range(4):  # a chain of helpers that hand the arguments on is short
        before = sum(map(len, known.values()))
        for function in functions:
            local = known[function.name]
            for node in ast.walk(function):
                if isinstance(node, (ast.Assign, ast.NamedExpr)):
                    where = _place(node.value, local)
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    local.update({t.id: where for t in targets if where and isinstance(t, ast.Name)})
                elif isinstance(node, ast.Call):
                    _pass(node, by_name, local, known)
        if sum(map(len, known.values())) == before:
            break
    return known


def _pass(
    call: ast.Call,
    by_name: dict[str, Function],
    local: dict[str, Where],
    known: defaultdict[str, dict[str, Where]],
) -> None:
    for called, name, value in _bound(call, by_name):
        where = _place(value, local)
        if where is not None:
            known[called][name] = where


def _bound(call: ast.Call, by_name: dict[str, Function]) -> Iterator[tuple[str, str, ast.expr]]:
    """For a call of a function on the way: its name, and each parameter with what is passed."""
    called = by_name.get(ast.unparse(call.func).rpartition(".")[2])
    if called is None:
        return
    names = [argument.arg for argument in called.args.posonlyargs + called.args.args]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    for name, value in [
        *zip(names, call.args, strict=False),
        *((k.arg, k.value) for k in call.keywords if k.arg),
    ]:
        yield called.name, name, value


def _parameters_for(function: Function, read: ast.AST, by_name: dict[str, Function]) -> set[str]:
    """Names under which functions on the way get the value from `function`."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and holds(node, read)]
    return {name for call in calls for _, name, value in _bound(call, by_name) if holds(value, read)}


def _place(node: ast.expr, local: dict[str, Where]) -> Where | None:
    """Which part of a request an expression is."""
    match node:
        case ast.Name(id=name):
            return local.get(name)
        case ast.Await(value=value):
            return _place(value, local)
        case ast.Call(func=ast.Attribute(attr=attr) as func) if attr in {
            "get_json",
            "json",
            "form",
            "copy",
            "dict",
            "to_dict",
        }:
            return _place(func, local) or (
                _place(func.value, local) if attr in {"copy", "dict", "to_dict"} else None
            )
        case ast.BoolOp(values=[first, *_]):
            return _place(first, local)
        case ast.Attribute(value=owner, attr=attr) if attr in _PLACES and _is_request(owner):
            return _PLACES[attr]
        case _:
            return None


def _is_request(node: ast.expr) -> bool:
    return ast.unparse(node).rpartition(".")[2] in _REQUESTS


def _read(node: ast.AST, local: dict[str, Where]) -> tuple[Where | None, str]:
    match node:
        case ast.Call(
            func=ast.Attribute(value=owner, attr=attr), args=[ast.Constant(value=str(name)), *_]
        ) if attr in _READS:
            return _place(owner, local), name
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
            return _place(owner, local), name
        case ast.Compare(
            left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()], comparators=[owner]
        ):
            return _place(owner, local), name
        case _:
            return None, ""


def _goes_by(function: Function, read: ast.AST) -> set[str]:
    """Variables, keywords and attributes that the value is put into, whatever is done to it on the way."""
    names: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets, value=value) if holds(value, read):
                for target in targets:
                    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
                    names |= {name for part in parts if (name := _last(part))}
            case ast.AnnAssign(target=target, value=ast.expr() as value) if holds(value, read):
                names |= {name for name in [_last(target)] if name}
            case ast.NamedExpr(target=target, value=value) if holds(value, read):
                names.add(target.id)
            case ast.keyword(arg=str(name), value=value) if holds(value, read):
                names.add(name)
            case _:
                pass
    return names - {"type", "default"}


def holds(node: ast.AST, part: ast.AST) -> bool:
    return any(one is part for one in ast.walk(node))


def _last(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _is_annotated_route(handler: Function) -> bool:
    verbs = {"get", "post", "put", "patch", "delete", "api_route", "route"}
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in verbs
        for one in handler.decorator_list
    )
