"""Peewee: what models, queries and rows do, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import peewee_queries as queries
from auditor.frameworks.orm_by_class import OrmByClass
from auditor.frameworks.orm_step import Called, shared_loops
from auditor.frameworks.peewee_models import ORM, Registry
from auditor.frameworks.peewee_queries import PeeweeQuery, Step
from auditor.index.values import (
    UNKNOWN,
    Const,
    Dictionary,
    FieldPath,
    Items,
    Many,
    ModelValue,
    Query,
    Row,
    Value,
    altered,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.values import Model, Relation

_STARTING: Final = frozenset({
    "select", "filter", "insert", "insert_many", "insert_from", "replace", "replace_many", "update", "delete", "raw", "noop",
})  # fmt: skip
_ONE: Final = frozenset({"get", "get_by_id", "get_or_none", "__getitem__"})
_QUIET: Final = frozenset({
    "create_table", "drop_table", "table_exists", "bind", "bind_ctx", "add_index", "index", "validate_model", "copy", "is_alias",
})  # fmt: skip
_OF_ROWS: Final = frozenset(
    {"is_dirty", "get_id", "clone", "dependencies", "collect_dependencies", "validate_model"}
)


class PeeweeOrm(OrmByClass[Registry]):
    """The `Orm` protocol for the models of one project."""

    name = ORM

    def __init__(self, project: Project) -> None:
        self.registry = Registry(project)

    # -- models ----------------------------------------------------------------------------------------------

    def class_attribute(self, m: Recorder, model: Model, name: str, node: Node | None) -> Value | None:
        """`Model.column`, or a method that begins a query."""
        del m, node
        if name in model.columns or name in model.relations:
            return FieldPath(model, (name,))
        if name in _STARTING or name in _ONE or name in _METHODS or name == "alias":
            return Called(self, model, name)
        return UNKNOWN if name in _QUIET or name in {"_meta", "DoesNotExist"} else None

    def model_method(
        self,
        m: Recorder,
        model: Model,
        name: str,
        args: list[Value],
        kwargs: dict[str, Value],
        *,
        node: Node | None,
    ) -> Value:
        """`Model.select(...)`, `Model.get(...)`, `Model.create(...)`."""
        if name == "alias":
            return ModelValue(model)
        if name in _METHODS:
            return _METHODS[name](self, m, model, args, kwargs, node)
        begun = queries.start(m, model, name, text=model.name)
        step = Step(self.registry, m, begun, name, args, kwargs, node)
        if name in _ONE:
            by_key = name in {"get_by_id", "__getitem__"}
            asked = altered(begun, filters=((model.primary_key, "exact"),)) if by_key else begun
            return queries.one(altered(step, query=asked))
        if name == "select":
            return step.derived(columns=queries.selected(step))
        if name == "filter":
            return queries.narrowed(step)
        if name == "noop":
            return step.derived(empty=True)
        if name == "raw":
            return step.derived(filters=(("?", "?"),))
        return altered(begun, text=f"{model.name}.{name}")

    # -- rows ------------------------------------------------------------------------------------------------

    def row_attribute(self, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
        """A foreign key is asked for when it is first read; a column, or the key alone, is there."""
        if name in row.touched:
            return row.touched[name]
        relation = row.model.relations.get(name)
        if relation is not None:
            return self._related(m, row, relation, node)
        keys = {r.column for r in row.model.relations.values()}
        return (
            UNKNOWN
            if name in row.model.columns or name in keys or name in {"_pk", "_meta", "dirty_fields"}
            else None
        )

    def _related(self, m: Recorder, row: Row, relation: Relation, node: Node | None) -> Value:
        target = self.registry.target_of(relation)
        if target is None:
            return UNKNOWN
        path = f"{row.path}.{relation.name}".lstrip(".")
        below = frozenset(
            p.removeprefix(f"{relation.name}.") for p in row.loaded if p.startswith(f"{relation.name}.")
        )
        if relation.many:
            return PeeweeQuery(
                ORM,
                target,
                m.site(),
                loaded=below,
                filters=((relation.back, "exact"),),
                owner=row,
                relation=relation.name,
                in_memory=relation.name in row.loaded,
                text=f"{row.model.name}.{relation.name}",
                loops=m.current_loops(),
            )
        given = row.extra.get(relation.name)
        if row.fresh and (given is not None or relation.column not in row.extra):
            return given or UNKNOWN
        if relation.name not in row.loaded:
            if relation.lazy == "never":
                return UNKNOWN  # the key itself
            self._load(m, row, relation, target, node)
        found = Row(target, row.origin, loaded=below, loops=row.loops, guessed=row.guessed, path=path)
        if not m.quiet:
            row.touched[relation.name] = found
        return found

    def _load(self, m: Recorder, row: Row, relation: Relation, target: Model, node: Node | None) -> None:
        label = f"{row.model.name}.{relation.name}"
        query = PeeweeQuery(
            ORM, target, m.site(), filters=((target.primary_key, "exact"),), bound=1, limited=True, owner=row,
            relation=relation.name, text=label,
        )  # fmt: skip
        m.effect(
            "sql",
            label,
            "read",
            cause="lazy-load",
            query=query,
            row=row,
            relation=f"{row.path}.{relation.name}".lstrip("."),
            node=node,
            loops=shared_loops(row.loops, m.current_loops()),
        )

    def row_method(
        self,
        m: Recorder,
        row: Row,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """`save`, `delete_instance`; a query method that is called on an object is the class's."""
        if name == "save":
            verb = "INSERT" if row.fresh and not row.saved else "UPDATE"
            row.saved = True
            self._write(m, row.model, verb, node)
            return UNKNOWN
        if name == "delete_instance":
            self._write(m, row.model, "DELETE", node)
            return UNKNOWN
        if name in _STARTING or name in _ONE:
            return self.model_method(m, row.model, name, list(args), kwargs, node=node)
        return UNKNOWN if name in _OF_ROWS else None

    def _write(self, m: Recorder, model: Model, verb: str, node: Node | None, note: str = "") -> None:
        query = queries.start(m, model, text=f"{model.name}.{verb.lower()}")
        m.effect("sql", f"{verb} {model.name}{note}", "write", cause="write", query=query, node=node)

    # -- queries ---------------------------------------------------------------------------------------------

    def query_method(
        self,
        m: Recorder,
        query: Value,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """Methods of a query; None where there is no such method."""
        if not isinstance(query, Query):
            return None
        return queries.method(Step(self.registry, m, query, name, args, kwargs, node))

    def query_attribute(self, m: Recorder, query: Value, name: str, node: Node | None) -> Value | None:
        """`query.c` and the like: nothing is executed."""
        del m, query, node
        return UNKNOWN if name in {"c", "model"} else None

    def fetch(self, m: Recorder, query: Query, node: Node | None, how: str) -> None:
        """Records what going through a query costs, the first time."""
        del how
        queries.fetch(self.registry, m, query, node)

    def element(self, m: Recorder, query: Query) -> Value:
        """One of the results, born in the current loops."""
        return queries.element(self.registry, m, query)

    # -- the library -----------------------------------------------------------------------------------------

    def external(
        self, m: Recorder, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
    ) -> Value | None:
        """`prefetch`, `chunked`, `model_to_dict`: what peewee's functions do with queries and rows."""
        package, _, tail = name.rpartition(".")
        if package.partition(".")[0] not in {"peewee", "playhouse"}:
            return None
        if tail == "prefetch":
            return queries.prefetch(self.registry, m, args, node)
        if tail == "chunked" and args:
            return Many(Many(UNKNOWN, None, "list"), None, "batches")
        if tail == "model_to_dict" and args and isinstance(args[0], Row):
            self.as_dictionary(m, args[0], kwargs, node)
            return Dictionary({}, other=UNKNOWN)
        return None

    def as_dictionary(
        self, m: Recorder, row: Row, kwargs: dict[str, Value], node: Node | None, depth: int = 0
    ) -> None:
        """`model_to_dict(row)` follows every foreign key, unless it is told not to; the other direction where asked."""
        told = kwargs.get("recurse")
        if depth > _DEEPEST or "only" in kwargs or "exclude" in kwargs or (told is not None and is_off(told)):
            return
        for relation in row.model.relations.values():
            if relation.kind == "fk" and relation.lazy == "never":
                continue
            if relation.kind == "fk":
                found = self.row_attribute(m, row, relation.name, node)
                if isinstance(found, Row) and found.model is not row.model:
                    self.as_dictionary(m, found, kwargs, node, depth + 1)
            elif "backrefs" in kwargs and not is_off(kwargs["backrefs"]) and not depth:
                related = self.row_attribute(m, row, relation.name, node)
                if isinstance(related, Query):
                    queries.fetch(self.registry, m, related, node)


_DEEPEST: Final = 4


def is_off(value: Value) -> bool:
    return isinstance(value, Const) and not value.value


def created(
    orm: PeeweeOrm, m: Recorder, model: Model, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`Model.create(...)`: an object and its `save`, the project's own where there is one."""
    del args
    row = Row(model, None, loops=m.current_loops(), extra=dict(kwargs), fresh=True)
    save = m.project.method(model.cls, "save")
    if save is not None:
        m.call_function(save, row, [], {}, node)
    else:
        orm.row_method(m, row, "save", [], {}, node)
    return row


def got_or_created(
    orm: PeeweeOrm, m: Recorder, model: Model, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`Model.get_or_create(...)`: a SELECT, and an INSERT where nothing was found."""
    given = {k: v for k, v in kwargs.items() if k != "defaults"}
    found = queries.one(
        Step(orm.registry, m, queries.start(m, model, text=model.name), "get", [], given, node)
    )
    created(orm, m, model, args, given, node)
    return Items("tuple", [found, UNKNOWN], 2)


def in_bulk(
    orm: PeeweeOrm, m: Recorder, model: Model, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`bulk_create(rows)`, `bulk_update(rows, fields)`: one statement a batch."""
    del args, kwargs
    verb = "UPDATE" if node is not None and str(node[2][-1]) == "bulk_update" else "INSERT"
    orm._write(m, model, verb, node, " (bulk)")  # noqa: SLF001  # the same module's
    return UNKNOWN


def by_id(
    orm: PeeweeOrm, m: Recorder, model: Model, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`set_by_id(key, {...})`, `delete_by_id(key)`."""
    verb = "UPDATE" if len(args) + len(kwargs) > 1 else "DELETE"
    orm._write(m, model, verb, node)  # noqa: SLF001  # the same module's
    return UNKNOWN


_METHODS: Final = {
    "create": created,
    "get_or_create": got_or_created,
    "bulk_create": in_bulk,
    "bulk_update": in_bulk,
    "set_by_id": by_id,
    "delete_by_id": by_id,
}
