"""Whether code makes nothing but values of a query's rows: no row is kept, and nothing else is asked for."""

import ast
import builtins
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import Chain, chain
from auditor.codemods.hashed import is_plain_column
from auditor.codemods.places import dotted

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.index.values import Query

_PURE_CALLS: Final = frozenset(
    "json.loads loads Decimal decimal.Decimal str int float bool dict list set tuple frozenset sorted len enumerate zip "
    "min max sum any all defaultdict collections.defaultdict".split()
)
_PURE_METHODS: Final = frozenset(
    "split rsplit partition rpartition strip lstrip rstrip lower upper title replace startswith endswith setdefault append "
    "extend get items keys values update add join format".split()
)
_SAID: Final = frozenset({"select", "db", "asc", "desc"})
_CLOCKS: Final = frozenset({"now", "today", "utcnow", "random", "current_timestamp", "func"})
_ELSEWHERE: Final = frozenset({"using", "execution_options", "with_for_update", "select_for_update"})
_TUPLES: Final = frozenset({"values_list", "values"})
_TOO_MUCH: Final = (
    ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda,
    ast.With, ast.AsyncWith, ast.AsyncFor, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Delete,
)  # fmt: skip


def escape(body: list[ast.stmt], query: "Query", /, *, names: set[str], source: "Source", path: str) -> str:
    """Why what the code gives may be more than values of the rows; "" where it is not.

    `names` are those that it may read beside its own, the rows and constants.
    """
    nodes = [node for one in body for node in ast.walk(one)]
    if any(isinstance(node, _TOO_MUCH) for node in nodes):
        return "it does more than make values of the rows"
    if path and (other := _other_effect(body, query, source, path)):
        return f"it does more than read the table (`{other}`)"
    asked = [
        (node.target, node.iter)
        for node in nodes
        if isinstance(node, (ast.For, ast.comprehension)) and _is_query(chain(node.iter), query)
    ]
    if len(asked) != 1:
        return "the rows are not walked over in one place"
    target, rows = asked[0]
    in_query = {id(node) for node in ast.walk(rows)}
    if not any(step.name in _TUPLES for step in chain(rows).steps) and (
        reason := _kept_rows(target, nodes, query)
    ):
        return reason
    if reason := _moving(rows, query, names):
        return reason
    return _other_names(nodes, in_query, names) or _other_calls(nodes, in_query)


def _is_query(one: Chain, query: "Query") -> bool:
    model = query.model.cls.name
    mentioned = {n.id for n in ast.walk(one.node) if isinstance(n, ast.Name)}
    mentioned |= {n.attr for n in ast.walk(one.node) if isinstance(n, ast.Attribute)}
    return bool(one.steps) and model in mentioned


def _other_effect(body: list[ast.stmt], query: "Query", source: "Source", path: str) -> str:
    assert source.scene is not None
    first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
    for _, effect in source.scene.effects():
        here = effect.site.module.path == path and first <= effect.site.line <= last
        if here and not (
            effect.kind == "sql" and effect.query is not None and effect.query.model is query.model
        ):
            return effect.label
    for scope in source.scene.scopes:
        for call in scope.calls:
            if call.site.module.path == path and first <= call.site.line <= last:
                return f"{call.callee.name}(…)"
    return ""


def _kept_rows(target: ast.expr, nodes: list[ast.AST], query: "Query") -> str:
    """Why a row may live on: it may only be read for its columns."""
    if not isinstance(target, ast.Name):
        return "the rows have no name"
    read = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and node.attr in query.model.columns
    }
    for node in nodes:
        if (
            isinstance(node, ast.Name)
            and node.id == target.id
            and node is not target
            and id(node) not in read
        ):
            return f"the row `{node.id}` is used for more than its columns"
    return ""


def _moving(rows: ast.expr, query: "Query", names: set[str]) -> str:
    """What of the query may be another one the next time."""
    for node in ast.walk(rows):
        name = node.id if isinstance(node, ast.Name) else ""
        if name and not (name in names | _SAID or name[:1].isupper()) and not _leads_to(rows, node, query):
            return f"the query depends on `{name}`"
        if isinstance(node, ast.Attribute) and node.attr in _CLOCKS | _ELSEWHERE:
            return f"the query depends on `{node.attr}`"
    return ""


def _leads_to(rows: ast.expr, name: ast.AST, query: "Query") -> bool:
    """Whether a name is the module out of which the model is taken: `models.Setting`."""
    return any(
        isinstance(node, ast.Attribute) and node.value is name and node.attr == query.model.cls.name
        for node in ast.walk(rows)
    )


def _other_names(nodes: list[ast.AST], in_query: set[int], names: set[str]) -> str:
    own = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    for node in nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or id(node) in in_query:
            continue
        known = node.id in own | names or node.id.isupper() or hasattr(builtins, node.id)
        if not known and node.id not in {name.partition(".")[0] for name in _PURE_CALLS}:
            return f"it depends on `{node.id}` too"
    return ""


def _other_calls(nodes: list[ast.AST], in_query: set[int]) -> str:
    for node in nodes:
        if not isinstance(node, ast.Call) or id(node) in in_query:
            continue
        is_method = isinstance(node.func, ast.Attribute) and node.func.attr in _PURE_METHODS
        if not is_method and dotted(node.func) not in _PURE_CALLS:
            return f"it calls `{ast.unparse(node.func)}`"
    return ""


def is_shallow(value: ast.expr, source: "Source", /) -> bool:
    """Whether what a comprehension collects are columns that nobody can change in place."""
    assert source.scene is not None
    match value:
        case ast.DictComp(key=key, value=item):
            parts = [key, item]
        case ast.ListComp(elt=item) | ast.SetComp(elt=item):
            parts = [item]
        case _:
            return False
    return all(
        isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and is_plain_column(one.attr, source.scene)
        for one in parts
    )
