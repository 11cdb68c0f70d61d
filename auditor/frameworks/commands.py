"""Commands of click, typer and Flask's command line; Django's management commands stand with Django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.entry import EntryPoint
from auditor.index import ir
from auditor.index.symbols import Class, External, Function

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

_ROLES: Final = frozenset({"app", "config"})
_PLAIN: Final = frozenset(
    {"click.command", "rich_click.command", "asyncclick.command", "flask.cli.with_appcontext"}
)
_GROUPS: Final = (
    "click.group", "click.Group", "rich_click.group", "typer.Typer", "flask.cli.AppGroup",
    "flask.cli.FlaskGroup",
    "flask.Flask().cli", "flask.app.Flask().cli", "flask.Blueprint().cli", "flask.blueprints.Blueprint().cli",
    "flask_script.Manager", "flask.current_app.cli", "flask.globals.current_app.cli",
)  # fmt: skip
_REGISTERS: Final = frozenset({"command", "callback"})
_MAKING: Final = frozenset({"click.command", "rich_click.command", "asyncclick.command"})


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`COMMAND dotted.name` for every command of the project."""
    for module in project.modules:
        if module.role in _ROLES:
            for function in module.functions:
                if any(
                    is_command(project, function, d) or is_made_by_own(project, function, d)
                    for d in function.decorators
                ):
                    yield EntryPoint(
                        "command", "COMMAND", function.qualname, "commands", function, function.owner,
                        function.qualname, module.path, function.line,
                    )  # fmt: skip


def is_command(project: Project, function: Function, decorator: Node) -> bool:
    """True for `@click.command()`, and for `.command` of a group, a typer application or `app.cli`."""
    called = decorator[2] if decorator[0] == ir.CALL else decorator
    symbol = project.resolve_expression(function.module, called, function.parent)
    if isinstance(symbol, External):
        if symbol.name in _PLAIN:
            return True
        base, _, method = symbol.name.rpartition(".")
        return method in _REGISTERS and base.removesuffix("()") in _GROUPS
    if called[0] != ir.ATTR or called[3] != "command":
        return False
    parent = project.resolve_expression(function.module, called[2], function.parent)
    return isinstance(parent, Function) and any(is_group(project, parent, d) for d in parent.decorators)


def is_made_by_own(project: Project, function: Function, decorator: Node) -> bool:
    """True for a decorator of the project's own, a function or a class, that makes click's command of what it is given."""
    called = decorator[2] if decorator[0] == ir.CALL else decorator
    symbol = project.resolve_expression(function.module, called, function.parent)
    if isinstance(symbol, Class):
        symbol = project.method(symbol, "__call__")
    if not isinstance(symbol, Function) or symbol.module.role not in _ROLES or symbol is function:
        return False
    return any(makes_command(project, symbol, s) for s in symbol.body)


def makes_command(project: Project, function: Function, node: object) -> bool:
    """Whether `click.command` is called anywhere in a part of a function."""
    if not isinstance(node, tuple):
        return False
    if node[:1] == (ir.CALL,) and isinstance(node[2], tuple) and node[2][:1] in {(ir.NAME,), (ir.ATTR,)}:
        symbol = project.resolve_expression(function.module, node[2])
        if isinstance(symbol, External) and symbol.name in _MAKING:
            return True
    return any(makes_command(project, function, part) for part in node)


def is_group(project: Project, function: Function, decorator: Node, depth: int = 0) -> bool:
    """True for `@click.group()` and for a group below another group."""
    called = decorator[2] if decorator[0] == ir.CALL else decorator
    symbol = project.resolve_expression(function.module, called, function.parent)
    if isinstance(symbol, External):
        return symbol.name.endswith((".group", ".Group"))
    if called[0] != ir.ATTR or called[3] != "group" or depth > 8:
        return False
    base = project.resolve_expression(function.module, called[2], function.parent)
    return isinstance(base, Function) and any(is_group(project, base, d, depth + 1) for d in base.decorators)
