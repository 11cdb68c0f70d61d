"""A whole query where its rows are fetched: what it is made of, and where another condition goes."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from auditor.codemods.chains import Chain, chain
from auditor.codemods.places import parents, statement_at
from auditor.codemods.single_names import assignment, loads
from auditor.index.values import Many, ModelValue, Query
from auditor.rules.row_paths import gives_rows

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.values import Model

Style = Literal["django", "query", "select"]

_DJANGO: Final = frozenset(
    "all filter exclude order_by select_related prefetch_related using reverse get_queryset".split()
)
_QUERY: Final = frozenset("query filter filter_by join outerjoin options order_by where".split())
_SELECT: Final = frozenset("select where filter filter_by join outerjoin options order_by".split())
"""Steps before and behind which another condition means the same: nothing is cut, grouped, locked or computed."""
_LISTS: Final = frozenset({"list", "tuple"})


@dataclass(frozen=True, slots=True)
class Fetch:
    """One query and the expression that gives its rows."""

    rows: ast.expr
    """The whole expression."""
    query: ast.expr
    """The part of it, or of the statement that it names, that builds the query."""
    style: Style
    entity: str
    """SQLAlchemy: how the source names the model."""
    statement: ast.stmt
    """Where the query is built."""
    chain: Chain

    @property
    def method(self) -> str:
        return "where" if self.style == "select" else "filter"

    def named(self, *names: str) -> ast.Call | None:
        """The last call of the query with one of these names."""
        step = self.chain.named(*names)
        return None if step is None else step.call


def fetch_of(function: "Function", node: ast.expr, model: "Model", /) -> Fetch | str:
    """The one query whose rows an expression gives; a reason where that is not plain to see."""
    rows = node
    match node:
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _LISTS:
            node = inner
        case _:
            pass
    if model.orm == "django":
        return _django(function, rows, node)
    found = _sqlalchemy(node)
    if found is None:
        return "the rows are not fetched by one whole query"
    named, style = found
    query = _spelled(function, named)
    if isinstance(query, str):
        return query
    made = chain(query)
    entity = _entity(made, model.cls.name)
    allowed = _QUERY if style == "query" else _SELECT
    odd = [step.name for step in made.steps if step.call is not None and step.name not in allowed]
    odd += ["[]" for step in made.steps if step.name == "[]"]
    if odd or not entity:
        what = f"is used with `{odd[0]}`" if odd else "does not select whole rows of one model"
        return f"the query {what}"
    return _placed(function, Fetch(rows, query, style, entity, ast.Pass(), made))


def _spelled(function: "Function", node: ast.expr) -> ast.expr | str:
    """The query itself, where a name stands for it and for nothing else; the reason where it is more."""
    if not isinstance(node, ast.Name):
        return node
    bound = assignment(function, node.id)
    if bound is None or len(loads(function, node.id)) != 1:
        return f"`{node.id}` is built in more than one step, or used for something else too"
    return bound.value


def _django(function: "Function", rows: ast.expr, named: ast.expr) -> Fetch | str:
    node = _spelled(function, named)
    if isinstance(node, str):
        return node
    made = chain(node)
    calls = [step.name for step in made.steps if step.call is not None]
    odd = [name for name in calls if name not in _DJANGO] + [s.name for s in made.steps if s.name == "[]"]
    if odd:
        return f"the query is used with `{odd[0]}`"
    if not calls or made.steps[-1].call is None:
        return "the rows are not fetched by one whole query"
    return _placed(function, Fetch(rows, node, "django", "", ast.Pass(), made))


def _placed(function: "Function", fetch: Fetch) -> Fetch | str:
    """The fetch with its statement; a reason where its names may mean something else there."""
    statement = statement_at(function, fetch.query.lineno, fetch.query.end_lineno)
    if statement is None or isinstance(statement, (ast.While, ast.FunctionDef, ast.AsyncFunctionDef)):
        return "the query is built in a place that is asked again and again"
    above = parents(function)
    holder = above.get(statement)
    if isinstance(statement, ast.If) and isinstance(holder, ast.If) and statement in holder.orelse:
        return "the query is built in a condition that comes after another"
    at: ast.AST | None = above.get(fetch.query)
    below: ast.AST = fetch.query
    while at is not None and at is not statement:
        inner = isinstance(at, ast.comprehension) and below is at.iter and _is_first(at, above.get(at))
        if isinstance(at, ast.Lambda) or (isinstance(at, ast.comprehension) and not inner):
            return "the query is built anew on each turn"
        if isinstance(at, (ast.IfExp, ast.BoolOp)):
            return "the query may not be built at all"
        if isinstance(below, ast.expr) and isinstance(
            at, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        ):
            return "the query is built anew on each turn"
        below, at = at, above.get(at)
    return Fetch(fetch.rows, fetch.query, fetch.style, fetch.entity, statement, fetch.chain)


def _is_first(clause: ast.comprehension, owner: ast.AST | None) -> bool:
    return bool(getattr(owner, "generators", [None])[0] is clause)


def _sqlalchemy(node: ast.expr) -> tuple[ast.expr, Style] | None:
    """The query below `.all()`, `.scalars()` and `await`."""
    match node:
        case ast.Await(value=inner):
            return _sqlalchemy(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="all" | "unique"), args=[], keywords=[]):
            return _sqlalchemy(inner) or _legacy(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="scalars"), args=[], keywords=[]):
            return _executed(inner)
        case ast.Call(func=ast.Attribute(attr="scalars"), args=[statement], keywords=[]):
            return statement, "select"
        case _:
            return _legacy(node)


def _executed(node: ast.expr) -> tuple[ast.expr, Style] | None:
    match node:
        case ast.Await(value=inner):
            return _executed(inner)
        case ast.Call(func=ast.Attribute(attr="execute"), args=[statement], keywords=[]):
            return statement, "select"
        case _:
            return None


def _legacy(node: ast.expr) -> tuple[ast.expr, Style] | None:
    if isinstance(node, ast.Name):
        return node, "query"
    names = {step.name for step in chain(node).steps}
    return (node, "query") if "query" in names else None


def _entity(made: Chain, name: str) -> str:
    """What `session.query(X)`, `select(X)` and `X.query` name, where it is the model and nothing else."""
    given: list[ast.expr] = []
    match made.root:
        case ast.Call(func=ast.Name(id="select") | ast.Attribute(attr="select"), args=args, keywords=[]):
            given = args
        case _:
            pass
    for n, step in enumerate(made.steps):
        if step.name in {"query", "select"} and not given:
            given = step.call.args if step.call is not None else [made.steps[n - 1].node if n else made.root]
    if len(given) != 1:
        return ""
    text = ast.unparse(given[0])
    return text if text.rpartition(".")[2] == name and text.replace(".", "").isidentifier() else ""


def queried(path: str, node: ast.AST, source: "Source", /, *hows: str) -> "Query | str":
    """The query of whole rows that is consumed within the lines of a node; a reason where it is not one for sure."""
    assert source.scene is not None
    first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]  # statements and expressions have lines
    found: list[Query] = []
    for _, use in source.scene.uses():
        if use.how in hows and use.site.module.path == path and first <= use.site.line <= last:
            query = use.value.source if isinstance(use.value, Many) else use.value
            if isinstance(query, Query):
                found.append(query)
    if len({id(one.model) for one in found}) != 1:
        return "the query behind the rows is not known"
    for one in found:
        whole = all(isinstance(column, ModelValue) for column in one.columns) and len(one.columns) <= 1
        if not gives_rows(one) or not whole or one.only is not None:
            return "the query gives no whole rows"
        if one.limited or one.grouped or one.locked or one.streaming or one.annotated or one.distinct:
            return "the query is cut, grouped, locked or computed"
        if one.in_memory and (one.orm == "django" or one.relation is not None):
            return "the rows are in memory already"
    return found[0]
