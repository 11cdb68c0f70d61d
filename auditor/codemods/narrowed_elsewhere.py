"""Where a caller begins a query that another function builds: a helper that is handed it, a method of a queryset.

`events = narrowed(events, params)`, `Event.objects.visible_to(person)`.
"""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.chains import mentions
from auditor.codemods.origins import queryset_methods
from auditor.codemods.places import function_at, statement_at
from auditor.codemods.session_sharing import call_sites, handed_out
from auditor.index.values import Site, altered

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Query
    from auditor.rules.scene import Spot


def begun_by_caller(query: "Query", source: "Source", /) -> "Query | None":
    """The query placed at the statement of the one caller that begins it; None where its place is not handed it, or it is not plain to see.

    Where several callers hand theirs in each would have to be changed, and only some may want it.
    """
    function, scene = query.site.function, source.scene
    spans = source.spans(query.site.module.path)
    node = None if spans is None else function_at(spans.tree, query.site.line)
    if scene is None or function is None or node is None or node.name != function.name:
        return None
    name = _handed(node, query.site.line)
    sites = call_sites(function, scene) if name else []
    if len(sites) != 1 or handed_out(function, source):
        return None
    (site,) = sites
    above = source.spans(site.module.path)
    caller = None if above is None else function_at(above.tree, site.line)
    if above is None or caller is None or site.function is None or site.function.name != caller.name:
        return None
    given = _given(caller, node, name, site.line, is_method=function.owner is not None)
    at = None if given is None else _beginning(caller, given, site.line, above)
    if at is None:
        return None
    begun = Site(site.function, site.module, at.lineno, at.lineno, at.end_lineno or at.lineno)
    return altered(query, site=begun)


def begun_by_call(query: "Query", spot: "Spot", source: "Source", /) -> "Query | None":
    """The query placed at the one call in a function of the method that builds it; None where a plain method builds it, or it is not called once there.

    What is added behind the call is not paid for by others who call the method, and holds whichever `return` built the query.
    """
    method, scene = query.site.function, source.scene
    if scene is None or method is None or method.owner is None or spot.function is None:
        return None
    if method.name not in queryset_methods(scene.project) or spot.function.owner is method.owner:
        return None
    spans = source.spans(spot.module.path)
    caller = None if spans is None else function_at(spans.tree, spot.line)
    if caller is None or caller.name != spot.function.name:
        return None
    calls = [
        one
        for one in ast.walk(caller)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == method.name
    ]
    if len(calls) != 1:
        return None
    (call,) = calls
    site = Site(spot.function, spot.module, call.lineno, call.lineno, call.end_lineno or call.lineno)
    return altered(query, site=site)


def _handed(function: "Function", line: int) -> str:
    """The parameter that the statement on a line narrows, or hands back; "" where it is bound anew from something else."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _holds(node, line):
                if not mentions(value, frozenset({name})):
                    return ""
            case ast.Return(value=ast.expr() as value) if _holds(node, line):
                name = _root(value)
            case _:
                continue
        parameters = {one.arg for one in (*function.args.posonlyargs, *function.args.args)}
        return name if name in parameters and not _begins_anew(function, name) else ""
    return ""


def _begins_anew(function: "Function", name: str) -> bool:
    """Whether anything but what goes on with it is bound to the name."""
    stores = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load)
    ]
    goes_on = [
        one.targets[0]
        for one in ast.walk(function)
        if isinstance(one, ast.Assign)
        and len(one.targets) == 1
        and isinstance(one.targets[0], ast.Name)
        and one.targets[0].id == name
        and _root(one.value) == name
    ]
    return any(not any(store is known for known in goes_on) for store in stores)


def _given(
    caller: "Function", function: "Function", name: str, line: int, *, is_method: bool
) -> ast.expr | None:
    """What the call on a line gives for a parameter."""
    calls = [
        one
        for one in ast.walk(caller)
        if isinstance(one, ast.Call)
        and _holds(one, line)
        and (one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", ""))
        == function.name
    ]
    if len(calls) != 1:
        return None
    (call,) = calls
    if any(isinstance(one, ast.Starred) for one in call.args) or any(
        one.arg is None for one in call.keywords
    ):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list)
    at = names.index(name) - (1 if is_method and not static else 0)
    return call.args[at] if 0 <= at < len(call.args) else None


def _beginning(caller: "Function", given: ast.expr, line: int, spans: "Spans") -> ast.stmt | None:
    """The statement that begins what is given: the only one that binds its name anew, or the one around the call."""
    if not isinstance(given, ast.Name):
        return statement_at(spans.tree, line) if isinstance(given, ast.Call) else None
    bound = [
        one
        for one in ast.walk(caller)
        if isinstance(one, ast.Assign) and [ast.unparse(target) for target in one.targets] == [given.id]
    ]
    begun = [one for one in bound if not mentions(one.value, frozenset({given.id}))]
    stores = [
        one
        for one in ast.walk(caller)
        if isinstance(one, ast.Name) and one.id == given.id and not isinstance(one.ctx, ast.Load)
    ]
    return begun[0] if len(begun) == 1 and len(stores) == len(bound) else None


def _root(node: ast.expr) -> str:
    """The name that a chain of calls begins with."""
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _holds(node: ast.stmt | ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)
