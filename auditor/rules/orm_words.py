"""How an ORM says what a finding asks for where the usual words do not do.

Peewee's joins bring nothing that is not selected, and its prefetch is a function; no join brings rows of several models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import Query, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

_PEEWEE: Final = "peewee"
_TORTOISE: Final = "tortoise"


def loading(scene: Scene, origin: Query | None, relations: Sequence[str]) -> str | None:
    """How rows bring relations with them; None where the usual words do."""
    if origin is not None and any(is_generic(origin, path) for path in relations):
        return "Name in `prefetch_related` what is of several models, which no join brings; join the rest."
    if origin is None or origin.orm != _PEEWEE:
        return None
    orm = scene.trace.machine.orm(_PEEWEE)
    joins: list[str] = []
    chosen = [origin.model.name]
    for path in (r for r in relations if not any(o.startswith(f"{r}.") for o in relations)):
        at, join, outer = origin.model, "", ""
        for part in path.split("."):
            relation, column = at.relations.get(part), at.columns.get(part)
            found = None if relation is None or relation.many else orm.by_key(relation.target)
            if found is None:
                return None
            at = found
            outer = outer or (", JOIN.LEFT_OUTER" if column is None or column.nullable else "")
            join += f".join({at.name}{outer})"
            chosen += [] if at.name in chosen else [at.name]
        joins.append(join)
    whole = f"{origin.model.name}.select({', '.join(chosen)})" + f".switch({origin.model.name})".join(joins)
    return f"Select what is read, and join it: `{whole}`; a join alone brings nothing."


def is_generic(origin: Query, path: str) -> bool:
    """Whether a relation of the rows leads to rows of any model."""
    relation = origin.model.relations.get(path.partition(".")[0])
    return relation is not None and relation.kind == "generic-fk"


def fetching(effect: Effect) -> str | None:
    """How the rows or the number of what belongs to each row are asked for at once."""
    query = effect.query
    known = query is not None and query.orm in {_PEEWEE, _TORTOISE} and query.relation
    owner = query.owner if query is not None and known else None
    if query is None or not isinstance(owner, Row):
        return None
    if query.orm == _TORTOISE and effect.label.startswith("COUNT "):
        return f'Count in the query that gives the rows: `annotate(number=Count("{query.relation}"))`.'
    if query.orm == _TORTOISE:
        return (
            f'Load them with the rows, `prefetch_related("{query.relation}")`, and read them without `await`, '
            "which asks again."
        )
    if effect.label.startswith("COUNT "):
        return f"Count in the query that gives the rows: join `{query.model.name}`, `group_by({owner.model.name})`, select `fn.COUNT(…)`."
    return f"Fetch them with one statement more for all: `prefetch(query, {query.model.name}.select())`."


def writing(effect: Effect) -> str | None:
    """How many rows are written by one statement."""
    query = effect.query
    if query is None or query.orm != _PEEWEE or not effect.label.startswith("INSERT "):
        return None
    return (
        f"Collect the rows and write them after the loop: `{query.model.name}.insert_many(rows).execute()`."
    )
