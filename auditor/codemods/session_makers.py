"""Which factory a session comes from, so that two can be told to be of one kind."""

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, External, Function

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.index.symbols import Module, Symbol

_FACTORIES: Final = frozenset(
    {
        "sqlalchemy.orm.sessionmaker",
        "sqlalchemy.orm.session.sessionmaker",
        "sqlalchemy.ext.asyncio.async_sessionmaker",
        "sqlalchemy.ext.asyncio.session.async_sessionmaker",
    }
)
_SESSIONS: Final = frozenset(
    {
        "sqlalchemy.orm.Session",
        "sqlalchemy.orm.session.Session",
        "sqlalchemy.ext.asyncio.AsyncSession",
        "sqlmodel.Session",
        "sqlmodel.ext.asyncio.session.AsyncSession",
    }
)
_MANAGERS: Final = frozenset({"contextmanager", "asynccontextmanager"})
_UNDOING: Final = (".rollback()", ".close()")
_DEEP: Final = 4
"""Functions that leave the making of a session to another one, at most."""


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes sessions."""

    key: str
    """Equal for sessions of the same factory and the same arguments."""
    keeps_rows: bool
    """`expire_on_commit=False`: rows can be read after a commit without another query."""
    commits: bool
    """Whoever opens one so commits it at the end."""
    quiet: bool = True
    """An exception is handed on, after a rollback, and nothing else is done about it."""


def maker_of(call: ast.Call, module: "Module", source: "Source", depth: int = 0) -> Maker | None:
    """The maker of the session that a call gives; None where it gives none, or one that can't be compared."""
    if source.scene is None or depth > _DEEP or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    symbol = symbol_of(call.func, module, source)
    if isinstance(symbol, Function):
        return None if call.args or call.keywords else of_function(symbol, source, depth)
    if isinstance(symbol, Assigned):
        return _of_factory(symbol, call, module, source)
    if isinstance(symbol, External) and symbol.name in _SESSIONS and (call.args or call.keywords):
        arguments = [_argument(one, module, source) for one in _given(call)]
        if None in arguments:
            return None
        return Maker(f"{symbol.name}{arguments}", _keeps(call), commits=False)
    return None


def of_function(function: Function, source: "Source", depth: int = 0) -> Maker | None:
    """The one maker that a function's own text calls, if what it makes depends on no argument."""
    defined = definition_of(function, source)
    if defined is None or function.owner is not None or function.parent is not None:
        return None
    if any(_last(one) not in _MANAGERS for one in defined.decorator_list):
        return None
    found = [
        made
        for node in ast.walk(defined)
        if isinstance(node, ast.Call) and (made := maker_of(node, function.module, source, depth + 1))
    ]
    if len(found) != 1:
        return None
    names = {node.attr for node in ast.walk(defined) if isinstance(node, ast.Attribute)}
    return replace(
        found[0],
        commits=found[0].commits or bool(names & {"commit", "begin"}),
        quiet=found[0].quiet and all(map(_is_quiet, ast.walk(defined))),
    )


def _is_quiet(node: ast.AST) -> bool:
    """Whether a node is no handler of exceptions, or one that rolls back and raises them again."""
    if not isinstance(node, ast.ExceptHandler):
        return True
    undoing = all(
        isinstance(one, ast.Raise) or (isinstance(one, ast.Expr) and ast.unparse(one).endswith(_UNDOING))
        for one in node.body
    )
    return undoing and isinstance(node.body[-1], ast.Raise)


def _of_factory(symbol: Assigned, call: ast.Call, module: "Module", source: "Source") -> Maker | None:
    """A session of `SessionLocal = sessionmaker(...)`."""
    assert source.scene is not None
    project = source.scene.project
    home, value = project.home(module, symbol), symbol.value
    if value is None or value[0] != ir.CALL:
        return None
    made_by = project.resolve_expression(home, value[2])
    if not isinstance(made_by, External) or made_by.name not in _FACTORIES:
        return None
    arguments = [_argument(one, module, source) for one in _given(call)]
    if None in arguments:
        return None
    keeps = any(
        name == "expire_on_commit" and given[0] == ir.CONST and given[2] is False for name, given in value[4]
    )
    return Maker(f"{home.path}:{symbol.line}{arguments}", keeps or _keeps(call), commits=False)


def symbol_of(node: ast.expr, module: "Module", source: "Source") -> "Symbol | None":
    """What a name or a dotted name means at the top of a module."""
    assert source.scene is not None
    project = source.scene.project
    match node:
        case ast.Name(id=name):
            return project.resolve(module, name)
        case ast.Attribute(value=base, attr=name):
            found = symbol_of(base, module, source)
            return None if found is None else project.attribute(found, name)
        case _:
            return None


def definition_of(function: Function, source: "Source") -> "ast.FunctionDef | ast.AsyncFunctionDef | None":
    """A function of the project in the syntax tree of its file."""
    spans = source.spans(function.module.path)
    for node in [] if spans is None else ast.walk(spans.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == function.name:
            lines = {node.lineno, *(one.lineno for one in node.decorator_list)}
            if function.line in lines:
                return node
    return None


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(one.value for one in call.keywords if one.arg != "expire_on_commit")]


def _argument(node: ast.expr, module: "Module", source: "Source") -> str | None:
    """The same text for what is the same object: a literal, a name at the top of a module, a function called there."""
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        inner = _argument(node.func, module, source)
        return None if inner is None else f"{inner}()"
    symbol = symbol_of(node, module, source)
    if isinstance(symbol, Function):
        return f"{symbol.module.path}:{symbol.qualname}"
    if isinstance(symbol, Assigned):
        assert source.scene is not None
        return f"{source.scene.project.home(module, symbol).path}:{symbol.line}"
    return None


def _keeps(call: ast.Call) -> bool:
    return any(
        one.arg == "expire_on_commit" and isinstance(one.value, ast.Constant) and one.value.value is False
        for one in call.keywords
    )


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
