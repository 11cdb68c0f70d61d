"""Where a query is written down that was built in steps: by a method of a model, a helper that filters, a pager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from auditor.index.values import Query, Site
    from auditor.rules.scene import Scene, Spot


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


def key(site: Site) -> tuple[str, int]:
    return (site.module.path, site.start)
