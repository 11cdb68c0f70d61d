"""Loads the relations that a loop reads with the rows that it walks over

## What it does
Finds, through the trace, the query whose rows a loop (in another function, a property, a serializer, a template) reads
relations of, and adds what loads them there: `select_related` for relations to one row and `prefetch_related` for those
to many (`row.relation.all()`) in Django, `joinedload` and `selectinload` in SQLAlchemy. Options that are there already are extended. A single
row gets those that a join brings.

## What it never does
It leaves a query alone whose rows come in another way (`values`, `only`, `union`, `iterator`, `yield_per`), one that
locks its rows, and one whose related rows are written between the fetch and the read: an eager load would not see that.

## What it leaves to a person
Whether a helper's other callers want the relation too: for them it costs a join, or one query more.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.codemods import eager_django, eager_sqlalchemy
from auditor.codemods.loading import (
    hops,
    is_shared,
    limited_to,
    loop_of,
    wanted_by,
    wanted_of_one,
    written_between,
)
from auditor.codemods.narrowed_elsewhere import begun_by_call, begun_by_caller
from auditor.codemods.origins import got_by_key, origin_of, queryset_methods
from auditor.codemods.outcome import Declined, Written
from auditor.index.values import Row
from auditor.rules.claim import qualname
from auditor.trace.view_actions import is_view_set

if TYPE_CHECKING:
    from auditor.codemods.loading import Hop, Wanted
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Model
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene, Spot

NAME: Final = "eager_load"
RULES: Final = ("lazy-load-in-loop", "lazy-loads-of-one-row", "query-in-loop")
_DEEP: Final = 4
"""Steps of a path beyond which a guess of the trace is likelier than a relation that is wanted."""


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """One option, or several, at each query whose rows the finding's function reads relations of."""
    if source.scene is None:
        return Declined(NAME, "where the rows come from is known only with a trace")
    of_one = finding.rule == "lazy-loads-of-one-row"
    groups = (wanted_of_one if of_one else wanted_by)(finding, source.scene)
    if finding.rule == "query-in-loop":
        groups = [one for one in groups if any(effect.cause == "query" for _, effect in one.effects)]
    if not groups:
        return Declined(NAME, "the query that the rows come from is not known")
    edited: dict[str, Spans] = {}
    named: list[str] = []
    reasons: list[str] = []
    for group in [_at_beginning(one, source, finding) for one in groups]:
        path = group.query.site.module.path
        spans = edited.get(path) or source.spans(path)
        if spans is None:
            reasons.append(f"the query is not written in the project, but in {path}")
            continue
        reason = _comes_with(group, groups) or _load(group, spans, source, finding)
        if reason:
            reasons.append(reason)
        else:
            edited[path] = spans
            named += [f"{group.query.model.name}.{one}" for one in sorted(group.paths)]
    if not edited:
        return Declined(NAME, reasons[0])
    try:
        files = {path: spans.result() for path, spans in edited.items()}
    except ValueError:
        return Declined(NAME, "two queries of the same statement would change")
    return Written(
        codemod=NAME,
        title=f"Load {', '.join(dict.fromkeys(named))} with the rows",
        files=files,
        promises=("sql",),
        constant_rise=("sql",),  # what a helper's other callers pay
        verify=_verify(groups),
    )


def _at_beginning(group: "Wanted", source: "Source", finding: "Finding") -> "Wanted":
    """The same where a caller begins the query that a helper narrows or a queryset's method builds: others don't pay for it there."""
    assert source.scene is not None
    query = group.query
    if query.orm != "django" or written_between(group, _targets(source, group)):
        return group
    if finding.rule != "lazy-loads-of-one-row":
        here = limited_to(group, lambda _, effect: _is_told(loop_of(effect), finding))
        spot = loop_of(here.effects[0][1])
        begun = begun_by_call(query, spot, source) if _is_told(spot, finding) else None
        if begun is not None:
            return replace(here, query=begun)
    begun = begun_by_caller(query, source)
    group = group if begun is None else replace(group, query=begun)
    if not _actions(group, source.scene, finding):
        return group
    entries = source.scene.entries_of
    told = set(finding.endpoints)
    return limited_to(group, lambda scope, _: not told.isdisjoint(entries.get(id(scope), told)))


def _is_told(spot: "Spot", finding: "Finding") -> bool:
    return spot.module.path == finding.file and qualname(spot) == finding.function


def _targets(source: "Source", group: "Wanted") -> "list[Model]":
    assert source.scene is not None
    ways = _ways(source.scene, group)
    return (
        [] if isinstance(ways, str) else [hop.target for way in ways for hop in way if hop.target is not None]
    )


def _comes_with(group: "Wanted", groups: "list[Wanted]") -> str:
    """Why a relation's own query stays as it is: the same patch prefetches it, and one that asks more is asked anew."""
    query, owner = group.query, group.query.owner
    if query.orm != "django" or query.relation is None or not isinstance(owner, Row):
        return ""
    name = query.relation.rpartition(".")[2]
    for other in groups:
        if other is not group and other.query.model is owner.model and name in other.paths:
            return f"the rows of `{name}` are loaded with those of {owner.model.name}"
    return ""


def _load(group: "Wanted", spans: "Spans", source: "Source", finding: "Finding") -> str:
    """Adds the options of one query; the reason where it can't."""
    assert source.scene is not None
    query = group.query
    if reason := _odd(group):
        return reason
    if is_shared(source.scene, query):
        return "the same place queries several models"
    got = got_by_key(spans, query)
    found = got or origin_of(spans, query, own=queryset_methods(source.scene.project))
    if isinstance(found, str):
        return found
    if spans.text.count("\n") < query.site.end - 1:
        return "the file has changed since it was read"
    ways = _ways(source.scene, group)
    if isinstance(ways, str):
        return ways
    if written := written_between(group, _targets(source, group)):
        return f"`{written}` comes between the query and the read, which an eager load would not see"
    if got is not None and query.orm == "sqlalchemy":
        return eager_sqlalchemy.load_got(spans, got, ways, query=query, source=source)
    if query.orm == "django":
        is_asking_more = any(not eager_django.is_joined(way) for way in ways)
        actions = _actions(group, source.scene, finding) if is_asking_more else ()
        return eager_django.load(spans, found, ways, distinct=query.distinct, actions=actions)
    return eager_sqlalchemy.load(spans, found, ways, query=query, source=source)


def _actions(group: "Wanted", scene: "Scene", finding: "Finding") -> tuple[str, ...]:
    """The actions of a view set that need the relations, where its `get_queryset` gives the rows of others too."""
    home = group.query.site.function
    if home is None or home.name != "get_queryset" or home.owner is None:
        return ()
    asking = [
        root.entry
        for root in scene.trace.entries
        if root.entry is not None
        and root.entry.receiver is not None
        and scene.project.method(root.entry.receiver, "get_queryset") is home
    ]
    if not asking or not all(
        is_view_set(scene.project, e.receiver) for e in asking if e.receiver is not None
    ):
        return ()
    wanting = {e.handler.name for e in asking if e.id in finding.endpoints}
    return tuple(sorted(wanting)) if wanting < {e.handler.name for e in asking} else ()


def _odd(group: "Wanted") -> str:
    """What about a query keeps its rows from being loaded with relations."""
    query = group.query
    if query.orm == "django" and query.shape != "rows":
        return "the query gives no rows of a model"
    if query.orm == "django" and query.only is not None:
        return "the query names its columns"
    if query.locked:
        return "the query locks its rows, and a join would lock the related ones too"
    if query.streaming:
        return "the query streams its rows"
    if query.empty or (query.in_memory and (query.orm == "django" or query.relation is not None)):
        return "the rows are in memory already"
    if all(effect.guessed for _, effect in group.effects):
        return "the model is only guessed from a name"
    return ""


def _ways(scene: "Scene", group: "Wanted") -> "list[tuple[Hop, ...]] | str":
    ways = []
    for path in sorted(group.paths):
        way = hops(scene, group.query.model, path)
        if way is None or len(way) > _DEEP:
            return f"`{path}` is not known to be a relation of every {group.query.model.name}"
        ways.append(way)
    return ways


def _verify(groups: "list[Wanted]") -> tuple[str, ...]:
    """Where the query is a helper's, its other callers."""
    shared = sorted(
        {
            g.query.site.function.qualname
            for g in groups
            if g.query.site.function is not None
            and any(e.loops and g.query.site.function is not e.loops[-1].site.function for _, e in g.effects)
        }
    )
    return tuple(f"Whether the other callers of `{name}` want the relation too" for name in shared)
