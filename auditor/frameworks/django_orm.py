"""Django's ORM: what models, querysets, managers and rows do, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_execution as execution
from auditor.frameworks import django_orm_functions as functions
from auditor.frameworks import django_orm_related as related
from auditor.frameworks import django_orm_rows as rows
from auditor.frameworks import django_orm_trees as trees
from auditor.frameworks.django_orm_contrib import ABSTRACT_USERS
from auditor.frameworks.django_orm_managers import is_manager_class, is_queryset_class
from auditor.frameworks.django_orm_models import ORM, Registry
from auditor.frameworks.django_orm_queries import BUILDERS, Step, start
from auditor.frameworks.django_orm_terminals import TERMINALS, create_user
from auditor.frameworks.orm_naming import size
from auditor.index.values import (
    UNKNOWN,
    Inst,
    ManagerValue,
    Model,
    Query,
    Row,
    Site,
    Value,
    altered,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Class
    from auditor.index.values import Size

_ASYNC: Final = {
    f"a{name}": name for name in (*TERMINALS, "iterator", "add", "set", "remove", "clear", "save", "delete")
}
_QUERY_ATTRIBUTES: Final = frozenset(
    {"query", "db", "ordered", "name", "core_filters", "instance", "through"}
)
_USER_CREATORS: Final = frozenset({"create_user", "create_superuser"})


class DjangoOrm:
    """Implements `frameworks.orm.Orm` for the models of one project."""

    name = ORM

    def __init__(self, project: Project) -> None:
        self.registry = Registry(project)
        self._starting: set[int] = set()

    # -- models --------------------------------------------------------------------------------------------

    def model(self, cls: Class) -> Model | None:
        """The mapping of a class, abstract ones included; None where it is no Django model."""
        return self.registry.by_class.get(id(cls))

    def by_key(self, key: str) -> Model | None:
        """A model by `app_label.Model`, in any case."""
        return self.registry.by_key.get(key.lower())

    def written_names(self) -> frozenset[str]:
        """None: `save` writes."""
        return frozenset()

    def relation_names(self) -> frozenset[str]:
        """Attributes that are a relation on some model, reverse ones included."""
        return frozenset(name for model in self.registry.by_class.values() for name in model.relations)

    def class_attribute(self, m: Recorder, model: Model, name: str, node: Node | None) -> Value | None:
        """Managers; anything else of the class is the project's own."""
        del m, node
        return self.registry.managers.value(model, name)

    def construct(self, m: Recorder, model: Model, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """`Model(...)`: nothing is executed before `save`."""
        del args
        return Row(model, None, loops=m.current_loops(), extra=dict(kwargs), fresh=True)

    # -- hooks beside the protocol -------------------------------------------------------------------------

    def value_of_type(self, dotted: str) -> Value | None:
        """An instance of a library's model, or of the project's user for `AbstractUser` and the like."""
        model = self.registry.external_model(dotted)
        if model is None and dotted in ABSTRACT_USERS and self.registry.is_used:
            model = self.registry.user
        return None if model is None else Row(model, None)

    def user_value(self) -> Value | None:
        """What `request.user` is once somebody logged in; None without models."""
        return Row(self.registry.user, None) if self.registry.is_used else None

    def served_by(self, cls: Class) -> Value | None:
        """What `self` is in a project's manager or queryset class that serves one model."""
        if not self.registry.is_used:
            return None
        found = self.registry.managers.served_by(cls)
        if found is None:
            return None
        model, is_manager = found
        if is_manager:
            return ManagerValue(model, cls, self.registry.managers.queryset_class(cls))
        site = Site(None, cls.module, cls.line, cls.line, cls.end_line)
        return Query(ORM, model, site, cls=cls, text=f"{model.name}.objects")

    def is_query_class(self, cls: Class) -> bool:
        """Whether a project class is a manager or a queryset, of however many models."""
        return is_manager_class(self.registry, cls) or is_queryset_class(self.registry, cls)

    # -- rows ----------------------------------------------------------------------------------------------

    def row_attribute(self, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
        """Relations and columns; what is read for the first time is loaded here."""
        if name == "specific" and trees.is_page(row.model):
            return trees.specific(m, row, node)
        return rows.attribute(self.registry, m, row, name, node)

    def row_set(self, m: Recorder, row: Row, name: str) -> None:
        """Nothing is written before `save`."""

    def row_method(  # the protocol's signature
        self,
        m: Recorder,
        row: Row,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """`save`, `delete`, `refresh_from_db` and the other methods of `models.Model`."""
        given = (*args, *(v for k, v in kwargs.items() if k == "fields"))
        found = rows.method(self.registry, m, row, name=name, args=given, node=node)
        return trees.method(self.registry, m, row, name, node) if found is None else found

    # -- queries -------------------------------------------------------------------------------------------

    def start(self, m: Recorder, manager: ManagerValue, node: Node | None) -> Query:
        """The query that a manager begins with: through the project's own `get_queryset`, if it has one."""
        plain = start(m, manager)
        method = None if manager.cls is None else m.project.method(manager.cls, "get_queryset")
        if method is None or plain.in_memory or id(method) in self._starting:
            return plain
        self._starting.add(id(method))
        try:
            made = m.call_function(method, manager, [], {}, node)
        finally:
            self._starting.discard(id(method))
        return self._adopted(m, plain, made)

    def _adopted(self, m: Recorder, plain: Query, made: Value) -> Query:
        """A custom manager's query to go on with, narrowed to the related rows where there is an owner."""
        if isinstance(made, Inst) and is_queryset_class(self.registry, made.cls):
            return altered(plain, cls=made.cls)
        if not isinstance(made, Query) or made.orm != ORM:
            return plain
        filters = tuple(f for f in plain.filters if f not in made.filters) + made.filters
        text = (
            made.text
            if plain.owner is None
            else f"{plain.text}{made.text.removeprefix(plain.model.name + '.objects')}"
        )
        return altered(
            made,
            model=plain.model,
            site=m.site(),
            loops=m.current_loops(),
            fetched=[],
            kept={},
            owner=plain.owner,
            relation=plain.relation,
            filters=filters,
            text=text,
            cls=made.cls or plain.cls,
        )

    def query_method(  # the protocol's signature
        self,
        m: Recorder,
        query: Value,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """Methods of querysets, managers and related managers, the async ones included."""
        plain = _ASYNC.get(name, name)
        if not isinstance(query, (Query, ManagerValue)):
            return None
        known = plain in BUILDERS or plain in TERMINALS or plain in related.METHODS
        if not known and plain not in _USER_CREATORS:
            cached = functions.cached_lookup(query.model, plain)
            return None if cached is None else cached(m)
        if isinstance(query, ManagerValue):
            return self._manager_method(m, query, plain, args, kwargs, node)
        step = Step(self.registry, m, query, plain, args, kwargs, node)
        if plain in related.METHODS or plain in _USER_CREATORS:
            return None
        return BUILDERS[plain](step) if plain in BUILDERS else TERMINALS[plain](step)

    def _manager_method(  # as query_method
        self,
        m: Recorder,
        manager: ManagerValue,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        if name.startswith("__"):
            return None
        if name == "get_queryset":
            return start(m, manager)
        query = self.start(m, manager, node)
        step = Step(self.registry, m, query, name, args, kwargs, node)
        if name in related.METHODS:
            return related.change(step)
        if name in _USER_CREATORS:
            creates = any(x.creates_users for x in self.registry.managers.of(manager.model).values())
            return create_user(step) if creates else None
        if name == "all":
            # The manager hands out its own query: prefetched rows stay in memory.
            return (
                altered(step.derived(), in_memory=query.in_memory, kept=query.kept)
                if query.in_memory
                else step.derived()
            )
        return BUILDERS[name](step) if name in BUILDERS else TERMINALS[name](step)

    def query_attribute(self, m: Recorder, query: Value, name: str, node: Node | None) -> Value | None:
        """Attributes of querysets and managers; none of them executes anything."""
        del m, query, node
        return UNKNOWN if name in _QUERY_ATTRIBUTES else None

    def fetch(self, m: Recorder, query: Query, node: Node | None, how: str) -> None:
        """Records what evaluating the query costs; its rows are kept."""
        del how
        execution.fetch(self.registry, m, query, node)

    def element(self, m: Recorder, query: Query) -> Value:
        """One result: a row, a dictionary, a tuple, a value."""
        return execution.element(self.registry, m, query)

    def size(self, query: Query) -> Size:
        """How many rows, by the name of the relation or of the model."""
        return size(query)

    def external(
        self, m: Recorder, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
    ) -> Value | None:
        """Calls of Django's functions and of the models that its libraries bring."""
        return functions.call(self, m, name, args=args, kwargs=kwargs, node=node)
