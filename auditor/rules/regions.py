"""Stretches of code during which a connection or a transaction is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.index import ir
from auditor.rules import turns
from auditor.rules.scene import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.doings import Step
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RegionKind: TypeAlias = Literal["session", "transaction"]
_BEGINNING: Final = frozenset({"begin", "begin_nested"})
_ENDING: Final = frozenset(
    {"commit", "rollback", "close", "expunge_all", "remove", "acommit", "arollback", "aclose", "invalidate"}
)
_MOMENTARY: Final = frozenset({"suppress", "override", "patch", "catch_warnings", "closing", "open"})


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """From where something is taken to where it is given back, in one function."""

    function: Function
    kind: RegionKind
    taken: Spot
    first: int
    last: int

    @property
    def where(self) -> str:
        return f"{self.function.module.path}:{self.taken.line}"

    def holds(self, line: int) -> bool:
        return self.first <= line <= self.last


def sessions(scene: Scene) -> Iterator[Region]:
    """`with` blocks that open a session or a connection, themselves or by a helper."""
    for function, node in scene.once(withs):
        first = node[4][0][1] if node[4] else node[2]
        if any(turns.name_of(called(e)) in _MOMENTARY for e, _ in node[3]):
            continue
        header = max(node[1], min(first - 1, node[2]))
        opened = [e for e in scene.doings.at(function, node[1], header, "session") if first > node[1]]
        if any(is_pooled(e) for e in opened) and not any(is_begun(e) for e, _ in node[3]):
            yield region(function, "session", node, first)


def transactions(scene: Scene) -> Iterator[Region]:
    """`with atomic():`, `with session.begin():`, and functions decorated so."""
    for function, node in scene.once(withs):
        if node[4] and any(is_begun(e) for e, _ in node[3]):
            yield region(function, "transaction", node, node[4][0][1])
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            if function.body and any(
                "atomic" in turns.name_of(called(d)).lower() for d in function.decorators
            ):
                line = function.line
                taken = Spot(module, function, line, line, line)
                yield Region(function, "transaction", taken, function.body[0][1], function.end_line)


def withs(scene: Scene) -> list[tuple[Function, Node]]:
    """Every `with` of the application, with the function that it stands in."""
    return [
        (function, node)
        for module in scene.project.modules
        for function in (module.functions if module.role == "app" else ())
        for node in turns.own_nodes(function.body)
        if node[0] == ir.WITH
    ]


def is_pooled(effect: Effect) -> bool:
    """Whether it comes out of a pool; what a driver's own `connect` makes does not."""
    return effect.label.startswith(("Session", "engine.", "sessionmaker", "scoped_session", "AsyncSession"))


def region(function: Function, kind: RegionKind, node: Node, first: int) -> Region:
    line = node[1]
    return Region(function, kind, Spot(function.module, function, line, line, line), first, node[2])


def called(node: Node) -> Node:
    """What an expression calls, itself where it calls nothing."""
    if node[0] == ir.AWAIT:
        node = node[2]
    return node[2] if node[0] == ir.CALL else node


def is_begun(node: Node) -> bool:
    """Whether entering it begins a transaction, going by its name."""
    name = turns.name_of(called(node))
    return name in _BEGINNING or "atomic" in name.lower()


def ends_before(function: Function, first: int, last: int) -> bool:
    """Whether a call between the lines gives the connection back: a commit, a rollback, a close."""
    return any(
        n[0] == ir.CALL and n[2][0] == ir.ATTR and n[2][3] in _ENDING and first <= n[1] < last
        for n in turns.own_nodes(function.body)
    )


def ends_on_the_way(region: Region, way: Sequence[Step]) -> bool:
    """Whether the connection is given back before the operation that a way from the region leads to."""
    here, *below = way
    if ends_before(region.function, region.first, here[1]):
        return True
    return any(ends_before(f, f.line, n or f.end_line + 1) for f, n in below)
