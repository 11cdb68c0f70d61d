"""Tortoise ORM: what models, queries and rows do, and what that costs once it is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_paths as paths
from auditor.frameworks import tortoise_queries as queries
from auditor.frameworks import tortoise_running as running
from auditor.frameworks.django_orm_queries import as_prefetches
from auditor.frameworks.orm_by_class import OrmByClass
from auditor.frameworks.orm_step import Called
from auditor.frameworks.tortoise_models import ORM, Registry
from auditor.frameworks.tortoise_running import ONE, RELATED
from auditor.index import ir
from auditor.index.values import UNKNOWN, Const, Many, Prefetched, Query, Row, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.values import Model, Relation

_CLASS: Final = queries.BUILDING | queries.RUNNING | {"create", "fetch_for_list"}
_QUIET: Final = frozenset({"describe", "construct", "register_listener", "_meta", "Meta"})
_OF_ROWS: Final = frozenset({"clone", "describe", "_pk", "pk", "_meta"})


class TortoiseOrm(OrmByClass[Registry]):
    """The `Orm` protocol for the models of one project."""

    name = ORM

    def __init__(self, project: Project) -> None:
        self.registry = Registry(project)

    # -- models ----------------------------------------------------------------------------------------------

    def class_attribute(self, m: Recorder, model: Model, name: str, node: Node | None) -> Value | None:
        """A method that begins a query; anything else of the class is the project's own."""
        del m, node
        if name in _CLASS:
            return Called(self, model, name)
        return UNKNOWN if name in _QUIET or name in model.relations else None

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
        """`Model.filter(...)`, `Model.create(...)`."""
        if name == "create":
            return self.created(m, model, kwargs, node)
        if name == "fetch_for_list":
            return self._fetch_for_list(m, args, node)
        step = queries.step_of(self.registry, m, queries.start(m, model), name, args, kwargs, node)
        return queries.method(self.registry, step) or UNKNOWN

    def created(self, m: Recorder, model: Model, kwargs: dict[str, Value], node: Node | None) -> Row:
        """`Model.create(...)`: an object and its `save`, the project's own where there is one."""
        row = Row(model, None, loops=m.current_loops(), extra=dict(kwargs), fresh=True)
        save = m.project.method(model.cls, "save")
        if save is not None:
            m.call_function(save, row, [], {}, node)
        else:
            self.row_method(m, row, "save", [], {}, node)
        return row

    # -- rows ------------------------------------------------------------------------------------------------

    def row_attribute(self, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
        """A relation is a query for whoever awaits it, unless it was loaded; a column is there."""
        del node
        if name in row.touched:
            return row.touched[name]
        relation = row.model.relations.get(name)
        if relation is not None:
            return self._related(m, row, relation)
        keys = {r.column for r in row.model.relations.values()}
        return UNKNOWN if name in row.model.columns or name in keys or name in {"pk", "_meta"} else None

    def _related(self, m: Recorder, row: Row, relation: Relation) -> Value:
        target = self.registry.target_of(relation)
        if target is None:
            return UNKNOWN
        is_there = relation.name in row.loaded
        below = paths.below(row.loaded, relation.name)
        if not relation.many and row.fresh:
            return UNKNOWN
        if not relation.many and is_there:
            path = paths.joined(row.path, relation.name)
            only = None if row.only is None else paths.below(row.only, relation.name)
            found = Row(target, row.origin, loaded=below, loops=row.loops, path=path, only=only or None)
            running.dress(self.registry, m, found)
            if not m.quiet:
                row.touched[relation.name] = found
            return found
        column = target.primary_key if relation.kind in {"fk", "o2o"} else relation.back
        return Query(
            ORM,
            target,
            m.site(),
            kind=RELATED if relation.many else ONE,
            loaded=below if is_there else frozenset(),
            filters=((column, "exact"),),
            bound=None if relation.many else 1,
            limited=not relation.many,
            owner=row,
            relation=relation.name,
            in_memory=is_there,
            text=f"{row.model.name}.{relation.name}",
            loops=m.current_loops(),
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
        """`save`, `delete`, `fetch_related`; a query method that is called on an object is the class's."""
        if name == "save":
            verb = "INSERT" if row.fresh and not row.saved else "UPDATE"
            row.saved = True
            self._write(m, row.model, verb, node)
            return UNKNOWN
        if name == "delete":
            self._write(m, row.model, "DELETE", node)
            return UNKNOWN
        if name == "refresh_from_db":
            query = queries.start(m, row.model)
            m.effect("sql", f"SELECT {row.model.name} (refresh)", "read", query=query, node=node)
            return UNKNOWN
        if name == "fetch_related":
            self.fetch_related(m, row, args, node)
            return UNKNOWN
        if name == "update_from_dict":
            return row
        if name in _CLASS - {"update", "in_bulk"}:
            return self.model_method(m, row.model, name, list(args), kwargs, node=node)
        return UNKNOWN if name in _OF_ROWS else None

    def fetch_related(self, m: Recorder, row: Row, args: Sequence[Value], node: Node | None) -> None:
        """`row.fetch_related("author", "tags__books")`: asked for now, and there from now on."""
        wanted = [p for a in args for p in as_prefetches(a)]
        running.prefetch(self.registry, m, row.model, wanted, done=(), node=node, row=row)
        if not m.quiet:
            for item in wanted:
                row.touched.pop(item.path.partition(".")[0], None)
                row.loaded |= frozenset(paths.closure(item.path))

    def _fetch_for_list(self, m: Recorder, args: Sequence[Value], node: Node | None) -> Value:
        given = args[0] if args else UNKNOWN
        row = given.elem if isinstance(given, Many) else None
        if isinstance(row, Row):
            wanted = [p for a in args[1:] for p in as_prefetches(a)]
            running.prefetch(self.registry, m, row.model, wanted, done=(), node=node)
            if not m.quiet:
                row.loaded |= frozenset(p for item in wanted for p in paths.closure(item.path))
        return UNKNOWN

    def _write(self, m: Recorder, model: Model, verb: str, node: Node | None) -> None:
        query = queries.start(m, model)
        m.effect("sql", f"{verb} {model.name}", "write", cause="write", query=query, node=node)

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
        if name in {"sql", "as_query"}:
            return UNKNOWN
        if name == "create" and isinstance(query.owner, Row):
            relation = query.owner.model.relations.get(query.relation or "")
            given = dict(kwargs)
            if relation is not None and relation.kind == "reverse-fk":
                given.setdefault(relation.back, query.owner)
            return self.created(m, query.model, given, node)
        if name == "__getitem__" and query.kind == RELATED:
            return self.element(m, query) if query.in_memory else UNKNOWN
        step = queries.step_of(self.registry, m, query, name, args, kwargs, node)
        return queries.method(self.registry, step)

    def query_attribute(self, m: Recorder, query: Value, name: str, node: Node | None) -> Value | None:
        """`query.model` and the like: nothing is executed."""
        del m, query, node
        return UNKNOWN if name in {"model", "related_objects", "remote_model"} else None

    def awaited(self, m: Recorder, query: Query, node: Node | None) -> Value:
        """What `await query` gives: it is asked anew each time."""
        return running.answer(self.registry, m, query, node)

    def fetch(self, m: Recorder, query: Query, node: Node | None, how: str) -> None:
        """What is gone through by `async for` is asked for; related rows that were not loaded can't be otherwise."""
        del how
        if query.in_memory or query.fetched:
            return
        if query.kind == RELATED and not is_async(node):
            return
        running.ask(self.registry, m, query, node)
        if not m.quiet:
            query.fetched.append(True)

    def element(self, m: Recorder, query: Query) -> Value:
        """One of the results, born in the current loops."""
        return running.element(self.registry, m, query)

    # -- the library -----------------------------------------------------------------------------------------

    def external(
        self, m: Recorder, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
    ) -> Value | None:
        """`Prefetch(...)`, and the Pydantic models that Tortoise makes, which run the query they are given."""
        package, _, tail = name.rpartition(".")
        if package.partition(".")[0] != "tortoise":
            return None
        if tail == "Prefetch":
            given = (*args, *(kwargs[k] for k in ("relation",) if k in kwargs))
            rows = args[1] if len(args) > 1 else kwargs.get("queryset")
            put = args[2] if len(args) > 2 else kwargs.get("to_attr")
            attribute = put.value if isinstance(put, Const) and isinstance(put.value, str) else ""
            named = paths.names(given[:1])
            query = rows if isinstance(rows, Query) else None
            return Prefetched(paths.dotted(named[0]), query, attribute) if named else UNKNOWN
        if tail in {"from_queryset", "from_queryset_single"} and args and isinstance(args[0], Query):
            running.answer(self.registry, m, args[0], node)
            return UNKNOWN
        return None


def is_async(node: Node | None) -> bool:
    """Whether a loop or a comprehension is one of `async for`."""
    if node is None:
        return False
    if node[0] == ir.FOR:
        return bool(node[-1])
    return node[0] == ir.COMP and any(clause[3] for clause in node[4])
