"""What keeps a helper from working in its caller's session, and where it is called."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.attribute_stores import attribute_stores
from auditor.codemods.places import parents

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.session_scopes import Scope
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Site
    from auditor.rules.scene import Scene

MANAGING: Final = frozenset(
    "add add_all delete merge flush commit rollback begin begin_nested close invalidate expunge expunge_all expire "
    "expire_all refresh bulk_save_objects bulk_insert_mappings bulk_update_mappings connection get_bind bind "
    "bind_mapper autoflush no_autoflush is_active in_transaction prepare reset info new dirty deleted".split()
)
"""Of a session: what writes, ends its transaction, or tells two sessions apart."""
_HANDING: Final = (ast.Call, ast.keyword, ast.Assign, ast.List, ast.Tuple, ast.Dict, ast.Return)
"""What a function's name stands in where the function itself is handed on."""


def below(function: "Known", scene: "Scene", /) -> "list[Known]":
    """A function of the project and all that it leads to."""
    found: dict[int, Known] = {id(function): function}
    queue = [function]
    while queue:
        summary = scene.trace.machine.summaries.get(id(queue.pop()))
        for call in () if summary is None else summary.calls:
            if id(call.callee) not in found:
                found[id(call.callee)] = call.callee
                queue.append(call.callee)
    return list(found.values())


def writes(function: "Known", scene: "Scene", /) -> str:
    """What is written, or locked, by a function or by anything that it leads to; "" if nothing is."""
    for one in below(function, scene):
        summary = scene.trace.machine.summaries.get(id(one))
        for effect in () if summary is None else summary.effects:
            if effect.kind == "sql" and effect.operation == "write" and effect.cause != "flush":
                return effect.label
            if effect.query is not None and effect.query.locked:
                return f"{effect.label} FOR UPDATE"
    return ""


def sets_attributes(function: "Known", scene: "Scene", /) -> str:
    """An attribute of something else than itself that is set below a function: of a row, it would be stored."""
    for one in below(function, scene):
        if one.module.role == "library":
            continue
        for text, _ in attribute_stores(one, scene):
            return text
    return ""


def managed(function: "Function", name: str, /, *, besides: frozenset[int] = frozenset()) -> str:
    """What a function does with a session beyond asking it; "" where it only asks, or hands it on.

    `besides` holds the identities of nodes that are left out: what closes it at the end.
    """
    above = parents(function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
            continue
        parent = above.get(node)
        if id(node) in besides:
            continue
        if isinstance(parent, ast.Attribute):
            if parent.attr in MANAGING:
                return f"{name}.{parent.attr}"
        elif not isinstance(parent, (ast.Call, ast.keyword)) and not (
            isinstance(parent, ast.withitem) or parent is None
        ):
            return ast.unparse(parent)
    return ""


def caught(node: ast.AST, function: "Function", until: ast.AST | None, /) -> bool:
    """Whether an exception at a place may be caught between it and `until`, or the function's end."""
    above = parents(function)
    at: ast.AST | None = node
    while at is not None and at is not until and at is not function:
        over = above.get(at)
        if isinstance(over, (ast.Try, ast.TryStar)) and over.handlers and at in over.body:
            return True
        if isinstance(over, (ast.With, ast.AsyncWith)) and any(
            "suppress" in ast.unparse(item.context_expr) or "raises" in ast.unparse(item.context_expr)
            for item in over.items
        ):
            return True
        at = over
    return False


def later(node: ast.AST, function: "Function", until: ast.AST | None, /) -> bool:
    """Whether a place is evaluated at another time, or beside others: in an inner function, a generator, a `gather`."""
    above = parents(function)
    at: ast.AST | None = above.get(node)
    while at is not None and at is not until and at is not function:
        if isinstance(
            at, (ast.Lambda, ast.GeneratorExp, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        ):
            return True
        at = above.get(at)
    return False


def call_sites(function: "Known", scene: "Scene", /) -> "list[Site]":
    """Where the project calls a function, each place once, in the order of the source."""
    found = {
        (call.site.module.path, call.site.line): call.site
        for scope in scene.scopes
        for call in scope.calls
        if call.callee.module is function.module and call.callee.line == function.line
        if not call.frames and not call.offloaded and not call.deferred
    }
    return [found[key] for key in sorted(found)]


def handed_out(function: "Known", source: "Source", /) -> str:
    """Where a function's name stands for the function itself, as in `Depends(f)`: its parameters matter there."""
    assert source.scene is not None
    for module in source.scene.project.modules:
        if module.role == "library":
            continue
        text = source.read(module.path)
        spans = None if text is None or function.name not in text else source.spans(module.path)
        if spans is None:
            continue
        above = parents(spans.tree)
        for node in ast.walk(spans.tree):
            if isinstance(node, (ast.Name, ast.Attribute)) and _is_named(node, function.name):
                parent = above.get(node)
                called = isinstance(parent, ast.Call) and parent.func is node
                if not called and isinstance(parent, _HANDING):
                    return f"{module.path}:{node.lineno}"
    return ""


def _is_named(node: ast.Name | ast.Attribute, name: str) -> bool:
    wanted = node.id if isinstance(node, ast.Name) else node.attr
    return wanted == name and isinstance(node.ctx, ast.Load)


def open_at(node: ast.AST, found: "list[Scope]", key: str, /) -> "Scope | None":
    """The innermost session of the kind wanted that is open at a place."""
    around = [
        scope
        for scope in found
        if scope.maker.key == key and any(node is one for part in scope.body for one in ast.walk(part))
    ]
    return min(around, key=lambda scope: sum(1 for part in scope.body for _ in ast.walk(part)), default=None)
