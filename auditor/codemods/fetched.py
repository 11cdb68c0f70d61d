"""Expressions that fetch rows, and how the database is asked for their number or for whether there are any."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import Chain, chain, mentions

if TYPE_CHECKING:
    from auditor.codemods.spans import Spans

DJANGO_QUERIES: Final = frozenset(
    "all filter exclude order_by select_related prefetch_related distinct annotate alias reverse using none "
    "values values_list only defer".split()
)
_TELLING: Final = frozenset(
    "all filter exclude order_by select_related prefetch_related distinct annotate".split()
)
"""Those that only a query has: a dictionary has `values` too."""
_MULTIPLYING: Final = frozenset(
    "join outerjoin select_from options with_entities from_self group_by union union_all from_statement "
    "execution_options yield_per".split()
)
"""Calls after which a legacy query may leave rows out that a COUNT counts, or the other way."""


@dataclass(frozen=True, slots=True)
class Rows:
    """An expression that gives rows when it is consumed."""

    query: str
    """The source of the query itself."""
    orm: str
    """`django`, `query` (SQLAlchemy's legacy one) or `select`."""
    session: str = ""
    """Empty for `Model.query`, which has its own."""
    steps: frozenset[str] = frozenset()
    is_row: bool = False
    """It gives the first row or None."""

    def exists(self) -> str:
        """Source that says whether there are any."""
        if self.orm == "django":
            return f"{self.query}.exists()"
        if self.orm == "query" and not self.session:
            return f"({self.query}.first() is not None)"
        if self.orm == "query":
            return f"{self.session}.query({self.query}.exists()).scalar()"
        return f"{self.session}.scalar({self.query}.exists().select())"

    def count(self) -> str | None:
        """Source that gives their number; None where a COUNT may give another one."""
        if self.orm == "django":
            return f"{self.query}.count()"
        if self.orm == "query" and not self.steps & _MULTIPLYING:
            return f"{self.query}.count()"
        return None


def rows_of(spans: "Spans", node: ast.expr, orm: str, /) -> Rows | None:
    """What an expression fetches, when its text says so: a whole query, not a name for one."""
    one = chain(node)
    names = frozenset(step.name for step in one.steps if step.call is not None)
    if not one.steps or names & {"iterator", "raw"}:
        return None
    return _django(spans, one, names) if orm == "django" else _sqlalchemy(spans, one, names)


def _django(spans: "Spans", one: Chain, names: frozenset[str]) -> Rows | None:
    if not names & _TELLING:
        return None
    last = one.steps[-1]
    if last.name == "[]":
        subscript = last.node
        assert isinstance(subscript, ast.Subscript)
        cut = subscript.slice
        if not isinstance(cut, ast.Slice) or cut.step is not None or len(one.steps) < 2:
            return None
        last = one.steps[-2]
    if last.call is not None and last.name in {"first", "last"} and not last.call.args and len(one.steps) > 1:
        below = one.steps[-2]
        if below.name not in DJANGO_QUERIES or below.call is None:
            return None
        return Rows(spans.source(below.node), "django", steps=names, is_row=True)
    if last.call is None or last.name not in DJANGO_QUERIES:
        return None
    return Rows(spans.source(one.node), "django", steps=names)


def _sqlalchemy(spans: "Spans", one: Chain, names: frozenset[str]) -> Rows | None:
    last = one.steps[-1]
    if last.call is None or last.call.args or last.name not in {"all", "first"} or len(one.steps) < 2:
        return None
    below = one.steps[-2]
    is_row = last.name == "first"
    for n, step in enumerate(one.steps):
        if step.name == "query" and step.call is not None and n + 1 < len(one.steps):
            session = one.steps[n - 1].node if n else one.root
            return Rows(spans.source(below.node), "query", spans.source(session), names, is_row)
    own = next(
        (n for n, step in enumerate(one.steps[:-1]) if step.name == "query" and step.call is None), None
    )
    if own is not None and not is_row:
        model = one.steps[own - 1].node if own else one.root
        named = model.id if isinstance(model, ast.Name) else one.steps[own - 1].name
        return Rows(spans.source(below.node), "query", steps=names) if named[:1].isupper() else None
    if below.name == "scalars" and below.call is not None and len(below.call.args) == 1:
        statement = chain(below.call.args[0])
        is_select = isinstance(statement.root, ast.Call) and mentions(
            statement.root.func, frozenset({"select"})
        )
        session = one.steps[-3].node if len(one.steps) > 2 else one.root
        if is_select and not below.call.keywords:
            inner = frozenset(step.name for step in statement.steps)
            return Rows(spans.source(statement.node), "select", spans.source(session), inner, is_row)
    return None
