"""Helpers that look rows up and say something about them, as lookups and an expression."""

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.lookups import Lookup, lookup_of
from auditor.codemods.places import names_bound
from auditor.codemods.session_desks import attribute_given
from auditor.codemods.session_makers import definition_of
from auditor.index.symbols import Function as Known
from auditor.rules.declared import models

if TYPE_CHECKING:
    from auditor.codemods.source import Source

_DEEP: Final = 6


@dataclass(frozen=True, slots=True)
class Decider:
    """What a call comes to, once its rows are there."""

    call: ast.Call
    known: Known
    lookups: tuple[tuple[str, Lookup], ...]
    """The helper's own name of each row, and what it asks."""
    answer: ast.expr
    """In terms of these names."""
    free: frozenset[str]
    """Names of the helper's module that its lookups rest on."""


def decider_of(
    call: ast.Call, session: str, desks: "dict[str, str]", source: "Source", path: str
) -> Decider | None:
    """A call of a helper that works in the session given; `desks` holds the session of each desk by its name."""
    known = callee(call, source, path)
    defined = None if known is None else definition_of(known, source)
    if (
        known is None
        or defined is None
        or isinstance(defined, ast.AsyncFunctionDef)
        or defined.decorator_list
    ):
        return None
    given = _given(call, known, defined, session, desks, source)
    if given is None:
        return None
    free = _free(defined)
    body = [_Filled(given).visit(copy.deepcopy(one)) for one in _inside(defined, given)]
    lookups: list[tuple[str, Lookup]] = []
    answer = _answer(body, session, lookups, source, 0)
    if answer is None or not lookups or not _is_pure(answer, {name for name, _ in lookups}, source):
        return None
    return Decider(call, known, tuple(lookups), answer, free)


def _free(defined: ast.FunctionDef) -> frozenset[str]:
    """Names that the body reads and the function does not bind."""
    read = {n.id for one in defined.body for n in ast.walk(one) if isinstance(n, ast.Name)}
    opening = {
        n.id
        for one in defined.body
        if isinstance(one, ast.With)
        for item in one.items
        for n in ast.walk(item.context_expr)
        if isinstance(n, ast.Name)
    }
    inside = {
        n.id
        for one in defined.body
        for part in (one.body if isinstance(one, ast.With) else [one])
        for n in ast.walk(part)
        if isinstance(n, ast.Name)
    }
    return frozenset(read - (opening - inside) - names_bound(defined))


def _given(
    call: ast.Call,
    known: Known,
    defined: ast.FunctionDef,
    session: str,
    desks: "dict[str, str]",
    source: "Source",
) -> "dict[str, ast.expr] | None":
    """What each parameter stands for; of a desk's method `self.attribute` for its session too."""
    arguments = defined.args
    if (
        arguments.vararg
        or arguments.kwarg
        or arguments.posonlyargs
        or any(k.arg is None for k in call.keywords)
    ):
        return None
    names = [one.arg for one in arguments.args]
    given: dict[str, ast.expr] = {}
    if known.owner is not None:
        desk = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(desk, ast.Name) or desks.get(desk.id) != session or not names or known.static:
            return None
        attribute = attribute_given(known.owner, source)
        if attribute is None:
            return None
        given[f"{names[0]}.{attribute}"] = ast.Name(session, ast.Load())
        names = names[1:]
    if len(call.args) > len(names):
        return None
    given |= dict(zip(names, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    wanted = {*names, *(one.arg for one in arguments.kwonlyargs)}
    plain = all(isinstance(one, (ast.Name, ast.Constant)) for one in given.values())
    return given if wanted == {name for name in given if "." not in name} and plain else None


def _inside(defined: ast.FunctionDef, given: "dict[str, ast.expr]") -> list[ast.stmt]:
    """The body, without its docstring and without the `with` that opens a session where none is given."""
    body = defined.body[1:] if ast.get_docstring(defined, clean=False) is not None else defined.body
    match body:
        case [
            ast.With(
                items=[
                    ast.withitem(
                        context_expr=ast.IfExp(
                            test=ast.Compare(
                                left=ast.Name(id=tested),
                                ops=[ast.Is()],
                                comparators=[ast.Constant(value=None)],
                            ),
                            orelse=ast.Call(func=ast.Name(id="nullcontext"), args=[ast.Name(id=kept)]),
                        ),
                        optional_vars=ast.Name(id=bound),
                    )
                ],
                body=inner,
            )
        ] if tested == kept == bound and isinstance(given.get(bound), ast.Name):
            return inner
        case _:
            return body


class _Filled(ast.NodeTransformer):
    """Puts what is given in the place of parameters."""

    def __init__(self, given: "dict[str, ast.expr]") -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:  # as the visitor has it
        if isinstance(node.ctx, ast.Load) and node.id in self._given:
            return copy.deepcopy(self._given[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # as above
        named = ast.unparse(node)
        return copy.deepcopy(self._given[named]) if named in self._given else self.generic_visit(node)


def _answer(
    body: list[ast.stmt], session: str, lookups: "list[tuple[str, Lookup]]", source: "Source", depth: int
) -> ast.expr | None:
    """The value of the first `return` that is reached, as one expression; fills `lookups` on the way."""
    if not body or depth > _DEEP:
        return None
    match body[0]:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            found = lookup_of(value, source)
            if found is None or found.session != session or name in dict(lookups):
                return None
            lookups.append((name, found))
            return _answer(body[1:], session, lookups, source, depth)
        case ast.If(test=test, body=[ast.Return(value=ast.expr() as early)], orelse=[]):
            rest = _answer(body[1:], session, lookups, source, depth + 1)
            return None if rest is None else ast.IfExp(test, early, rest)
        case ast.Return(value=ast.expr() as value) if len(body) == 1:
            return value
        case _:
            return None


def _is_pure(answer: ast.expr, rows: set[str], source: "Source") -> bool:
    """Whether an expression reads nothing but columns of the rows, and literals."""
    assert source.scene is not None
    relations = {name for model in models(source.scene) for name in model.relations}
    columns = {name for model in models(source.scene) for name in model.columns} - relations
    for node in ast.walk(answer):
        if isinstance(node, ast.Name) and node.id not in rows:
            return False
        if isinstance(node, ast.Attribute) and not (
            isinstance(node.value, ast.Name) and node.attr in columns
        ):
            return False
        if isinstance(
            node, (ast.Call, ast.Await, ast.Subscript, ast.Lambda, ast.NamedExpr, ast.comprehension)
        ):
            return False
    return True
