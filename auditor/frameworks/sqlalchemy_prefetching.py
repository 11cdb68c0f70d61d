"""Statements beside a query: relations that are loaded with its rows by queries of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.frameworks import sqlalchemy_options as options
from auditor.index.values import Query

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model, Row


def of_entity(registry: Registry, query: Query, entity: Model) -> Query:
    """A query as far as it is about another of the entities it selects."""
    return replace(query, model=entity, loaded=options.loaded_of(registry, entity, query.strategies))


def prefetch(
    m: Recorder, registry: Registry, query: Query, node: Node | None, born: Row | None = None, **where: Any
) -> None:
    """The statements with which relations of the rows that a query gives are loaded; `born` of a row's own relation."""
    for path, target in options.separate(registry, query):
        made = Query(
            "sqlalchemy", target, query.site, relation=path, text=f"{query.text}/{path}", kind="query"
        )
        label = f"SELECT {target.name} (prefetch {path})"
        m.effect("sql", label, "read", query=made, node=node, row=born, **where)
