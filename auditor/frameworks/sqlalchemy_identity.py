"""Fetching by primary key: a `get` of a row that the session holds costs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_held import comes_after, holds, key_of, run_of, way
from auditor.frameworks.sqlalchemy_text import source

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Query, Value


def get(m: Recorder, registry: Registry, query: Query, key: Node | None, node: Node | None) -> Value:
    """`session.get(Model, key)`: a SELECT by primary key, unless the same was got on the way here."""
    text = f"get({query.model.name}, {source(key)})"
    name = key_of(query.model)
    filters = query.filters if name is None else (*query.filters, (name, "exact"))
    wanted = replace(query, bound=1, limited=True, filters=filters, text=text, site=m.site())
    place = None if key is None else _place(m, query, text)
    here = way(m)
    for before, found in registry.got.get(place, ()) if place is not None else ():
        if comes_after(here, before):
            return found
    if not holds(m, registry, query.model):
        results.run(m, registry, wanted, node)
    found = results.entity_row(m, registry, wanted)
    if place is not None:
        registry.got.setdefault(place, []).append((here, found))
    return found


def _place(m: Recorder, query: Query, text: str) -> object | None:
    """What two calls have in common if they are the same `get`; None while nothing is recorded."""
    run, context = run_of(m), getattr(m, "cx", None)
    if run is None:
        return None
    frames: Any = getattr(context, "frames", ())
    return (run, tuple((id(f), n) for f, n in frames), id(m.site().function), query.model.key, text)
