"""SQLAlchemy 1.4 and 2.x, Flask-SQLAlchemy and SQLModel: what models, queries, rows and sessions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks import sqlalchemy_building as building
from auditor.frameworks import sqlalchemy_expressions as expressions
from auditor.frameworks import sqlalchemy_functions as functions
from auditor.frameworks import sqlalchemy_left_out
from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks import sqlalchemy_queries as queries
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks import sqlalchemy_rows as rows
from auditor.frameworks import sqlalchemy_sessions as sessions
from auditor.frameworks import sqlalchemy_writes as writes
from auditor.frameworks.sqlalchemy_models import Registry
from auditor.frameworks.sqlalchemy_sizes import size_of
from auditor.frameworks.sqlalchemy_values import CONNECTION, ENGINE, SESSION, Call, SessionValue
from auditor.index.symbols import External
from auditor.index.values import UNKNOWN, Ext, ExtInst, ManagerValue, Query, Site, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Class
    from auditor.index.values import Model, Row, Size


class SqlAlchemyOrm:
    """The `Orm` protocol for one project. Sessions are `SessionValue`s, which pass through project code."""

    name = "sqlalchemy"

    def __init__(self, project: Project) -> None:
        self.project = project
        self.registry = Registry(project)
        self._roots: frozenset[str] | None = None

    # -- models ----------------------------------------------------------------------------------------------

    def model(self, cls: Class) -> Model | None:
        """The mapping of a class; None where SQLAlchemy maps nothing."""
        return self.registry.model(cls)

    def by_key(self, key: str) -> Model | None:
        """A model by the key that relations name."""
        found = self.registry.mapped.get(key)
        return None if found is None else found.model

    def written_names(self) -> frozenset[str]:
        """The columns of every model."""
        return frozenset(name for mapped in self.registry.mapped.values() for name in mapped.model.columns)

    def relation_names(self) -> frozenset[str]:
        """Relations and association proxies, and the columns that are loaded only when they are read."""
        found: set[str] = {"awaitable_attrs"} if self.registry.mapped else set()
        for mapped in self.registry.mapped.values():
            found.update(mapped.model.relations, mapped.proxies)
            found.update(c.name for c in mapped.model.columns.values() if c.deferred)
        found.update(sqlalchemy_left_out.columns(self.project, self.registry))
        return frozenset(found)

    def class_attribute(self, m: Recorder, model: Model, name: str, node: Node | None) -> Value | None:
        """`Model.name`: an expression, or `Model.query`."""
        del node
        return expressions.class_attribute(m, self.registry, model, name)

    def covers(self, model: Model, name: str, owner: Class) -> bool:
        """Whether Flask-SQLAlchemy's `Model.query` comes before what a mixin behind it calls `query`."""
        if name != "query":
            return False
        line = self.project.mro(model.cls)
        before = line[: line.index(owner)] if owner in line else ()
        return any(isinstance(b, External) and names.is_extension(b.name.rpartition(".")[0]) for b in before)

    def construct(self, m: Recorder, model: Model, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """`Model(...)`: nothing is read or written yet."""
        del m, args
        return rows.fresh(model, kwargs)

    # -- rows ------------------------------------------------------------------------------------------------

    def row_attribute(self, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
        """`row.name`; records a lazy load."""
        return rows.read(m, self.registry, row, name, node)

    def row_set(self, m: Recorder, row: Row, name: str) -> None:
        """What is set on a row of a session, the next flush writes."""
        writes.changed(m, self.registry, row, name)

    def row_method(
        self,
        m: Recorder,
        row: Row,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """The declarative base has no methods that touch the database; Pydantic's are SQLModel's."""
        del m, row, args, kwargs, node
        return UNKNOWN if name in {"model_dump", "model_validate", "dict", "json", "__init__"} else None

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
        """`query.name(...)`; None where there is no such method."""
        if isinstance(query, ManagerValue):
            query = building.of_model(m, self.registry, query.model)
        if not isinstance(query, Query):
            return None
        return queries.method(
            m, self.registry, building.settled(self.registry, query), name, Call(args, kwargs, node)
        )

    def query_attribute(self, m: Recorder, query: Value, name: str, node: Node | None) -> Value | None:
        """`query.name` without a call."""
        del node
        return queries.attribute(m, self.registry, query, name) if isinstance(query, Query) else None

    def fetch(self, m: Recorder, query: Query, node: Node | None, how: str) -> None:
        """Records what consuming a query costs."""
        queries.fetch(m, self.registry, building.settled(self.registry, query), node, how)

    def element(self, m: Recorder, query: Query) -> Value:
        """One of the results, born in the current loops."""
        return results.element(m, self.registry, building.settled(self.registry, query))

    def size(self, query: Query) -> Size:
        """How many results a query gives."""
        return size_of(query)

    # -- the library -----------------------------------------------------------------------------------------

    def external(
        self, m: Recorder, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
    ) -> Value | None:
        """A call of one of the library's functions, or of something one of them made."""
        return functions.external(m, self.registry, name, Call(args, kwargs, node))

    def library_method(
        self,
        m: Recorder,
        value: ExtInst,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """A method of a session, an expression, a loader option…; `__enter__` too."""
        if isinstance(value, SessionValue) and value.cls is not None:
            own = self.project.method(value.cls, name)
            if own is not None and sessions.is_own(name):
                return m.call_function(own, value, args, kwargs, node)
        if value.type == ENGINE:
            return sessions.engine_method(m, self.registry, name, Call(args, kwargs, node))
        return expressions.library_method(m, self.registry, value, name, Call(args, kwargs, node))

    # -- types -----------------------------------------------------------------------------------------------

    def value_of_type(self, dotted: str) -> Value | None:
        """An instance of one of the library's types, for an annotated parameter."""
        if names.is_session_type(dotted):
            return SessionValue(SESSION)
        if names.is_connection_type(dotted):
            return SessionValue(CONNECTION)
        if names.is_engine_type(dotted):
            return ExtInst(ENGINE)
        if names.is_factory(dotted) or names.is_extension(dotted):
            return Ext(f"{dotted.removesuffix('()')}()")
        return None

    def served_by(self, cls: Class) -> Value | None:
        """What an instance of a project class is that extends a session, `Query` or Flask's `SQLAlchemy`."""
        for base in self.project.external_bases(cls):
            if names.is_session_type(base):
                return SessionValue(SESSION, cls, opened=False)
            if names.is_extension(base):
                return Ext(f"{base}()")
        for mapped in self.registry.mapped.values():
            if not mapped.model.abstract and self.registry.query_class(mapped.model) is cls:
                return Query("sqlalchemy", mapped.model, _nowhere(cls), kind="query", cls=cls)
        return None

    def is_used_below(self, root: str) -> bool:
        """Whether modules that are imported from this folder import SQLAlchemy."""
        if self._roots is None:
            self._roots = frozenset(
                module.root for module in self.project.modules if names.is_imported_by(module)
            )
        return root in self._roots

    def session_value(self) -> Value:
        """What a parameter called `session` is taken for."""
        return sessions.session_value()


def _nowhere(cls: Class) -> Site:
    return Site(None, cls.module, cls.line, cls.line, cls.line)
