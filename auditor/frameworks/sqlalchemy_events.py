"""Event listeners: project functions that SQLAlchemy calls whenever a row is written or loaded, or a session commits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_text import constant
from auditor.frameworks.sqlalchemy_values import CONNECTION, SESSION, SessionValue
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, inner_blocks, tail_name
from auditor.index.values import UNKNOWN, Items, Many, OneOf, Row, Size, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.symbols import Module
    from auditor.index.values import Model, Value

_OF_ROWS: Final = frozenset(
    "before_insert after_insert before_update after_update before_delete after_delete".split()
)
_LOADED: Final = frozenset({"load", "refresh"})
_EVERY: Final = frozenset({"sqlalchemy.orm.Mapper", "sqlalchemy.orm.mapper", "sqlalchemy.orm.mapper.Mapper"})
"""What stands for every mapped class."""
_COMMITTED: Final = ("before_commit", "before_flush", "after_flush", "after_flush_postexec", "after_commit")
"""What a commit calls, in this order; flushes before it, which call some of these too, are not told apart."""
_PARAMETERS: Final = {"before_commit": 1, "before_flush": 3, "after_commit": 1}


@dataclass(frozen=True, slots=True)
class Listener:
    """A function that an event calls."""

    event: str
    function: Function
    target: Class | None
    """The class whose rows it is called for; None for every class, and for events of sessions."""
    propagate: bool = False
    """For the classes below too."""

    def hears(self, registry: Registry, model: Model) -> bool:
        """Whether it is called for rows of a model."""
        if self.target is None or self.target is model.cls:
            return True
        return self.propagate and self.target in registry.project.mro(model.cls)


class Events:
    """The listeners of a project, and calling them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._listeners: dict[str, list[Listener]] | None = None
        self._running: set[int] = set()

    def listeners(self) -> dict[str, list[Listener]]:
        """By event."""
        if self._listeners is None:
            self._listeners = {}
            for module in self._registry.project.modules:
                if module.role in {"app", "script"}:
                    for listener in declared(self._registry, module):
                        listed = self._listeners.setdefault(listener.event, [])
                        if listener not in listed:
                            listed.append(listener)
        return self._listeners

    def wrote(
        self, m: Recorder, session: Value, name: str, given: Sequence[Value], node: Node | None
    ) -> None:
        """After `session.add(row)`, `delete`, `commit`: what the flush to come, or the commit, calls."""
        if not self.listeners():
            return
        if name in {"add", "add_all", "delete"}:
            verb = "delete" if name == "delete" else "insert"
            for value in given:
                each_row(m, value, lambda row: self.of_row(m, verb, row, node))
        elif name == "refresh":
            for value in given[:1]:
                each_row(m, value, lambda row: self.call(m, "refresh", row, [row, UNKNOWN, UNKNOWN], node))
        elif name == "commit":
            for event in _COMMITTED:
                self.of_session(m, event, [session, UNKNOWN, UNKNOWN][: _PARAMETERS.get(event, 2)], node)

    def of_row(self, m: Recorder, verb: str, row: Row, node: Node | None) -> None:
        """A row is inserted, updated or deleted; one that was fetched is not inserted again."""
        if verb == "insert" and not row.fresh:
            return
        for event in (f"before_{verb}", f"after_{verb}"):
            self.call(m, event, row, [UNKNOWN, SessionValue(CONNECTION), row], node)

    def of_session(self, m: Recorder, event: str, arguments: list[Value], node: Node | None) -> None:
        """A session flushes or commits."""
        given = arguments[0]
        session = given if isinstance(given, SessionValue) else SessionValue(SESSION)
        for listener in self.listeners().get(event, ()):
            self._run(m, listener, [session, *arguments[1:]], node)

    def loaded(self, m: Recorder, row: Value, size: Size, node: Node | None) -> None:
        """A query gave rows: each of them is told of."""
        if isinstance(row, Row) and self.listeners().get("load"):
            if size.bound == 1:
                self.call(m, "load", row, [row, UNKNOWN], node)
            else:
                m.each(size, lambda: self.call(m, "load", row, [row, UNKNOWN], node))

    def call(self, m: Recorder, event: str, row: Row, arguments: list[Value], node: Node | None) -> None:
        """Calls what listens to an event of a row's class."""
        for listener in self.listeners().get(event, ()):
            if listener.hears(self._registry, row.model):
                self._run(m, listener, arguments, node)

    def _run(self, m: Recorder, listener: Listener, arguments: list[Value], node: Node | None) -> None:
        """One listener; what sets itself off is not called again."""
        if id(listener.function) in self._running:
            return
        self._running.add(id(listener.function))
        try:
            m.call_function(listener.function, None, arguments, {}, node)
        finally:
            self._running.discard(id(listener.function))


def each_row(m: Recorder, value: Value, run: Callable[[Row], None]) -> None:
    """Runs it for the row that this is, or in a loop for each row of a list."""
    for one in options(value):
        if isinstance(one, Row):
            run(one)
        elif isinstance(one, Items):
            for item in one.items:
                each_row(m, item, run)
        elif isinstance(one, Many) and isinstance(one.elem, (Row, OneOf)):
            m.each(one.size or Size("rows"), partial(each_row, m, one.elem, run))


# -- declarations ------------------------------------------------------------------------------------------


def declared(registry: Registry, module: Module) -> Iterator[Listener]:
    """`@event.listens_for(Model, "before_insert")` and `event.listen(Model, "before_insert", function)`."""
    for function in module.functions:
        for decorator in function.decorators:
            if decorator[0] == ir.CALL and is_event(registry, module, decorator[2], "listens_for"):
                yield from told(registry, module, decorator, function, function.parent)
    bodies: list[tuple[Function | None, Sequence[Node]]] = [(None, module.body)]
    bodies += [(f, f.body) for f in module.functions]
    bodies += [(None, cls.body) for cls in module.classes]
    for owner, body in bodies:
        for call in calls(body):
            if is_event(registry, module, call[2], "listen") and len(call[3]) > 2:
                listening = heard(registry, module, call[3][2], owner)
                if listening is not None:
                    yield from told(registry, module, call, listening, owner)


def is_event(registry: Registry, module: Module, node: Node, name: str) -> bool:
    """Whether this is `sqlalchemy.event`'s function, also by way of `db.event`."""
    if tail_name(node) != name:
        return False
    if node[0] == ir.ATTR and node[2][0] == ir.ATTR:
        return bool(node[2][3] == "event")
    symbol = registry.project.resolve_expression(module, node)
    return isinstance(symbol, External) and symbol.name in {
        f"sqlalchemy.event.{name}",
        f"sqlalchemy.event.api.{name}",
    }


def heard(registry: Registry, module: Module, node: Node, owner: Function | None) -> Function | None:
    """The function that `event.listen` is given; `cls.method` is one of the class around."""
    if node[0] == ir.ATTR and node[2][0] == ir.NAME and node[2][2] in {"cls", "self"}:
        return None if owner is None or owner.owner is None else registry.project.method(owner.owner, node[3])
    symbol = registry.project.resolve_expression(module, node, owner)
    return symbol if isinstance(symbol, Function) else None


def told(
    registry: Registry, module: Module, call: Node, function: Function, owner: Function | None
) -> Iterator[Listener]:
    """What a declaration says: the event, and whose."""
    given = dict(call[4])
    target = call[3][0] if call[3] else given.get("target")
    event = constant(call[3][1] if len(call[3]) > 1 else given.get("identifier"))
    propagate = constant(given.get("propagate")) is True
    if not isinstance(event, str) or target is None or (function.owner is not None and function.static == ""):
        return
    if event in _COMMITTED:
        yield Listener(event, function, None)
        return
    if event not in _OF_ROWS | _LOADED:
        return
    if target[0] == ir.NAME and target[2] == "cls" and owner is not None and owner.owner is not None:
        yield Listener(event, function, owner.owner, propagate=True)
        return
    symbol = registry.project.resolve_expression(module, target, owner)
    if isinstance(symbol, Class):
        yield Listener(event, function, symbol, propagate)
    elif isinstance(symbol, External) and symbol.name in _EVERY:
        yield Listener(event, function, None)


def calls(statements: Iterable[Node]) -> Iterator[Node]:
    """Calls that stand as statements of their own."""
    for s in statements:
        if s[0] == ir.EXPR and s[3][0] == ir.CALL:
            yield s[3]
        for block in inner_blocks(s):
            yield from calls(block)
