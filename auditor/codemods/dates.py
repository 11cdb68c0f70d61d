"""Whether an expression gives a day, and never a time of it."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.places import function_at
from auditor.codemods.session_makers import definition_of, symbol_of
from auditor.codemods.session_sharing import call_sites
from auditor.codemods.single_names import bindings
from auditor.index.symbols import External

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known

_DEEP: Final = 4
_MAKING: Final = frozenset({"today", "fromisoformat", "fromordinal", "fromtimestamp"})


def is_date(node: ast.expr, function: "Function", known: "Known", source: "Source", depth: int = 0) -> bool:
    """Whether everything that an expression can be is a `datetime.date` and no `datetime.datetime`."""
    assert source.scene is not None
    if depth > _DEEP:
        return False
    match node:
        case ast.Call(func=ast.Attribute(attr="date"), args=[], keywords=[]):
            return True
        case ast.Call(func=func) if _is_maker(func, known, source):
            return True
        case ast.Call():
            below = callee(node, source, known.module.path)
            defined = None if below is None else definition_of(below, source)
            if below is None or defined is None:
                return False
            returned = [one.value for one in ast.walk(defined) if isinstance(one, ast.Return)]
            return bool(returned) and all(
                one is not None and is_date(one, defined, below, source, depth + 1) for one in returned
            )
        case ast.IfExp(body=first, orelse=second):
            return all(is_date(one, function, known, source, depth) for one in (first, second))
        case ast.Name(id=name):
            return _is_named(name, function, known, source, depth)
        case _:
            return False


def _is_maker(func: ast.expr, known: "Known", source: "Source") -> bool:
    """`date(…)`, `date.today()`, `date.fromisoformat(…)`."""
    owner = func.value if isinstance(func, ast.Attribute) and func.attr in _MAKING else func
    symbol = symbol_of(owner, known.module, source)
    return isinstance(symbol, External) and symbol.name == "datetime.date"


def _is_named(name: str, function: "Function", known: "Known", source: "Source", depth: int) -> bool:
    """Every assignment of a name, or what every caller passes for a parameter."""
    assert source.scene is not None
    bound = bindings(function, name)
    given = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    if bound and len(bound) == len(given):
        return all(is_date(one, function, known, source, depth + 1) for one in given)
    arguments = [one.arg for one in function.args.args]
    if len(bound) != 1 or name not in arguments or known.owner is not None:
        return False
    position, sites = arguments.index(name), call_sites(known, source.scene)
    for site in sites:
        spans = source.spans(site.module.path)
        caller = None if spans is None else function_at(spans.tree, site.line)
        calls = [
            node
            for node in ([] if caller is None else ast.walk(caller))
            if isinstance(node, ast.Call)
            and node.lineno <= site.line <= (node.end_lineno or 0)
            and (found := callee(node, source, site.module.path)) is not None
            and found.line == known.line
            and found.module is known.module
        ]
        if caller is None or site.function is None or len(calls) != 1 or len(calls[0].args) <= position:
            return False
        if not is_date(calls[0].args[position], caller, site.function, source, depth + 1):
            return False
    return bool(sites)
