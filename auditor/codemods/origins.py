"""Where the source builds the query that the trace speaks of."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import Chain, Step, chain, chains, mentions
from auditor.codemods.places import function_at

if TYPE_CHECKING:
    from auditor.codemods.spans import Spans
    from auditor.index.project import Project
    from auditor.index.values import Query

_DJANGO: Final = frozenset(
    "all filter exclude order_by select_related prefetch_related distinct annotate alias reverse using "
    "complex_filter get_queryset".split()
)
_SQLALCHEMY: Final = frozenset(
    "query select filter filter_by where join outerjoin options order_by group_by having limit offset distinct "
    "select_from with_for_update execution_options".split()
)
_OTHER_ROWS: Final = frozenset(
    "values values_list dates datetimes union intersection difference iterator raw only defer select_for_update "
    "in_bulk with_entities from_self from_statement union_all subquery yield_per stream stream_scalars extra "
    "with_only_columns values_list".split()
)
"""Calls after which the rows are others, or come in another way."""


def queryset_methods(project: "Project") -> frozenset[str]:
    """Names of the methods that classes of a project add to querysets and managers, and of nothing else of the project."""
    adding: set[str] = set()
    others: set[str] = set()
    for module in project.modules:
        for function in module.functions if module.role != "library" else ():
            above = () if function.owner is None else project.external_bases(function.owner)
            adds = any(name.endswith(("QuerySet", "Manager")) for name in above)
            (adding if adds else others).add(function.name)
    return frozenset(adding - others)


@dataclass(frozen=True, slots=True)
class Origin:
    """A query as it is written."""

    chain: Chain
    at: Step
    """The last step that makes a query of a query: what is added goes behind it."""
    entity: str
    """SQLAlchemy: how the source names the model here; "" where the chain begins with another query."""


def origin_of(spans: "Spans", query: "Query", /, *, own: frozenset[str] = frozenset()) -> Origin | str:
    """The expression that builds a query; a reason where that is not plain to see.

    `own`: methods of the project's querysets and managers, which build queries as Django's do.
    """
    site = query.site
    builders = _DJANGO | own if query.orm == "django" else _SQLALCHEMY
    found = [
        (one, at)
        for one in chains(spans.tree, site.start, site.end)
        if (at := position(one, builders)) is not None
    ]
    if len(found) > 1 and query.relation:
        found = [(one, at) for one, at in found if any(s.name == query.relation for s in one.steps)] or found
    if len(found) > 1:
        found = [(one, at) for one, at in found if is_of(one, query)] or found
    if len(found) > 1:
        found = [pair for pair in found if not any(is_below(pair[0], other) for other, _ in found)]
    if len(found) != 1:
        return f"the query is not written as one chain of calls at {site.module.path}:{site.line}"
    one, at = found[0]
    if isinstance(one.root, ast.Name):
        based = _based(spans, one.root, site.line, builders)
        if isinstance(based, str):
            return based
        one, at = based or (one, at)
    odd = {step.name for step in one.steps} & _OTHER_ROWS
    function = function_at(spans.tree, site.line)
    if not odd and function is not None:
        odd = set(mentions(function, _OTHER_ROWS - {"values", "values_list", "subquery", "raw"}))
    if odd:
        return f"the query is used with `{min(odd)}`"
    return Origin(one, one.steps[at] if at >= 0 else Step("select", one.root, None), entity_of(one, query))


def got_by_key(spans: "Spans", query: "Query", /) -> Origin | None:
    """`session.get(Model, key)`, or in Django `Model.objects.get(…)`, which no step before builds."""
    site = query.site
    found: list[Origin] = []
    for one in chains(spans.tree, site.start, site.end):
        last = one.steps[-1] if one.steps else None
        if last is None or last.name != "get" or last.call is None:
            continue
        named = last.call.args[0] if last.call.args else None
        if query.orm == "sqlalchemy" and named is not None and entity_name(named) == query.model.cls.name:
            found.append(Origin(one, last, ast.unparse(named)))
        if query.orm == "django" and [step.name for step in one.steps] == ["objects", "get"]:
            is_model = isinstance(one.root, ast.Name) and one.root.id == query.model.cls.name
            found += [Origin(one, one.steps[0], "")] if is_model else []
    return found[0] if len(found) == 1 else None


def entity_name(node: ast.expr) -> str:
    """The last name of `models.Book`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _based(
    spans: "Spans", name: ast.Name, line: int, builders: frozenset[str]
) -> "tuple[Chain, int] | str | None":
    """Where a query begins that `query = query.filter(…)` goes on with, perhaps on one way only.

    None where the name is bound by nothing but this statement's own; a reason where it begins in several places.
    """
    function = function_at(spans.tree, line)
    if function is None:
        return None
    bound = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [name.id]
    ]
    goes_on = [node for node in bound if mentions(node.value, frozenset({name.id}))]
    if not any(node.lineno <= line <= (node.end_lineno or 0) for node in goes_on):
        return None
    begun = [chain(node.value) for node in bound if node not in goes_on]
    places = [(one, at) for one in begun if (at := position(one, builders)) is not None]
    handed = {one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    if len(begun) != 1 or len(places) != 1 or name.id in handed:
        return f"`{name.id}` begins in more than one place"
    return places[0]


def position(one: Chain, builders: frozenset[str]) -> int | None:
    """The last building step; -1 for a bare `select(...)`, None if there is none."""
    at = one.last(builders)
    if at is None and "select" in builders and is_select(one.root):
        return -1
    return at


def is_select(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "select"


def is_of(one: Chain, query: "Query") -> bool:
    """Whether the chain begins with the query's model."""
    if entity_of(one, query):
        return True
    begins: list[ast.expr] = [one.root, *(s.node for s in one.steps[:1])]
    return any(mentions(node, frozenset({query.model.cls.name})) for node in begins)


def is_below(one: Chain, other: Chain) -> bool:
    return one is not other and any(node is one.node for node in ast.walk(other.node))


def entity_of(one: Chain, query: "Query") -> str:
    """What `session.query(X)`, `select(X)` and `X.query` name, when it is the query's model."""
    given: list[ast.expr] = []
    if is_select(one.root):
        assert isinstance(one.root, ast.Call)
        given = one.root.args
    for n, step in enumerate(one.steps):
        if step.name in {"query", "select"}:
            given = step.call.args if step.call is not None else [one.steps[n - 1].node if n else one.root]
            break
    for node in given:
        text = chain(node)
        name = text.steps[-1].name if text.steps else text.root.id if isinstance(text.root, ast.Name) else ""
        if name in {query.model.cls.name, "cls"} and all(s.call is None for s in text.steps):
            return ast.unparse(node)
    return ""
