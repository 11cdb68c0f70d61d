"""Loading strategies: what `.options(...)` and the mapper load together with the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks.sqlalchemy_values import Expression, LoadOption
from auditor.index.values import (
    UNKNOWN,
    Const,
    Items,
    Many,
    Model,
    ModelValue,
    Query,
    Relation,
    Star,
    Sym,
    Value,
    altered,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.frameworks.sqlalchemy_models import Registry

_STRATEGY: Final = {
    "joinedload": "joined",
    "joinedload_all": "joined",
    "eagerload": "joined",
    "contains_eager": "joined",
    "selectinload": "selectin",
    "subqueryload": "subquery",
    "subqueryload_all": "subquery",
    "immediateload": "immediate",
    "lazyload": "select",
    "raiseload": "raise",
    "noload": "noload",
    "defaultload": "default",
}
_COLUMN_STRATEGY: Final = {"load_only": "only", "defer": "defer", "undefer": "undefer"}
EAGER: Final = frozenset({"joined", "selectin", "subquery", "immediate"})
SEPARATE: Final = frozenset({"selectin", "subquery"})
SILENT: Final = frozenset({"raise", "raise_on_sql", "noload", "unknown"})
"""Strategies with which reading a relation runs no query (or is not known to)."""
_OPTION: Final = "sqlalchemy.orm.Load"
_MAX_DEPTH: Final = 5


def option(name: str, args: Sequence[Value]) -> LoadOption | None:
    """`joinedload(A.b)` and the like, by the last part of its name."""
    if name not in names.LOADERS:
        return None
    if name == "Load":
        root = args[0].model if args and isinstance(args[0], ModelValue) else None
        return LoadOption(_OPTION, root)
    return extended(LoadOption(_OPTION), name, args)


def extended(made: LoadOption, name: str, args: Sequence[Value]) -> LoadOption | None:
    """`option.selectinload(B.c)`: the option with one more step; None if it has no such method."""
    if name == "options":
        steps = list(made.steps)
        for inner in flattened(args):
            if isinstance(inner, LoadOption):
                steps.extend((_joined(made.at, path), strategy) for path, strategy in inner.steps)
        return altered(made, steps=tuple(steps))
    if name in _COLUMN_STRATEGY:
        columns = [_joined(made.at, p) for p in (_path(a) for a in flattened(args)) if p]
        strategy = _COLUMN_STRATEGY[name]
        return altered(
            made, root=made.root or _root(args), steps=(*made.steps, *((c, strategy) for c in columns))
        )
    if name not in _STRATEGY:
        return made if name in names.LOADERS else None
    strategy = _STRATEGY[name]
    steps, at = list(made.steps), made.at
    every = name.endswith("_all") or len(args) > 1
    for a in args:
        path = _path(a)
        if not path:
            steps.append((_joined(at, "?"), "unknown"))
            continue
        for n, part in enumerate(path.split(".")):
            at = _joined(at, part)
            last = n == path.count(".")
            steps.append((at, strategy if last or every or "." in path else "default"))
    return altered(made, root=made.root or _root(args), steps=tuple(steps), at=at)


def flattened(args: Sequence[Value]) -> Iterator[Value]:
    """Arguments, the ones in lists and alternatives included."""
    for a in args:
        for value in options(a):
            if isinstance(value, Items):
                yield from flattened(value.items)
            elif isinstance(value, Many):
                yield from flattened([value.elem])
            elif isinstance(value, Star):
                yield from flattened([value.value])
            else:
                yield value


def _root(args: Sequence[Value]) -> Model | None:
    first = next(flattened(args), None)
    return first.model if isinstance(first, Expression) else None


def _path(value: Value) -> str:
    if isinstance(value, Expression):
        return ".".join(value.path)
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else ""


def _joined(at: str, path: str) -> str:
    return f"{at}.{path}" if at and path else at or path


# -- applied to a query --------------------------------------------------------------------------------------


def apply(registry: Registry, query: Query, args: Sequence[Value]) -> Query:
    """`query.options(...)`."""
    added: list[tuple[str, str, str]] = []
    for value in flattened(args):
        if isinstance(value, LoadOption):
            root = value.root.key if value.root is not None else query.model.key
            if value.root is not None and registry.is_a(value.root, query.model):
                root = query.model.key
            added.extend((root, path, strategy) for path, strategy in value.steps)
        elif value is UNKNOWN or isinstance(value, Sym):
            added.append((query.model.key, "*", "unknown"))
    return loaded(registry, altered(query, strategies=(*query.strategies, *added), fetched=[]))


def loaded(registry: Registry, query: Query) -> Query:
    """The query with `loaded` and `only` worked out from the mapper's defaults and its options."""
    only = [p for root, p, s in query.strategies if s == "only" and root == query.model.key and "." not in p]
    return altered(
        query,
        loaded=loaded_of(registry, query.model, query.strategies),
        only=frozenset(only) if only else query.only,
    )


def loaded_of(registry: Registry, model: Model, strategies: Sequence[tuple[str, str, str]]) -> frozenset[str]:
    """The relation paths that come with rows of `model`."""
    chosen = {
        path: s for root, path, s in strategies if root == model.key and s not in {"only", "defer", "undefer"}
    }
    found: set[str] = set()
    _walk(registry, model, "", chosen, found=found)
    return frozenset(found)


def _walk(
    registry: Registry,
    model: Model,
    at: str,
    chosen: dict[str, str],
    *,
    found: set[str],
    seen: tuple[tuple[str, str], ...] = (),
) -> None:
    for relation in _relations(registry, model, at, chosen):
        path = _joined(at, relation.name)
        explicit = chosen.get(path)
        strategy = (
            explicit if explicit not in {None, "default"} else chosen.get(_joined(at, "*"), relation.lazy)
        )
        target = registry.mapped.get(relation.target)
        if strategy not in EAGER and explicit != "default":
            continue
        step = (model.key, relation.name)
        if explicit is None and (step in seen or len(seen) >= _MAX_DEPTH):
            continue
        if strategy in EAGER:
            found.add(path)
        if target is not None:
            _walk(registry, target.model, path, chosen, found=found, seen=(*seen, step))


def _relations(registry: Registry, model: Model, at: str, chosen: dict[str, str]) -> Iterator[Relation]:
    """The model's relations, and those of its subclasses that an option names."""
    yield from model.relations.values()
    prefix = f"{at}." if at else ""
    named = {p.removeprefix(prefix) for p in chosen if p.startswith(prefix)}
    missing = {n for n in named if "." not in n and n not in model.relations and n not in {"*", "?"}}
    if missing:
        for below in registry.project.subclasses(model.cls):
            sub = registry.model(below)
            for name in sorted(missing & set(sub.relations if sub is not None else ())):
                missing.discard(name)
                assert sub is not None
                yield sub.relations[name]


def strategy_at(registry: Registry, query: Query | None, model: Model, path: str, name: str) -> str:
    """How the relation `name` of a row at `path` below a query's rows is loaded."""
    relation = model.relations.get(name)
    default = relation.lazy if relation is not None else "select"
    if query is None:
        return default
    chosen = {
        p: s
        for root, p, s in query.strategies
        if root == query.model.key or registry.mapped.get(root) is None
    }
    full = _joined(path, name)
    explicit = chosen.get(full)
    if explicit is not None and explicit != "default":
        return explicit
    return chosen.get(_joined(path, "*"), chosen.get("*", default))


def separate(registry: Registry, query: Query) -> list[tuple[str, Model]]:
    """(path, model) of each relation that is loaded by a query of its own, in order."""
    made: list[tuple[str, Model]] = []
    for path in sorted(query.loaded):
        holder: Model | None = query.model
        *before, last = path.split(".")
        for part in before:
            relation = _relation_of(registry, holder, part)
            target = None if relation is None else registry.mapped.get(relation.target)
            holder = None if target is None else target.model
        relation = _relation_of(registry, holder, last)
        target = None if relation is None else registry.mapped.get(relation.target)
        if holder is None or target is None:
            continue
        if strategy_at(registry, query, holder, ".".join(before), last) in SEPARATE:
            made.append((path, target.model))
    return made


def _relation_of(registry: Registry, model: Model | None, name: str) -> Relation | None:
    if model is None:
        return None
    if name in model.relations:
        return model.relations[name]
    for below in registry.project.subclasses(model.cls):
        sub = registry.model(below)
        if sub is not None and name in sub.relations:
            return sub.relations[name]
    return None
