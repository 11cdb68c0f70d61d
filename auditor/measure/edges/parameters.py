"""What an endpoint's code reads from a request, and what it compares it with.

Read off the functions on the endpoint's way, as the static trace names them. It errs towards too much: a value too many costs a request,
one too few lets a wrong change through.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Where = Literal["query", "body", "header", "cookie"]

_PLACES: Final[dict[str, Where]] = {
    "args": "query", "GET": "query", "query_params": "query", "values": "query", "query": "query",
    "form": "body", "POST": "body", "json": "body", "data": "body", "get_json": "body", "PUT": "body",
    "headers": "header", "META": "header", "cookies": "cookie", "COOKIES": "cookie",
}  # fmt: skip
"""Attributes of a request in Flask, Django, DRF, Starlette, aiohttp."""
_REQUESTS: Final = frozenset({"request", "req", "_request"})
_READS: Final = frozenset({"get", "getlist", "getall", "get_all", "getone", "pop"})
_NUMBERS: Final = frozenset({"int", "float", "Decimal", "bool"})
_FASTAPI: Final[dict[str, Where]] = {
    "Query": "query",
    "Header": "header",
    "Cookie": "cookie",
    "Form": "body",
    "Body": "body",
}
_SCALARS: Final = frozenset({"str", "int", "float", "bool", "date", "datetime", "UUID", "Decimal", "list"})
_MOST_LITERALS: Final = 24
"""Of one parameter: a code list of a thousand countries needs no thousand requests."""


@dataclass(frozen=True, slots=True)
class Span:
    """A function on an endpoint's way."""

    file: str
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that is read from a request."""

    name: str
    where: Where
    converts: tuple[str, ...] = ()
    """What it is turned into: `int`, `float`, `bool`."""
    literals: tuple[str, ...] = ()
    """What it is compared with or looked up among, as text, sorted."""
    separators: tuple[str, ...] = ()
    """What it is split at."""
    handed_over: bool = False
    """A framework reads it and passes it to the handler: a value that does not fit never reaches the code."""


def parameters_of(
    sources: dict[str, str], way: Iterable[Span], /, *, path: str = ""
) -> tuple[Parameter, ...]:
    """The parameters of one endpoint, sorted by place and name.

    `sources` holds the text of each file; `way` begins with the handler; `path` names what is part of the path, which is no parameter here.
    """
    functions = list(_functions(sources, tuple(way)))
    found: dict[tuple[Where, str], _Reading] = {}
    for reading in (*_reads(functions), *_handed_over(functions[:1], set(re.findall(r"{(\w+)", path)))):
        known = found.setdefault((reading.where, reading.name), reading)
        known.aliases |= reading.aliases
        known.converts |= reading.converts
    derived = _derived(functions)
    for reading in found.values():
        for _ in range(3):  # `words = text.split(",")`, `for word in words`, `key = word.lower()`
            reading.aliases |= set().union(*(derived[alias] for alias in reading.aliases))
    constants = {name: values for text in sources.values() for name, values in _constants(text)}
    compared = _comparisons(functions, constants)
    parameters = []
    for (where, name), reading in sorted(found.items()):
        literals: set[str] = set()
        separators: set[str] = set()
        converts = set(reading.converts)
        for alias in reading.aliases:
            literals |= compared.literals[alias]
            separators |= compared.separators[alias]
            converts |= compared.converts[alias]
        kept = tuple(sorted(literals, key=lambda text: (len(text), text))[:_MOST_LITERALS])
        handed = reading.handed_over
        parameters.append(
            Parameter(name, where, tuple(sorted(converts)), kept, tuple(sorted(separators)), handed)
        )
    return tuple(parameters)


@dataclass(slots=True)
class _Reading:
    name: str
    where: Where
    aliases: set[str]
    """Names that its value goes by: variables, fields, keywords."""
    converts: set[str]
    handed_over: bool = False


@dataclass(slots=True)
class _Compared:
    literals: defaultdict[str, set[str]]
    separators: defaultdict[str, set[str]]
    converts: defaultdict[str, set[str]]


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(sources: dict[str, str], way: tuple[Span, ...]) -> Iterator[_Function]:
    trees: dict[str, list[_Function]] = {}
    for span in way:
        if span.file not in trees:
            try:
                tree = ast.parse(sources.get(span.file, ""))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                tree = ast.Module(body=[], type_ignores=[])
            trees[span.file] = [
                n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
            ]
        for function in trees[span.file]:
            first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
            if first <= span.line <= (function.end_lineno or first) and function.lineno <= span.end_line:
                yield function
                break


def _reads(functions: list[_Function]) -> Iterator[_Reading]:
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
                yield _Reading(name, where, aliases, converts)


def _passed_on(functions: list[_Function]) -> defaultdict[str, dict[str, Where]]:
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
    by_name: dict[str, _Function],
    local: dict[str, Where],
    known: defaultdict[str, dict[str, Where]],
) -> None:
    for called, name, value in _bound(call, by_name):
        where = _place(value, local)
        if where is not None:
            known[called][name] = where


def _bound(call: ast.Call, by_name: dict[str, _Function]) -> Iterator[tuple[str, str, ast.expr]]:
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


def _parameters_for(function: _Function, read: ast.AST, by_name: dict[str, _Function]) -> set[str]:
    """Names under which functions on the way get the value from `function`."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _holds(node, read)]
    return {name for call in calls for _, name, value in _bound(call, by_name) if _holds(value, read)}


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


def _goes_by(function: _Function, read: ast.AST) -> set[str]:
    """Variables, keywords and attributes that the value is put into, whatever is done to it on the way."""
    names: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets, value=value) if _holds(value, read):
                for target in targets:
                    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
                    names |= {name for part in parts if (name := _last(part))}
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _holds(value, read):
                names |= {name for name in [_last(target)] if name}
            case ast.NamedExpr(target=target, value=value) if _holds(value, read):
                names.add(target.id)
            case ast.keyword(arg=str(name), value=value) if _holds(value, read):
                names.add(name)
            case _:
                pass
    return names - {"type", "default"}


def _derived(functions: list[_Function]) -> defaultdict[str, set[str]]:
    """By name, the names that what it holds goes on under."""
    derived: defaultdict[str, set[str]] = defaultdict(set)
    for function in functions:
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[target], value=source):
                    pass
                case ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source):
                    pass
                case _:
                    continue
            parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
            for name in _names(source):
                derived[name] |= {part.id for part in parts if isinstance(part, ast.Name)}
    return derived


def _holds(node: ast.AST, part: ast.AST) -> bool:
    return any(one is part for one in ast.walk(node))


def _last(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _handed_over(handlers: list[_Function], in_path: set[str]) -> Iterator[_Reading]:
    """Parameters that a framework fills in from annotations, as FastAPI does."""
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
            if kinds or (scalar and _is_annotated_route(handler)):
                where = kinds[0] if kinds else "query"
                numbers = {mark for mark in marks if mark in _NUMBERS}
                yield _Reading(argument.arg, where, {argument.arg}, numbers, handed_over=True)


def _is_annotated_route(handler: _Function) -> bool:
    verbs = {"get", "post", "put", "patch", "delete", "api_route", "route"}
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in verbs
        for one in handler.decorator_list
    )


def _comparisons(functions: list[_Function], constants: dict[str, set[str]]) -> _Compared:
    found = _Compared(defaultdict(set), defaultdict(set), defaultdict(set))
    for function in functions:
        for node in ast.walk(function):
            match node:
                case ast.Compare(left=left, comparators=others):
                    sides = [left, *others]
                    for side in sides:
                        for name in _names(side):
                            found.literals[name] |= {
                                v for o in sides if o is not side for v in _values(o, constants)
                            }
                case ast.Subscript(value=table, slice=key):
                    for name in _names(key):
                        found.literals[name] |= _values(table, constants)
                case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[key, *_]):
                    for name in _names(key):
                        found.literals[name] |= _values(owner, constants)
                case ast.Call(
                    func=ast.Attribute(value=owner, attr="split" | "partition" | "rpartition" | "rsplit"),
                    args=[ast.Constant(value=str(at)), *_],
                ):
                    for name in _names(owner):
                        found.separators[name].add(at)
                case ast.Call(
                    func=ast.Attribute(value=owner, attr="startswith" | "endswith"), args=[start, *_]
                ):
                    for name in _names(owner):
                        found.literals[name] |= _values(start, constants)
                case ast.Call(func=ast.Name(id=kind), args=[value, *_]) if kind in _NUMBERS:
                    for name in _names(value):
                        found.converts[name].add(kind)
                case ast.Match(subject=subject, cases=cases):
                    for name in _names(subject):
                        found.literals[name] |= {
                            value
                            for case in cases
                            for part in ast.walk(case.pattern)
                            if isinstance(part, ast.MatchValue)
                            for value in _values(part.value, constants)
                        }
                case _:
                    pass
    return found


def _names(node: ast.expr) -> set[str]:
    """The last names in an expression that still is the value: `params.sort`, `sort.lower()`, `(sort or "")`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.Call(func=ast.Attribute(value=owner)):
            return _names(owner) | {key.value for key in _first(node) if isinstance(key.value, str)}
        case ast.BoolOp(values=values):
            return set().union(*map(_names, values))
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return {name}
        case _:
            return set()


def _first(node: ast.expr) -> list[ast.Constant]:
    """The first argument of a call, if it is a constant."""
    arguments = node.args[:1] if isinstance(node, ast.Call) else []
    return [argument for argument in arguments if isinstance(argument, ast.Constant)]


def _values(node: ast.expr, constants: dict[str, set[str]]) -> set[str]:
    match node:
        case ast.Constant(value=bool() | None | bytes()):
            return set()
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Constant(value=int(number) | float(number)):
            return {str(number)}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number) | float(number))):
            return {str(-number)}
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return set().union(*(_values(part, constants) for part in parts))
        case ast.Dict(keys=keys):
            return set().union(*(_values(key, constants) for key in keys if key is not None))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return constants.get(name, set())
        case _:
            return set()


def _constants(text: str) -> Iterator[tuple[str, set[str]]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for body in (tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))):
        for statement in body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    inner = value.args[0] if isinstance(value, ast.Call) and value.args else value
                    values = _values(inner, {})
                    if values:
                        yield name, values
                case _:
                    pass
