"""The seam between the abstract machine and the semantics of an ORM.

An ORM module answers what its classes, queries and rows do; it records what that costs through `Recorder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Class, Function
    from auditor.index.values import Model, Query, Row, Site, Size, Value


class Recorder(Protocol):
    """What the machine offers to an ORM: where it is, and ways to record what happens there."""

    project: Project
    quiet: int
    """Not zero while nothing is recorded: what is asked for now leaves no traces on shared values."""

    def site(self) -> Site:
        """The place being evaluated."""

    def effect(
        self,
        kind: str,
        label: str,
        operation: str | None = None,
        *,
        cause: str = "query",
        query: Query | None = None,
        row: Row | None = None,
        relation: str = "",
        node: Node | None = None,
        loops: tuple[Any, ...] | None = None,
        arguments: tuple[Value, ...] = (),
        guessed: bool = False,
        target: str = "",
        distinct: Size | None = None,
    ) -> None:
        """Records an effect here, in the current loops unless `loops` says otherwise.

        `distinct` where it happens once for each of so many things, however often the loops turn.
        """

    def use(self, how: str, value: Value, node: Node | None, detail: Any = None) -> None:
        """Records that a value was consumed."""

    def current_loops(self) -> tuple[Any, ...]:
        """The loops around the place being evaluated."""

    def owner(self) -> Function | None:
        """The function whose summary is being filled: of what is seen below it, the one that called."""

    def call_function(
        self,
        function: Function,
        receiver: Value | None,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value:
        """Calls a project function."""

    def call(self, value: Value, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        """Calls any value."""

    def later(self, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        """The result of a library's function where only callers know what it is handed: it is called again for each."""

    def each(self, size: Size, run: Callable[[], None]) -> None:
        """Runs something in a loop of so many turns, that a library goes round."""

    def name_here(self, default: str) -> str:
        """What a person would call the collection being iterated here."""


class Orm(Protocol):
    """One object-relational mapper."""

    name: str

    def model(self, cls: Class) -> Model | None:
        """The mapping of a class; None where it is none of this ORM's."""

    def by_key(self, key: str) -> Model | None:
        """A model by the key that relations name."""

    def class_attribute(self, m: Recorder, model: Model, name: str, node: Node | None) -> Value | None:
        """`Model.name`, for names that the project does not define itself."""

    def construct(self, m: Recorder, model: Model, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """`Model(...)`."""

    def row_attribute(self, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
        """`row.name`, for names that the project does not define itself; records a lazy load."""

    def row_method(
        self,
        m: Recorder,
        row: Row,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """`row.name(...)` of the ORM's own base class; None where there is no such method."""

    def query_method(
        self,
        m: Recorder,
        query: Value,
        name: str,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Value | None:
        """`query.name(...)`, for queries and managers; None where there is no such method."""

    def query_attribute(self, m: Recorder, query: Value, name: str, node: Node | None) -> Value | None:
        """`query.name` without a call."""

    def row_set(self, m: Recorder, row: Row, name: str) -> None:
        """`row.name = value`; `name` is empty where nobody knows which."""

    def fetch(self, m: Recorder, query: Query, node: Node | None, how: str) -> None:
        """Records what evaluating the query costs, unless its rows are in memory already."""

    def element(self, m: Recorder, query: Query) -> Value:
        """One of the query's results, born in the current loops."""

    def size(self, query: Query) -> Size:
        """How many results it gives."""

    def external(
        self, m: Recorder, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
    ) -> Value | None:
        """A call of one of the ORM's own functions by dotted name (`sqlalchemy.select`); None if it is not one."""

    def written_names(self) -> frozenset[str]:
        """Attribute names that a row writes by itself once they are set."""

    def relation_names(self) -> frozenset[str]:
        """Attribute names that are a relation on some model."""
