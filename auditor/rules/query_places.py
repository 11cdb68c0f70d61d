"""Where a query is written down that was built in steps: by a method of a model, a helper that filters, a pager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned
from auditor.rules import turns
from auditor.rules.scene import Spot, spot_of, statement_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.index.symbols import Class
    from auditor.index.values import Query, Site
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Summary

_SHOWN: Final = 12
"""Lines of a statement that a finding shows."""


def home(scene: Scene, query: Query) -> Site:
    """The last place that has a part in this query and in no other one: where it would be mended.

    Steps through which queries of several origins pass (a pager, a filter by tags) and steps of libraries are not it.
    """
    steps = [s for s in query.steps or (query.site,) if s.module.role != "library"]
    own = [s for s in steps if key(s) not in scene.shared_steps]
    found = (own or steps or [query.site])[-1 if own else 0]
    return (
        query.site if found.function is query.site.function and found.module is query.site.module else found
    )


def homes(scene: Scene, query: Query) -> list[Spot]:
    """That place first, then where the query was begun, if that is another function of the project."""
    found = [home(scene, query)]
    first = next((s for s in query.steps if s.module.role != "library"), None)
    if first is not None and first.function is not found[0].function:
        found.append(first)
    return [spot_of(site) for site in found]


def begun_at(scene: Scene, site: Site) -> Spot | None:
    """Where the name that a statement narrows, `rows = rows.filter(…)`, got the query at first: loading it there does too."""
    function = site.function
    if function is None:
        return None
    reads = scene.texts.of(function)
    for s in turns.nodes(function.body):
        if s[0] not in {ir.ASSIGN, ir.RETURN} or not s[1] <= site.line <= s[2] or s[-1] is None:
            continue
        name = turns.root_name(s[4] if s[0] == ir.ASSIGN else s[3])
        bound = [b for b in reads.bindings.get(name, ()) if b[0] == ir.ASSIGN and b[1] < s[1]]
        first = [b for b in bound if turns.root_name(b[4]) != name]
        return statement_of(function, first[-1][1]) if first else None
    return None


def named_by_views(scene: Scene, query: Query, scopes: Iterable[Summary]) -> list[Spot]:
    """Of a query that a library builds for views, `model = Book`, where they name the model: at most two places."""
    if query.site.module.role != "library":
        return []
    found: dict[tuple[str, int], Spot] = {}
    views = scene.once(views_by_entry)
    for entry in dict.fromkeys(e for s in scopes for e in scene.entries_of.get(id(s), ())):
        for view in views.get(entry, ()):
            bound = scene.trace.project.member(view, "model")
            if bound is None or not isinstance(binding := bound[1][-1], Assigned) or binding.value is None:
                continue
            if turns.name_of(binding.value) == query.model.name and bound[0].module.role != "library":
                at = Spot(bound[0].module, None, binding.line, binding.line, binding.line)
                found.setdefault(at.key, at)
    return list(found.values())[:2]


def views_by_entry(scene: Scene) -> dict[str, list[Class]]:
    """By the id of an endpoint: the views that serve it, where these are classes."""
    found: dict[str, list[Class]] = {}
    for entry in (root.entry for root in scene.trace.entries):
        if entry is not None and entry.receiver is not None:
            found.setdefault(entry.id, []).append(entry.receiver)
    return found


def named_at(query: Query, relations: Iterable[str]) -> Spot | None:
    """The line of a long statement that asks for the first relation on the way to one that is missing: `"items"`."""
    firsts = {r.partition(".")[0] for r in relations if "." in r}
    for site in {id(s): s for s in (query.site, *query.steps)}.values():
        body = site.module.body if site.function is None else site.function.body
        for node in turns.nodes(body):
            inside = site.start + _SHOWN <= node[1] <= site.end
            if inside and node[0] == ir.CONST and node[2] in firsts:
                return Spot(site.module, site.function, node[1], node[1], node[1])
    return None


def asked_from(scene: Scene, query: Query, scope: Summary) -> Spot | None:
    """The statement that calls the helper whose query it is, seen from the same top: an argument may be missing there."""
    site = query.site
    through = scene.callers_of_queries.get((site.module.path, site.line, query.model.key), {}).get(id(scope))
    return None if through is None or through[0].module.role == "library" else statement_of(*through)


def key(site: Site) -> tuple[str, int]:
    return (site.module.path, site.start)
