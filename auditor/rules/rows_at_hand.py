"""Related rows that need no query although their query loads none: the session has them, or there hardly are any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index.values import Row
from auditor.rules.growth import growth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.values import Model, Relation
    from auditor.rules.scene import Scene

_KIN: Final = 0.45
_SHARED: Final = 0.15
"""What confidence loses because the identity map answers for a row that another one has led to: in 2 of 10 samples."""
_RARE: Final = 0.4
_FEW: Final = 0.4
"""What it loses where that leaves a handful of queries, however many rows there are."""
_KINDS: Final = frozenset(
    {
        "type",
        "kind",
        "status",
        "state",
        "role",
        "level",
        "gender",
        "priority",
        "severity",
        "currency",
        "locale",
    }
)
"""Last words of the names of models whose tables hold what the code has names for."""
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def doubt(scene: Scene, row: Row | None, relations: Sequence[str]) -> float:
    """What confidence loses where the related rows may be at hand, the largest of what applies."""
    if row is None or row.origin is None or not relations:
        return 0.0
    model = row.origin.model
    ways = [list(steps(scene, model, path)) for path in relations]
    if all(has_kin_loaded(row, path) for path in relations):
        return _KIN
    if all(is_chain_of_its_own(way) for way in ways):
        return _RARE
    if not are_shared(row, ways):
        return 0.0
    return _FEW if all(is_of_few(scene, way) for way in ways) else _SHARED


def are_shared(row: Row, ways: Sequence[Sequence[tuple[Model, Relation]]]) -> bool:
    """Whether each related row is loaded once, however many rows lead to it: SQLAlchemy's identity map, to-one."""
    is_mapped = row.origin is not None and row.origin.orm == "sqlalchemy" and all(ways)
    return is_mapped and not any(relation.many for way in ways for _, relation in way)


def is_of_few(scene: Scene, way: Sequence[tuple[Model, Relation]]) -> bool:
    """Whether it ends at one of a handful of rows that the whole table is: the type of an account, a status."""
    owner, last = way[-1]
    target = scene.trace.machine.orm(owner.orm).by_key(last.target)
    if target is None or growth(target):
        return False
    words = _CAMEL.findall(target.name)
    return bool(words) and words[-1].lower() in _KINDS


def distinct(scene: Scene, row: Row | None, relations: Sequence[str]) -> str:
    """What a session asks for once each, in words; empty where every row asks."""
    if row is None or row.origin is None or not relations:
        return ""
    ways = [list(steps(scene, row.origin.model, path)) for path in relations]
    if not are_shared(row, ways):
        return ""
    named = sorted({relation.target.rpartition(".")[2] for way in ways for _, relation in way})
    return " and ".join(f"`{name}`" for name in named)


def steps(scene: Scene, model: Model, path: str) -> Iterator[tuple[Model, Relation]]:
    """Each step of `author.city`, with the model that it is a relation of; none where one of them is not known."""
    found: list[tuple[Model, Relation]] = []
    at: Model | None = model
    for name in path.split("."):
        relation = None if at is None else at.relations.get(name)
        if at is None or relation is None:
            return
        found.append((at, relation))
        at = scene.trace.machine.orm(at.orm).by_key(relation.target)
    yield from found


def has_kin_loaded(row: Row, relation: str) -> bool:
    """Whether the query loads a collection of the same model: the session may have the related row with those.

    Of a bill that was loaded with its owers, the payer is one of them, mostly; a ticket's author is seldom its assignee.
    """
    origin, own = row.origin, row.model.relations.get(relation)
    if origin is None or origin.orm != "sqlalchemy" or own is None or own.many:
        return False
    others = (row.model.relations.get(name) for name in origin.loaded if name != relation)
    return any(o is not None and o.many and o.target == own.target for o in others)


def is_chain_of_its_own(way: Sequence[tuple[Model, Relation]]) -> bool:
    """Whether the last two steps are one relation of a model to itself, as `replaced_by.replaced_by`.

    The query loads the first; hardly any row has a second.
    """
    if len(way) <= 1:
        return False
    (model, first), (_, last) = way[-2:]
    column = model.columns.get(last.name) or model.columns.get(last.column or "")
    return first is last and not last.many and (column is None or column.nullable)
