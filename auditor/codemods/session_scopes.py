"""Where in a function a session is open, and under which name."""

import ast
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from auditor.codemods.session_makers import Maker, maker_of, of_function, symbol_of
from auditor.codemods.single_names import bindings
from auditor.index.symbols import Function as Known

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Module

_ASKING: Final = frozenset({"Depends", "Security"})


@dataclass(frozen=True, slots=True)
class Scope:
    """One session of a function."""

    name: str
    opener: ast.Call | None
    """None where the function is given its session."""
    statement: ast.With | ast.AsyncWith | ast.Assign | None
    body: list[ast.stmt]
    """The statements while which it is open."""
    maker: Maker
    end: ast.Try | None = None
    """What closes it, where that is no `with`."""


def scopes(function: "Function", module: "Module", source: "Source", /) -> list[Scope]:
    """Every session that a function opens under a name that nothing else binds, or is given by a dependency."""
    found: list[Scope] = []
    for node in ast.walk(function):
        if isinstance(node, (ast.With, ast.AsyncWith)):
            found += _of_with(node, module, source)
        found += _of_blocks(node, module, source)
    found += _of_parameters(function, module, source)
    return [one for one in found if len(bindings(function, one.name)) == 1]


def _of_with(node: ast.With | ast.AsyncWith, module: "Module", source: "Source") -> list[Scope]:
    found: list[Scope] = []
    for item in node.items:
        match item:
            case ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=name)):
                made = maker_of(call, module, source)
                if made is not None:
                    found.append(Scope(name, call, node, node.body, made))
            case _:
                pass
    return found


def _of_blocks(node: ast.AST, module: "Module", source: "Source") -> list[Scope]:
    """`session = SessionLocal()`, then `try: … finally: session.close()`."""
    found: list[Scope] = []
    body = getattr(node, "body", None)
    for first, second in pairwise(body) if isinstance(body, list) else ():
        match first, second:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call),
                ast.Try(body=inner, handlers=[], orelse=[], finalbody=[last]),
            ) if closes(last, name):
                made = maker_of(call, module, source)
                if made is not None:
                    found.append(Scope(name, call, first, inner, made, second))
            case _:
                pass
    return found


def closes(node: ast.stmt, name: str, /) -> bool:
    """Whether a statement does nothing but close what `name` stands for."""
    return isinstance(node, ast.Expr) and ast.unparse(node) in {f"{name}.close()", f"await {name}.close()"}


def _of_parameters(function: "Function", module: "Module", source: "Source") -> list[Scope]:
    """`session: Session = Depends(get_session)`."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[tuple[ast.arg, ast.expr | None]] = list(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    defaults += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found: list[Scope] = []
    for argument, default in defaults:
        match default:
            case ast.Call(func=ast.Name(id=asking), args=[dependency], keywords=[]) if asking in _ASKING:
                symbol = symbol_of(dependency, module, source)
                made = of_function(symbol, source) if isinstance(symbol, Known) else None
                if made is not None:
                    found.append(Scope(argument.arg, None, None, function.body, made))
            case _:
                pass
    return found
