"""What only related managers do: `row.tags.add(...)`, `set`, `remove`, `clear`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_orm_execution import fetch
from auditor.frameworks.orm_naming import subject
from auditor.index.values import UNKNOWN, Query, Row, Value

if TYPE_CHECKING:
    from auditor.frameworks.django_orm_queries import Step
    from auditor.index.values import Relation

METHODS: Final = frozenset({"add", "set", "remove", "clear"})
_VERBS: Final[dict[tuple[bool, str], str]] = {
    (True, "add"): "INSERT",
    (True, "set"): "UPDATE",
    (True, "remove"): "DELETE",
    (True, "clear"): "DELETE",
}
"""By (rows between, method); without rows between it is the rows themselves that are updated."""


def change(step: Step) -> Value | None:
    """Records one of `METHODS`; None where the query is of no to-many relation."""
    owner, relation = step.query.owner, _relation(step.query)
    if relation is None or not isinstance(owner, Row):
        return None
    for given in step.args:
        if isinstance(given, Query):
            fetch(step.registry, step.m, given, step.node)
    if step.name == "set":
        step.m.effect("sql", f"SELECT {subject(step.query)}", "read", query=step.derived(), node=step.node)
    verb = _VERBS.get((relation.kind == "m2m", step.name), "UPDATE")
    step.m.effect(
        "sql",
        f"{verb} {subject(step.query)}",
        "write",
        cause="write",
        query=step.derived(),
        row=owner,
        node=step.node,
        arguments=tuple(step.args),
    )
    if not step.m.quiet:
        forget(owner, relation.name)
    return UNKNOWN


def forget(owner: Row, name: str) -> None:
    """Rows that were prefetched are out of date after a change, so Django drops them."""
    owner.touched.pop(name, None)
    owner.loaded = frozenset(p for p in owner.loaded if p != name and not p.startswith(f"{name}."))


def _relation(query: Query) -> Relation | None:
    owner = query.owner
    if not isinstance(owner, Row) or query.relation is None:
        return None
    relation = owner.model.relations.get(query.relation)
    return relation if relation is not None and relation.many else None
