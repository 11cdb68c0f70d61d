"""Helpers that ask for one key, and their siblings that ask for many."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.imports import add_names
from auditor.codemods.keyed import Keyed, keyed
from auditor.codemods.scalar_helpers import write_sibling
from auditor.codemods.spans import Spans

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Model

_TAIL: Final = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """How a sibling is called."""

    before: str
    """The call's source up to the keys, and behind them."""
    behind: str
    terminal: str
    files: dict[str, str]

    def called(self, keys: str) -> str:
        return f"{self.before}{keys}{self.behind}"

    def looked_up(self, key: str) -> str:
        return f"[{key}]" if self.terminal == "all" else f".get({key})"


def of_helper(
    call: ast.Call, key: ast.Attribute, *, source: "Source", path: str, spans: Spans
) -> Batch | str:
    """The sibling of the function that is called, found or written; a reason where there can be none."""
    known = callee(call, source, path)
    position = next((n for n, given in enumerate(call.args) if given is key), None)
    if known is None or position is None or (known.owner is not None and known.static):
        return "what is called with the item's key is not a plain function of the project"
    home = spans if known.module.path == path else source.spans(known.module.path)
    helper = None if home is None else _definition(home.tree, known)
    position += known.owner is not None  # behind `self`
    if home is None or helper is None or isinstance(helper, ast.AsyncFunctionDef) or helper.decorator_list:
        return f"`{known.name}` can't be read"
    arguments = helper.args
    if (
        arguments.posonlyargs
        or arguments.kwonlyargs
        or arguments.vararg
        or arguments.kwarg
        or arguments.defaults
    ):
        return f"`{known.name}` takes its arguments in more than one way"
    own = call.args if known.owner is None else [call.func, *call.args]
    if call.keywords or len(own) != len(arguments.args):
        return f"`{known.name}` takes its arguments in more than one way"
    given = [spans.source(one) for one in call.args]
    if known.owner is not None or not isinstance(_single_return(helper, arguments.args[position].arg), Keyed):
        return _of_number(call, known, helper, position, home=home, spans=spans, source=source)
    parameter = arguments.args[position].arg
    asked = _single_return(helper, parameter)
    if asked is None or asked.terminal == "count":
        return f"`{known.name}` does more than ask for the rows of one key"
    model = _model(source, known, asked)
    if model is None or asked.column not in model.columns:
        return f"`{asked.model}.{asked.column}` is not known to be a column"
    column = model.columns[asked.column]
    if column.foreign_key is None and asked.column != model.primary_key:
        return f"`{asked.column}` is no key, and the database may compare it otherwise than a dictionary"
    if asked.terminal == "first" and not asked.ordered and asked.column != model.primary_key:
        return "which row is first is not said"
    sibling = _existing(home.tree, helper, asked, position)
    files: dict[str, str] = {}
    if sibling is None:
        sibling = f"{helper.name}_by_{parameter}"
        if sibling in {n.name for n in home.tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}:
            return f"`{sibling}` is there already and does something else"
        _write(home, helper, asked, parameter, sibling=sibling)
        if home is not spans:
            files[known.module.path] = home.result()
    name = _name_here(call, sibling, spans)
    if name is None:
        return f"`{sibling}` can't be imported here"
    before = f"{name}({''.join(f'{one}, ' for one in given[:position])}"
    behind = f"{''.join(f', {one}' for one in given[position + 1 :])})"
    return Batch(before, behind, asked.terminal, files)


def _of_number(
    call: ast.Call,
    known: "Known",
    helper: ast.FunctionDef,
    position: int,
    *,
    home: Spans,
    spans: Spans,
    source: "Source",
) -> Batch | str:
    """The sibling of a helper that gives one number."""
    sibling = write_sibling(known, helper, position, home=home, source=source)
    if sibling.startswith("!"):
        return sibling[1:]
    name = _name_here(call, sibling, spans)
    if name is None:
        return f"`{sibling}` can't be imported here"
    given = [spans.source(one) for one in call.args]
    at = position - (known.owner is not None)
    before = f"{name}({''.join(f'{one}, ' for one in given[:at])}"
    behind = f"{''.join(f', {one}' for one in given[at + 1 :])})"
    files = {} if home is spans else {known.module.path: home.result()}
    return Batch(before, behind, "all", files)


def callee(call: ast.Call, source: "Source", path: str, /) -> "Known | None":
    """The project's function that a call leads to, if the trace knows exactly one."""
    assert source.scene is not None
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
    found = {
        (c.callee.module.path, c.callee.line): c.callee
        for scope in source.scene.scopes
        for c in scope.calls
        if c.site.module.path == path and c.site.line in lines and c.callee.name == name
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _definition(tree: ast.Module, known: "Known") -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    within: list[ast.stmt] = tree.body
    if known.owner is not None:
        cls = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == known.owner.name]
        within = cls[0].body if len(cls) == 1 else []
    for node in within:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == known.name:
            return node
    return None


def _body(function: ast.FunctionDef) -> list[ast.stmt]:
    """Without the docstring."""
    first = function.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if is_text else function.body


def _single_return(helper: ast.FunctionDef, parameter: str) -> Keyed | None:
    match _body(helper):
        case [ast.Return(value=ast.expr() as value)]:
            reads = [n for n in ast.walk(value) if isinstance(n, ast.Name) and n.id == parameter]
            return keyed(value, parameter) if len(reads) == 1 else None
        case _:
            return None


def _model(source: "Source", known: "Known", asked: Keyed) -> "Model | None":
    """The model that the helper's own query is of."""
    assert source.scene is not None
    name = asked.model.rpartition(".")[2]
    for _, effect in source.scene.effects():
        query = effect.query
        if query is not None and effect.site.module is known.module and query.model.cls.name == name:
            return query.model
    return None


def _existing(tree: ast.Module, helper: ast.FunctionDef, asked: Keyed, position: int) -> str | None:
    """The function of the same module that gives the same rows for a list of keys, as a dictionary of lists."""
    if asked.terminal != "all":
        return None
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node is helper or node.decorator_list:
            continue
        names = [one.arg for one in node.args.args]
        own = [one.arg for one in helper.args.args]
        if (
            len(names) != len(own)
            or names[:position] + names[position + 1 :] != own[:position] + own[position + 1 :]
        ):
            continue
        if node.args.defaults or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
            continue
        if _is_batch(node, asked, names[position]):
            return node.name
    return None


def _is_batch(function: ast.FunctionDef, asked: Keyed, keys: str) -> bool:
    """`found = {key: [] for key in keys}`, one query with IN, `found[row.column].append(row)`, `return found`."""
    batched = _batched(_body(function))
    if batched is None or (batched.column, batched.keys) != (asked.column, keys):
        return False
    mine, other = _parts(asked.query), _parts(batched.query)
    if mine is None or other is None:
        return False
    wanted = {
        f"{asked.model}.{asked.column}.in_({keys})" if one == ast.unparse(asked.condition) else one
        for one in mine[1]
    }
    return (mine[0], wanted, mine[2], mine[3]) == other


def query_parts(function: ast.FunctionDef, /, *, several: bool) -> "tuple[str, list[ast.expr], str] | None":
    """(model, conditions, session) of a helper that gives the rows of one key, or of many as a dictionary of lists."""
    body = _body(function)
    if several:
        query = _batched_query(body)
    else:
        match body:
            case [ast.Return(value=ast.Call(func=ast.Attribute(attr="all"), args=[], keywords=[]) as query)]:
                pass
            case _:
                query = None
    parts = None if query is None else _parts(query)
    if parts is None:
        return None
    return parts[0], [ast.parse(one, mode="eval").body for one in sorted(parts[1])], parts[3]


@dataclass(frozen=True, slots=True)
class _Batched:
    """A function's body that puts each row of a query into the list of the key that it was found by."""

    query: ast.expr
    column: str
    keys: str
    """The name that the lists are made for."""


def _batched(body: list[ast.stmt]) -> _Batched | None:
    if len(body) < _TAIL + 1:
        return None
    match body[0], body[-_TAIL], body[-1]:
        case (
            ast.Assign(
                targets=[ast.Name(id=found)],
                value=ast.DictComp(
                    key=ast.Name(id=a),
                    value=ast.List(elts=[]),
                    generators=[ast.comprehension(target=ast.Name(id=b), iter=ast.Name(id=keys), ifs=[])],
                ),
            ),
            ast.For(
                target=ast.Name(id=row),
                iter=rows,
                body=[
                    ast.Expr(
                        value=ast.Call(
                            func=ast.Attribute(
                                value=ast.Subscript(
                                    value=ast.Name(id=into),
                                    slice=ast.Attribute(value=ast.Name(id=of), attr=column),
                                ),
                                attr="append",
                            ),
                            args=[ast.Name(id=put)],
                        )
                    )
                ],
                orelse=[],
            ),
            ast.Return(value=ast.Name(id=given)),
        ) if a == b and found == into == given and row == of == put:
            pass
        case _:
            return None
    match body[1:-_TAIL], rows:
        case [ast.Assign(targets=[ast.Name(id=named)], value=query)], ast.Name(id=read) if named == read:
            return _Batched(query, column, keys)
        case [], ast.Call() as query:
            return _Batched(query, column, keys)
        case _:
            return None


def _batched_query(body: list[ast.stmt]) -> ast.expr | None:
    """The query of such a body, if it asks for just these keys."""
    batched = _batched(body)
    parts = None if batched is None else _parts(batched.query)
    if batched is None or parts is None:
        return None
    return batched.query if f"{parts[0]}.{batched.column}.in_({batched.keys})" in parts[1] else None


def _parts(query: ast.expr) -> "tuple[str, set[str], tuple[str, ...], str] | None":
    """(model, conditions, order, session) of a legacy query or of `session.scalars(select(…))`."""
    one = chain(query)
    if one.steps and one.steps[-1].name == "all" and one.steps[-1].call is not None:
        one = chain(one.steps[-2].node) if len(one.steps) > 1 else one
    if one.steps and one.steps[-1].name == "scalars" and one.steps[-1].call is not None:
        session = ast.unparse(one.steps[-2].node if len(one.steps) > 1 else one.root)
        inner = chain(one.steps[-1].call.args[0])
        if not isinstance(inner.root, ast.Call) or ast.unparse(inner.root.func) != "select":
            return None
        model, calls = inner.root.args, [(s.name, s.call) for s in inner.steps]
    else:
        at = next(
            (n for n, step in enumerate(one.steps) if step.name == "query" and step.call is not None), None
        )
        if at is None:
            return None
        session = ast.unparse(one.steps[at - 1].node if at else one.root)
        root = one.steps[at].call
        assert root is not None
        model, calls = root.args, [(s.name, s.call) for s in one.steps[at + 1 :]]
    conditions: set[str] = set()
    order: tuple[str, ...] = ()
    for name, call in calls:
        if call is None or call.keywords or name not in {"filter", "where", "order_by"}:
            return None
        if name == "order_by":
            order += tuple(ast.unparse(a) for a in call.args)
        else:
            conditions |= {ast.unparse(a) for a in call.args}
    return ast.unparse(model[0]) if len(model) == 1 else "", conditions, order, session


def _write(home: Spans, helper: ast.FunctionDef, asked: Keyed, parameter: str, *, sibling: str) -> None:
    """Writes the sibling below the helper."""
    keys = f"{parameter}s"
    parameters = ", ".join(keys if one.arg == parameter else ast.unparse(one) for one in helper.args.args)
    start, _ = home.span(asked.query)
    text = home.source(asked.query)
    begin, end = (at - start for at in home.span(asked.condition))
    text = f"{text[:begin]}{asked.model}.{asked.column}.in_({keys}){text[end:]}"
    rows = f"({text})" if "\n" in text else text
    if asked.terminal == "all":
        doc, made, put = (
            "[row, ...]",
            f"{{key: [] for key in {keys}}}",
            f"found[row.{asked.column}].append(row)",
        )
    else:
        doc, made, put = "row", "{}", f"found.setdefault(row.{asked.column}, row)"
    home.insert_after(
        helper,
        f'\n\n\ndef {sibling}({parameters}):\n    """`{{{parameter}: {doc}}}`, as `{helper.name}` gives them."""\n'
        f"    found = {made}\n    for row in {rows}:\n        {put}\n    return found",
    )


def _name_here(call: ast.Call, sibling: str, spans: Spans) -> str | None:
    """How the sibling is called where the helper is called."""
    if isinstance(call.func, ast.Attribute):
        return f"{spans.holder(call.func.value)}.{sibling}"
    assert isinstance(call.func, ast.Name)
    for node in spans.tree.body:
        if isinstance(node, ast.ImportFrom) and any(alias.name == call.func.id for alias in node.names):
            if node.level or node.module is None or any(alias.asname for alias in node.names):
                return None
            names = add_names(spans, node.module, [sibling])
            return None if names is None else names[0]
    return sibling
