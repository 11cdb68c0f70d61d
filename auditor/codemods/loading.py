"""Which relations of a query's rows are to be loaded with them, and how."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.index.values import Row, altered
from auditor.rules.claim import qualname
from auditor.rules.lazy_load_in_loop import has_unread_options
from auditor.rules.lazy_loads_of_one_row import is_alone, is_joined, is_one_of_a_row
from auditor.rules.query_places import home
from auditor.rules.scene import repeating, seen_from
from auditor.rules.surroundings import is_fallback

if TYPE_CHECKING:
    from auditor.index.values import Model, Query, Relation
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene, Spot
    from auditor.trace.summary import Effect, Summary


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a relation's path."""

    holder: "Model"
    relation: "Relation"
    target: "Model | None"
    """None for a generic relation."""


@dataclass(slots=True)
class Wanted:
    """The lazy loads of one query's rows."""

    query: "Query"
    paths: list[str]
    """Dotted, as `Effect.relation`."""
    effects: "list[tuple[Summary, Effect]]"


def wanted_by(finding: "Finding", scene: "Scene", /) -> list[Wanted]:
    """What the function of a finding loads row by row, by the query of the rows, in the order of the source."""
    found: dict[tuple[str, int, int, str], Wanted] = {}
    concerned: set[tuple[str, int, int, str]] = set()
    for scope, effect in scene.effects():
        loops = repeating(effect.loops)
        if effect.kind != "sql" or not loops or effect.remembered:
            continue
        origin, path = _loaded_of(effect)
        if origin is None or not path or is_fallback(effect) or has_unread_options(effect):
            continue
        site = home(scene, origin)
        key = (site.module.path, site.start, site.line, origin.model.key)
        group = found.setdefault(key, Wanted(altered(origin, site=site), [], []))
        group.effects.append((scope, effect))
        if path not in group.paths:
            group.paths.append(path)
        spot = loop_of(effect)
        seen = spot.module.path == finding.file and qualname(spot) == finding.function
        if seen or (site.module.path == finding.file and site.start == finding.line):
            concerned.add(key)
    return [found[key] for key in sorted(concerned)]


def limited_to(wanted: Wanted, keep: "Callable[[Summary, Effect], bool]", /) -> Wanted:
    """What some of the effects want; the same where that is none of them."""
    effects = [(scope, effect) for scope, effect in wanted.effects if keep(scope, effect)]
    paths = list(dict.fromkeys(_loaded_of(effect)[1] for _, effect in effects))
    return replace(wanted, paths=paths, effects=effects) if effects else wanted


def loop_of(effect: "Effect", /) -> "Spot":
    """The innermost loop in which rows' relations are loaded, as the finding tells it."""
    return seen_from(repeating(effect.loops)[-1], effect.site, effect.frames)


def _loaded_of(effect: "Effect") -> "tuple[Query | None, str]":
    """The query whose rows' relation an effect reads, and the relation's path from them; (None, "") where it reads none."""
    if effect.cause == "lazy-load":
        return (None if effect.row is None else effect.row.origin), effect.relation
    query = effect.query
    owner = None if query is None else query.owner
    if query is None or effect.operation == "write" or not isinstance(owner, Row) or not query.relation:
        return None, ""
    # Exactly `row.relation.all()`: what narrows or orders it asks the database anew, prefetched or not.
    is_whole = query.orm == "django" and query.text == f"{owner.model.name}.{query.relation}.all()"
    path = f"{owner.path}.{query.relation}" if owner.path else query.relation
    return (owner.origin, path) if is_whole else (None, "")


def wanted_of_one(finding: "Finding", scene: "Scene", /) -> list[Wanted]:
    """What is loaded of the one row that the finding's statement fetches, as far as a join can bring it."""
    found: dict[tuple[int, str], Wanted] = {}
    for scope, effect in scene.effects():
        if not is_one_of_a_row(effect) or not is_alone(scene, scope, effect) or not is_joined(effect):
            continue
        assert effect.row is not None
        assert effect.row.origin is not None
        origin = effect.row.origin
        if origin.site.module.path == finding.file and origin.site.start == finding.line:
            group = found.setdefault((origin.site.line, origin.model.key), Wanted(origin, [], []))
            group.effects.append((scope, effect))
            if effect.relation not in group.paths:
                group.paths.append(effect.relation)
    return [found[key] for key in sorted(found)]


def is_shared(scene: "Scene", query: "Query", /) -> bool:
    """Whether the place that builds a query builds queries of other models too: `model.objects.all()` in a loop."""
    models = {
        found.model.key
        for _, effect in scene.effects()
        for found in (effect.query, None if effect.row is None else effect.row.origin)
        if found is not None and found.site.module is query.site.module and found.site.line == query.site.line
        if found.site.function is query.site.function and not found.relation
    }
    return len(models | {query.model.key}) > 1


def hops(scene: "Scene", model: "Model", path: str, /) -> tuple[Hop, ...] | None:
    """The steps of a path from a model's rows; None where one is not known."""
    steps: list[Hop] = []
    at: Model | None = model
    orm = scene.trace.machine.orm_named[model.orm]
    for name in path.split("."):
        relation = None if at is None else at.relations.get(name)
        if at is None or relation is None:
            return None
        target = orm.by_key(relation.target) if relation.target else None
        steps.append(Hop(at, relation, target))
        at = target
    return tuple(steps)


def written_between(wanted: Wanted, targets: "Iterable[Model]", /) -> str:
    """The label of a write of these models' rows between the query and the last read; "" if there is none.

    What is written after the fetch is seen by a lazy load and not by an eager one.
    """
    names = {target.name for target in targets}
    for scope, read in wanted.effects:
        first, last = _span(wanted.query, scope, read)
        for effect in scope.effects:
            if effect.kind != "sql" or effect.operation != "write":
                continue
            words = set(effect.label.replace(".", " ").split())
            if words & names and first <= _line(scope, effect) <= last:
                return effect.label
    return ""


def _line(scope: "Summary", effect: "Effect") -> int:
    """Where the scope's own text leads to an effect."""
    for function, line in effect.frames:
        if function is scope.function:
            return line
    return effect.site.line


def _span(query: "Query", scope: "Summary", read: "Effect") -> tuple[int, int]:
    """The lines of the scope's own function between the fetch and the end of the loops around a read."""
    first = query.site.line if query.site.function is scope.function else 0
    ends = [loop.node[2] for loop in read.loops if loop.site.function is scope.function and loop.node]
    ends = [end for end in ends if isinstance(end, int)]
    return first, max([_line(scope, read), *ends])
