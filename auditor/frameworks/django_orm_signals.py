"""Signal receivers: project functions that run whenever a row is saved or deleted, or a signal of the project's own is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_receivers import is_for
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, Module, inner_blocks, tail_name
from auditor.index.values import Const, Exact, ModelValue

if TYPE_CHECKING:
    from auditor.frameworks.django_orm_models import Registry
    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.values import Row, Value

_SIGNALS: Final = frozenset({"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"})
ANY_SENDER: Final = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A function that a signal calls."""

    signal: str
    """`post_save`."""
    function: Function


class Signals:
    """The receivers of a project, and sending to them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._receivers: dict[str, list[Receiver]] | None = None
        self._running: set[int] = set()
        self._own: dict[int, list[Function]] = {}
        """By identity of the assignment that makes a signal: what listens to it."""

    def receivers(self) -> Mapping[str, list[Receiver]]:
        """By key of the sending model; those of every sender under `ANY_SENDER`."""
        if self._receivers is None:
            self._receivers = {}
            for module in self._registry.project.modules:
                if module.role in {"app", "script"}:
                    self._read(module)
        return self._receivers

    def send(self, m: Recorder, signal: str, row: Row, node: Node | None) -> None:
        """Calls what listens to a model's signal; a receiver that sets itself off is not called again."""
        known = self.receivers()
        for receiver in (*known.get(row.model.key, ()), *known.get(ANY_SENDER, ())):
            if receiver.signal != signal or id(receiver.function) in self._running:
                continue
            places = (
                row.model.cls.module,
                m.site().module,
            )  # a library's model is sent from several projects
            if any(self._registry.projects.are_strangers(receiver.function.module, one) for one in places):
                continue
            if not is_for(self._registry.project, receiver.function, row.model.cls):
                continue
            self._running.add(id(receiver.function))
            try:
                arguments: dict[str, Value] = {"sender": ModelValue(row.model), "instance": row}
                if signal == "post_save":
                    arguments["created"] = created(row)
                m.call_function(receiver.function, None, [], arguments, node)
            finally:
                self._running.discard(id(receiver.function))

    def send_own(self, m: Recorder, arguments: dict[str, Value], node: Node | None) -> bool:
        """Calls what listens to a signal of the project's own; False where nothing does: `node` is `signal.send(…)`."""
        if node is None or node[0] != ir.CALL or node[2][0] != ir.ATTR:
            return False
        self.receivers()
        site = m.site()
        symbol = self._signal(site.module, node[2][2], site.function)
        listening = [] if symbol is None else self._own.get(id(symbol), [])
        for function in listening:
            if id(function) in self._running:
                continue
            self._running.add(id(function))
            try:
                m.call_function(function, None, [], arguments, node)
            finally:
                self._running.discard(id(function))
        return bool(listening)

    # -- declarations --------------------------------------------------------------------------------------

    def _read(self, module: Module) -> None:
        for function in module.functions:
            for decorator in function.decorators:
                if decorator[0] == ir.CALL and self._name(module, decorator[2], function.parent).endswith(
                    ".receiver"
                ):
                    self._add(module, decorator[3][:1], decorator, function)
        owners: list[tuple[Function | None, tuple[Node, ...]]] = [(None, module.body)]
        owners += [(f, f.body) for f in module.functions if f.name == "ready"]
        for owner, body in owners:
            for call in _calls(body):
                function_node = call[2]
                if function_node[0] == ir.ATTR and function_node[3] == "connect" and (call[3] or call[4]):
                    self._connect(module, owner, call)

    def _connect(self, module: Module, owner: Function | None, call: Node) -> None:
        given = call[3][0] if call[3] else next((v for k, v in call[4] if k == "receiver"), None)
        target = None if given is None else self._registry.project.resolve_expression(module, given, owner)
        if isinstance(target, Function):
            self._add(module, (call[2][2],), call, target, owner)

    def _add(
        self,
        module: Module,
        signals: Iterable[Node],
        call: Node,
        function: Function,
        owner: Function | None = None,
    ) -> None:
        for node in signals:
            for signal_node in node[3] if node[0] == ir.SEQ else (node,):
                own = self._signal(module, signal_node, owner)
                if own is not None:
                    listening = self._own.setdefault(id(own), [])
                    listening.extend([] if function in listening else [function])
                signal = self._name(module, signal_node, owner).rpartition(".")[2]
                if signal in _SIGNALS:
                    for key in self._senders(module, call, owner):
                        found = Receiver(signal, function)
                        listed = self._listed(key)
                        if found not in listed:
                            listed.append(found)

    def _listed(self, key: str) -> list[Receiver]:
        if self._receivers is None:
            self._receivers = {}
        return self._receivers.setdefault(key, [])

    def _senders(self, module: Module, call: Node, owner: Function | None) -> Iterator[str]:
        sender = next((v for k, v in call[4] if k == "sender"), None)
        if sender is None or (sender[0] == ir.CONST and sender[2] is None):
            yield ANY_SENDER
            return
        if sender[0] == ir.CONST and isinstance(sender[2], str):
            model = self._registry.named(sender[2], module)
        else:
            symbol = self._registry.project.resolve_expression(module, sender, owner)
            model = (
                self._registry.by_class.get(id(symbol))
                if isinstance(symbol, Class)
                else self._registry.external_model(symbol.name)
                if isinstance(symbol, External)
                else None
            )
        if model is not None:
            yield model.key

    def _signal(self, module: Module, node: Node, owner: Function | None) -> Assigned | None:
        """The assignment that makes a signal of the project's own, by a name of it: `paid`, `signals.paid`."""
        project = self._registry.project
        found: object = None
        if node[0] == ir.NAME:
            found = project.lookup(owner, module, node[2])
        elif node[0] == ir.ATTR:
            base = project.resolve_expression(module, node[2], owner)
            found = project.exported(base, node[3]) if isinstance(base, Module) else None
        return found if isinstance(found, Assigned) and is_signal(found) else None

    def _name(self, module: Module, node: Node, owner: Function | None) -> str:
        symbol = self._registry.project.resolve_expression(module, node, owner)
        return symbol.name if isinstance(symbol, External) else ""


def is_signal(symbol: Assigned) -> bool:
    """`paid = Signal()`, of Django's or of a class that is called like it."""
    value = symbol.value
    return value is not None and value[0] == ir.CALL and tail_name(value[2]).endswith("Signal")


def created(row: Row) -> Value:
    """What `post_save` says: sure for a row that was made here or fetched."""
    return Exact(row.fresh) if row.fresh or row.origin is not None else Const(False)


def _calls(statements: Iterable[Node]) -> Iterator[Node]:
    """Calls that stand as statements of their own."""
    for s in statements:
        if s[0] == ir.EXPR and s[3][0] == ir.CALL:
            yield s[3]
        for block in inner_blocks(s):
            yield from _calls(block)
