"""Django's own functions around the ORM, by the dotted name that a project calls them by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_paths as paths
from auditor.frameworks import django_orm_targets as targets
from auditor.frameworks import django_orm_terminals as terminals
from auditor.frameworks.django_orm_execution import fetch, prefetch
from auditor.frameworks.django_orm_queries import Step, as_prefetches, filtered
from auditor.index.values import (
    UNKNOWN,
    Const,
    Dictionary,
    Ext,
    Items,
    ManagerValue,
    Many,
    Model,
    ModelValue,
    Prefetched,
    Query,
    Row,
    Sym,
    Value,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.frameworks.django_orm import DjangoOrm
    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node

_ONE: Final = frozenset({"django.shortcuts.get_object_or_404", "django.shortcuts.aget_object_or_404"})
_MANY: Final = frozenset({"django.shortcuts.get_list_or_404", "django.shortcuts.aget_list_or_404"})
_PREFETCH: Final = frozenset({"django.db.models.Prefetch", "django.db.models.query.Prefetch"})
_PREFETCH_OBJECTS: Final = frozenset({
    "django.db.models.prefetch_related_objects", "django.db.models.query.prefetch_related_objects",
    "django.db.models.aprefetch_related_objects",
})  # fmt: skip
_PERMITTED: Final = frozenset(
    {"guardian.shortcuts.get_objects_for_user", "guardian.shortcuts.get_objects_for_group"}
)
_AS_DICTIONARY: Final = frozenset({"django.forms.models.model_to_dict", "django.forms.model_to_dict"})
_WAITING: Final = _ONE | _MANY | _PREFETCH_OBJECTS
"""What these do is told by the rows or the query that they are handed, which only the caller of a helper knows."""
_SENT: Final = tuple(f"Signal().{name}" for name in ("send", "send_robust", "asend", "asend_robust"))
_CACHED_MANAGERS: Final[dict[str, str]] = {
    "get_for_model": "contenttypes.ContentType",
    "get_for_id": "contenttypes.ContentType",
    "get_by_natural_key": "contenttypes.ContentType",
    "get_current": "sites.Site",
}
"""Methods that remember what they found for the life of the process."""


def call(
    orm: DjangoOrm,
    m: Recorder,
    name: str,
    *,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """The result of `name(...)`, None where it is no function of the ORM."""
    if name in _WAITING and args and _waits(args[0]):
        return m.later(name, args, kwargs, node)
    if name in _ONE:
        return _get_or_404(orm, m, args, kwargs, node)
    if name in _MANY:
        return _list_or_404(orm, m, args, kwargs, node)
    if name in _PERMITTED:
        return _permitted(orm, m, args, kwargs, node)
    if name in _PREFETCH:
        return _prefetch(args, kwargs)
    if name in _PREFETCH_OBJECTS:
        return _prefetch_objects(orm, m, args, node)
    if name in _AS_DICTIONARY and args and isinstance(args[0], Row):
        return _as_dictionary(orm, m, args[0], named=len(args) > 1 or bool(kwargs), node=node)
    if name == "django.contrib.auth.get_user_model":
        return ModelValue(orm.registry.user_of(m.site().module)) if orm.registry.is_used else None
    if name == "django.apps.apps.get_model":
        return _get_model(orm, m, args)
    if name.endswith(_SENT):
        sender = {"sender": args[0]} if args else {}
        return UNKNOWN if orm.registry.signals.send_own(m, {**sender, **kwargs}, node) else None
    return _library_model(orm, m, name, args=args, kwargs=kwargs, node=node)


def _waits(value: Value) -> bool:
    """Whether it is, or lists, what is a parameter here."""
    parts = value.items if isinstance(value, Items) else options(value)
    return any(isinstance(part, Sym) for part in parts)


def _as_dictionary(orm: DjangoOrm, m: Recorder, row: Row, *, named: bool, node: Node | None) -> Value:
    """`model_to_dict(row)`: keys of foreign keys, and the rows behind every many-to-many field; none where fields are named."""
    for relation in () if named else row.model.relations.values():
        if relation.kind == "m2m" and m.project.member(row.model.cls, relation.name) is not None:
            manager = orm.row_attribute(m, row, relation.name, node)
            rows = None if manager is None else orm.query_method(m, manager, "all", [], {}, node)
            if isinstance(rows, Query):
                fetch(orm.registry, m, rows, node)
    return Dictionary({}, other=UNKNOWN)


def _get_model(orm: DjangoOrm, m: Recorder, args: Sequence[Value]) -> Value | None:
    names = paths.names(args)
    model = (
        orm.registry.named(".".join(names), m.site().module) if names and len(names) == len(args) else None
    )
    return None if model is None else ModelValue(model)


def _query(orm: DjangoOrm, m: Recorder, value: Value, node: Node | None) -> Query | None:
    """The query that a model, a manager or a query stands for."""
    if isinstance(value, ModelValue) and value.model.orm == orm.name:
        manager = orm.registry.managers.value(value.model, "_default_manager")
        return None if manager is None else orm.start(m, manager, node)
    if isinstance(value, ManagerValue) and value.model.orm == orm.name:
        return orm.start(m, value, node)
    if isinstance(value, Ext) and orm.registry.is_used:
        model = targets.model_of_library(orm.registry, value.name)
        return None if model is None else _query(orm, m, ModelValue(model), node)
    return value if isinstance(value, Query) and value.orm == orm.name else None


def _get_or_404(
    orm: DjangoOrm, m: Recorder, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    query = _query(orm, m, args[0], node) if args else None
    if query is None:
        return None
    return terminals.one(Step(orm.registry, m, query, "get", args[1:], kwargs, node))


def _list_or_404(
    orm: DjangoOrm, m: Recorder, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    query = _query(orm, m, args[0], node) if args else None
    if query is None:
        return None
    wanted = filtered(Step(orm.registry, m, query, "filter", args[1:], kwargs, node))
    fetch(orm.registry, m, wanted, node)
    return Many(orm.element(m, wanted), orm.size(wanted), "list", source=wanted)


def _permitted(
    orm: DjangoOrm, m: Recorder, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    """django-guardian's query of what somebody may see: of the class given, else of what the permission is about."""
    given = dict(zip(("user", "perms", "klass"), args, strict=False)) | kwargs
    query = _query(orm, m, given["klass"], node) if "klass" in given else None
    names = paths.names([given["perms"]]) if "perms" in given else []
    if query is None and names:
        label, _, permission = names[0].partition(".")
        model = orm.registry.named(f"{label}.{permission.partition('_')[2]}", m.site().module)
        query = None if model is None else _query(orm, m, ModelValue(model), node)
    return None if query is None else filtered(Step(orm.registry, m, query, "filter", (), {}, node))


def _prefetch(args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
    given = dict(zip(("lookup", "queryset", "to_attr"), args, strict=False)) | kwargs
    lookup, query, to_attr = given.get("lookup"), given.get("queryset"), given.get("to_attr")
    if not isinstance(lookup, Const) or not isinstance(lookup.value, str):
        return UNKNOWN
    name = to_attr.value if isinstance(to_attr, Const) and isinstance(to_attr.value, str) else ""
    return Prefetched(paths.dotted(lookup.value), query if isinstance(query, Query) else None, name)


def _prefetch_objects(orm: DjangoOrm, m: Recorder, args: Sequence[Value], node: Node | None) -> Value:
    """Loads relations of rows that are in memory: one query for each, however many rows."""
    wanted = [p for a in args[1:] for p in as_prefetches(a)]
    steps = {step for p in wanted if not p.to_attr for step in paths.closure(p.path)}
    steps |= {
        f"{p.path}.{x}" for p in wanted if p.query is not None and not p.to_attr for x in p.query.loaded
    }
    for given in options(args[0]) if args else ():
        for row in _rows(orm, m, given, node):
            prefetch(orm.registry, m, row.model, wanted, done=row.loaded, node=node)
            if not m.quiet:
                row.loaded |= steps
                for p in wanted:
                    row.touched.pop(p.path, None)
        if isinstance(given, Query) and not m.quiet:
            given.loaded |= steps  # the rows that it keeps, whoever walks over them later
    return Const(None)


def _rows(orm: DjangoOrm, m: Recorder, value: Value, node: Node | None) -> list[Row]:
    if isinstance(value, Query):
        fetch(orm.registry, m, value, node)
        value = Many(orm.element(m, value), None)
    if isinstance(value, Many):
        return [o for o in options(value.elem) if isinstance(o, Row)]
    if isinstance(value, Items):
        return [i for i in value.items if isinstance(i, Row)][:1]
    return []


# -- models that libraries bring ---------------------------------------------------------------------------


def _library_model(
    orm: DjangoOrm,
    m: Recorder,
    name: str,
    *,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """`User(...)`, `Group.objects.get(...)`: calls on a model that is in no file of the project."""
    model, rest = _split(orm, name)
    if model is None:
        return None
    if not rest:
        return orm.construct(m, model, args, kwargs)
    manager = orm.registry.managers.value(model, rest[0])
    if manager is None or len(rest) != 2:
        return None
    return orm.query_method(m, manager, rest[1], args, kwargs, node)


def _split(orm: DjangoOrm, name: str) -> tuple[Model | None, tuple[str, ...]]:
    parts = name.split(".")
    if parts[-2:-1] == ["objects"] and parts[-3:-2] and orm.registry.is_used:
        return targets.model_of_library(orm.registry, ".".join(parts[:-2])), tuple(parts[-2:])
    for n in range(len(parts), max(len(parts) - 3, 1), -1):
        model = orm.registry.by_dotted.get(".".join(parts[:n]))
        if model is not None:
            return model, tuple(parts[n:])
    return None, ()


def cached_lookup(model: Model, name: str) -> Callable[[Recorder], Value] | None:
    """`ContentType.objects.get_for_model(x)`: a query once per process, which no request pays."""
    if _CACHED_MANAGERS.get(name) != model.key:
        return None
    return lambda m: Row(model, None, loops=m.current_loops())
