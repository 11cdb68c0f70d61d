"""What the method calls that build a query share in every ORM whose queries are chained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from auditor.frameworks.orm_text import call_text, shortened
from auditor.index.values import Value, altered, stepped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.values import Model, Query

R = TypeVar("R")
"""The ORM's own registry of models."""


@dataclass(frozen=True, slots=True)
class Step(Generic[R]):
    """One method call on a query."""

    registry: R
    m: Recorder
    query: Query
    name: str
    args: Sequence[Value]
    kwargs: dict[str, Value]
    node: Node | None

    def derived(self, **changes: Any) -> Query:
        """The query after this call: its own place, no rows yet."""
        text = call_text(self.name, self.args, self.kwargs, self.node)
        site = self.m.site()
        fresh = {
            "site": site,
            "steps": stepped(self.query, site),
            "loops": self.m.current_loops(),
            "fetched": [],
            "kept": {},
            "in_memory": False,
            "text": shortened(f"{self.query.text}.{text}"),
        }
        return altered(self.query, **{**fresh, **changes})


def shared_loops(born: tuple[Any, ...], current: tuple[Any, ...]) -> tuple[Any, ...]:
    """The loops around what was born in `born` and is used in `current`, which may have left the former."""
    return born if current[: len(born)] == born else current


class OfModels(Protocol):
    """A mapper whose classes have the methods that begin queries."""

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
        """`Model.name(...)`."""


class Called(Value):
    """`Model.select`, waiting for its arguments."""

    __slots__ = ("model", "name", "orm")

    def __init__(self, orm: OfModels, model: Model, name: str) -> None:
        self.orm, self.model, self.name = orm, model, name

    def call(self, m: Any, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        """What the machine runs for a call of it."""
        return self.orm.model_method(m, self.model, self.name, args, kwargs, node=node)
