"""Fetching by primary key: a second `get` of the same row in one function finds it in the session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_text import source

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Query, Value


def get(m: Recorder, registry: Registry, query: Query, key: Node | None, node: Node | None) -> Value:
    """`session.get(Model, key)`: a SELECT by primary key, unless the same was got where this comes from."""
    text = f"get({query.model.name}, {source(key)})"
    wanted = replace(
        query, bound=1, limited=True, filters=(*query.filters, *_key(query)), text=text, site=m.site()
    )
    place = None if key is None else _place(m, query, text)
    branch, loops = _path(m)
    if place is not None:
        for before, outer, found in registry.got.get(place, []):
            if branch[: len(before)] == before and loops[: len(outer)] == outer:
                return found
    results.run(m, registry, wanted, node)
    found = results.entity_row(m, registry, wanted)
    if place is not None:
        registry.got.setdefault(place, []).append((branch, loops, found))
    return found


def _key(query: Query) -> list[tuple[str, str]]:
    keys = [c.name for c in query.model.columns.values() if c.unique and c.indexed and not c.nullable]
    return [("id" if "id" in keys else keys[0], "exact")] if keys else []


def _place(m: Recorder, query: Query, text: str) -> object | None:
    """What two calls must have in common to be the same `get` of one run of a function; None while nothing is recorded."""
    context: Any = getattr(m, "cx", None)
    if context is None or getattr(m, "quiet", 0):
        return None
    site = m.site()
    return (
        id(context.summary),
        tuple((id(f), n) for f, n in context.frames),
        id(site.function),
        query.model.key,
        text,
    )


def _path(m: Recorder) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The branches and loops around the place being evaluated."""
    context: Any = getattr(m, "cx", None)
    return (() if context is None else tuple(context.branch)), tuple(id(loop) for loop in m.current_loops())
