"""Fetches the columns that a loop reads, in place of whole rows

## What it does
`[d.id for d in documents]` becomes `list(documents.values_list("id", flat=True))`; in other loops and comprehensions
the variable becomes the value. In SQLAlchemy the query selects the key alone.

## What it never does
It leaves rows alone that anything else is done with, columns whose attribute is more than the stored value (files, own
types), models that do something when an instance is made, and DISTINCT over anything but the key.

## What it leaves to a person
Nothing: the same values come in the same order.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.fetched import DJANGO_QUERIES
from auditor.codemods.long_lines import length
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import free_name, function_at, names_bound, parents
from auditor.codemods.single_names import assignment, loads
from auditor.codemods.walks import Walk, walks
from auditor.index.values import Many, Query, Row

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Model
    from auditor.model.report import Finding

NAME: Final = "only_columns"
RULES: Final = ("over-fetch",)
_LONG: Final = 110
"""What a line inside brackets may have before it is broken: a shorter one reads better whole."""
_PLAIN: Final = frozenset(
    "AutoField BigAutoField SmallAutoField IntegerField BigIntegerField SmallIntegerField PositiveIntegerField "
    "PositiveSmallIntegerField PositiveBigIntegerField CharField TextField SlugField EmailField URLField UUIDField "
    "BooleanField NullBooleanField DateField DateTimeField TimeField DurationField DecimalField FloatField".split()
)
"""Django's own types whose attribute is what a list of values holds."""
_ON_INSTANCE: Final = frozenset({"__init__", "from_db", "__new__"})


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The columns alone, for each loop at the finding's statements."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    if spans is None or function is None:
        return Declined(NAME, f"no function of {finding.file} is at line {finding.line}")
    found = walks(function, finding.line, finding.end_line)
    reason = "the rows are walked over in a way that is not plain to see"
    named: list[str] = []
    for one in found:
        model = _model(one, finding, source)
        why = _odd(one, model) if isinstance(model, _Walked) else model
        if not why and isinstance(model, _Walked):
            why = _edit(spans, function, one, model)
        if why:
            reason = why
        else:
            named += one.columns
    if not named:
        return Declined(NAME, reason)
    try:
        files = {finding.file: spans.result()}
    except ValueError:
        return Declined(NAME, "one loop lies inside another")
    return Written(
        codemod=NAME, title=f"Fetch {', '.join(dict.fromkeys(named))} in place of whole rows", files=files
    )


class _Walked:
    """The query behind a loop."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.model: Model = query.model


def _model(one: Walk, finding: "Finding", source: "Source") -> "_Walked | str":
    if source.scene is None:
        return "which rows these are is known only with a trace"
    found: dict[int, Query] = {}
    lines = range(one.rows.lineno, (one.rows.end_lineno or one.rows.lineno) + 1)
    for _, use in source.scene.uses():
        if use.how == "iterate" and use.site.module.path == finding.file and use.site.line in lines:
            value = use.value
            query = value.source if isinstance(value, Many) else value
            if query is None and isinstance(value, Many) and isinstance(value.elem, Row):
                query = value.elem.origin
            if not isinstance(query, Query):
                return "not only rows of a query are walked over"
            found[id(query.model)] = query
    if len(found) != 1:
        return "the query behind the rows is not known"
    return _Walked(next(iter(found.values())))


def _odd(one: Walk, walked: _Walked) -> str:
    """What about the model or the columns makes a list of values something else."""
    query, model = walked.query, walked.model
    is_key = all(name in {"pk", model.primary_key} for name in one.columns)
    if query.distinct and not is_key:
        return "a DISTINCT over the column gives other rows than one over all columns"
    for cls in (model.cls, *(p.cls for p in model.parents)):
        if _ON_INSTANCE & cls.scope.keys():
            return f"{cls.name} does something when an instance is made"
    if model.orm != "django":
        return "" if is_key else "a session may hold another value of the column than the database"
    for name in one.columns:
        column = model.columns.get(model.primary_key if name == "pk" else name)
        implicit = name in {"pk", "id"} and (column is None or not column.type)
        kind = "" if column is None else column.type.rpartition(".")[2]
        if not implicit and kind not in _PLAIN:
            return f"the attribute `{name}` may be more than the stored value"
    return ""


def _edit(spans: "Spans", function: "Function", one: Walk, walked: _Walked) -> str:
    """Makes the edits; the reason where it can't."""
    if spans.comments(one.rows):
        return "a comment stands inside the query"
    if walked.model.orm != "django":
        return _edit_sqlalchemy(spans, one, walked)
    asked = ", ".join(f'"{name}"' for name in one.columns)
    call = f".values_list({asked}{', flat=True' if len(one.columns) == 1 else ''})"
    above = parents(function)
    if isinstance(one.rows, ast.Name):
        place = _named(function, one, above)
        if isinstance(place, str):
            return place
        at: ast.expr = place
    else:
        at = one.rows
    target = at if isinstance(at, ast.Name) else _query_end(at)
    if target is None:
        return "the query is not written as one chain of calls"
    direct = _is_bare(one)
    wrapper = "set" if isinstance(one.node, ast.SetComp) else "list"
    if direct and at is one.rows:
        start, end = spans.span(target)[1] - spans.span(one.rows)[0], len(spans.source(one.rows))
        text = spans.source(one.rows)
        spans.replace(one.node, f"{wrapper}({text[:start]}{call}{text[start:end]})")
        return ""
    if direct:
        spans.replace(one.node, f"{wrapper}({spans.source(one.rows)})")
    else:
        call = _broken(spans, one, target, call) if at is one.rows else call
        _rename(spans, function, one)
    spans.insert_after(target, call)
    return ""


def _broken(spans: "Spans", one: Walk, target: ast.expr, call: str) -> str:
    """The call on a line of its own where a comprehension's line would become too long."""
    if not isinstance(one.node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return call
    line = spans.lines[(target.end_lineno or target.lineno) - 1]
    named = sum(len(f"{one.variable.id}_{column}, ") for column in one.columns)
    if len(line) + len(call) + named <= max(length(spans), _LONG):
        return call
    return f"\n{line[: len(line) - len(line.lstrip())]}    {call}"


def _named(function: "Function", one: Walk, above: dict[ast.AST, ast.AST]) -> ast.expr | str:
    """Where the call goes when the rows have a name: at the loop, or where the name is bound."""
    assert isinstance(one.rows, ast.Name)
    read = loads(function, one.rows.id)
    others = [node for node in read if node is not one.rows]
    if all(isinstance(above.get(node), ast.Attribute) for node in others):
        bound = assignment(function, one.rows.id)
        if bound is not None and _query_end(bound.value) is None:
            return "the rows are no query any more where they are walked over"
        return one.rows
    if all(_is_asked(above, node) for node in others):
        bound = assignment(function, one.rows.id)
        if bound is None or _query_end(bound.value) is None:
            return "the query is not written as one chain of calls"
        return bound.value
    return f"`{one.rows.id}` is used for something else too"


def _is_asked(above: dict[ast.AST, ast.AST], node: ast.Name) -> bool:
    """`len(rows)` and `if rows`."""
    parent = above.get(node)
    match parent:
        case ast.Call(func=ast.Name(id="len" | "bool")):
            return True
        case ast.If(test=test) | ast.While(test=test):
            return test is node
        case ast.UnaryOp(op=ast.Not()):
            return True
        case _:
            return False


def _query_end(node: ast.expr) -> ast.expr | None:
    """The last step of a Django chain that gives a query, before a slice."""
    one = chain(node)
    steps = list(one.steps)
    if steps and steps[-1].name == "[]":
        steps.pop()
    if (
        not steps
        or steps[-1].call is None
        or steps[-1].name not in DJANGO_QUERIES - {"values", "values_list"}
    ):
        return None
    if any(s.call is not None and s.name not in DJANGO_QUERIES for s in steps):
        return None
    if any(s.name in {"values", "values_list"} for s in steps):
        return None
    return steps[-1].node


def _is_bare(one: Walk) -> bool:
    """`[row.column for row in rows]`: the values as they come."""
    if not isinstance(one.node, (ast.ListComp, ast.SetComp)) or len(one.node.generators) != 1:
        return False
    return one.node.elt in one.reads and not one.node.generators[0].ifs


def _rename(spans: "Spans", function: "Function", one: Walk) -> None:
    """The variable becomes its columns' values."""
    taken = set(names_bound(function)) | {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
    names: dict[str, str] = {}
    for column in one.columns:
        names[column] = free_name(f"{one.variable.id}_{column}", taken)
        taken.add(names[column])
    spans.replace(one.variable, ", ".join(names.values()))
    for read in one.reads:
        spans.replace(read, names[read.attr])


def _edit_sqlalchemy(spans: "Spans", one: Walk, walked: _Walked) -> str:
    """`session.query(X)…all()` with the key alone: its rows have the same attribute."""
    made = chain(one.rows)
    names = {step.name for step in made.steps}
    if names & {"join", "outerjoin", "options", "distinct", "select_from", "group_by", "union", "from_self"}:
        return "the legacy query leaves out rows that are repeated"
    query = next((step for step in made.steps if step.name == "query" and step.call is not None), None)
    if query is None or query.call is None or len(query.call.args) != 1 or query.call.keywords:
        return "the query is not written as `session.query(...)`"
    entity = query.call.args[0]
    text = spans.source(entity)
    if text.rpartition(".")[2] != walked.model.cls.name or len(one.columns) != 1:
        return "the query names its model in another way"
    spans.replace(entity, f"{text}.{one.columns[0]}")
    return ""
