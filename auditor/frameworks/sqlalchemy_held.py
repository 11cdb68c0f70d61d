"""Rows that a session is known to hold: looking one up by its key, or reading a many-to-one to it, is free.

Known where a list of rows was fetched by their keys (or all of a table's) earlier on the way to this place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

_NARROWING: Final = (".filter", ".where(", "join(", ".select_from(", ".distinct(", ".group_by(", ".having(")

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.values import Model, Query


def run_of(m: Recorder) -> object | None:
    """What the places of one evaluation of a function have in common; None while nothing is recorded."""
    context: Any = getattr(m, "cx", None)
    return None if context is None or m.quiet else id(context.summary)


def way(m: Recorder) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The branches and the loops around the place being evaluated, outermost first."""
    context: Any = getattr(m, "cx", None)
    branch = () if context is None else tuple(context.branch)
    return branch, tuple(id(loop) for loop in m.current_loops())


def comes_after(
    here: tuple[tuple[object, ...], tuple[object, ...]], before: tuple[tuple[object, ...], tuple[object, ...]]
) -> bool:
    """Whether a place that was evaluated later is reached only through the earlier one."""
    return all(inner[: len(outer)] == outer for inner, outer in zip(here, before, strict=True))


def key_of(model: Model) -> str | None:
    """The attribute of a model's primary key, where it has one that can be told."""
    keys = [c.name for c in model.columns.values() if c.unique and c.indexed and not c.nullable]
    return "id" if "id" in keys else keys[0] if keys else None


def hold(m: Recorder, registry: Registry, query: Query) -> None:
    """A list of rows was fetched: remembers it if it is all rows, or those with given keys."""
    place, key = run_of(m), key_of(query.model)
    by_key = (key, "in") in query.filters
    every = not any(narrowing in query.text for narrowing in _NARROWING)
    if place is not None and key is not None and not query.limited and (by_key or every):
        registry.held.setdefault((place, query.model.key), []).append(way(m))


def holds(m: Recorder, registry: Registry, model: Model) -> bool:
    """Whether rows of a model were fetched by their keys on the way here."""
    here = way(m)
    return any(comes_after(here, before) for before in registry.held.get((run_of(m), model.key), ()))
