"""What the target's own files say of how it is served: connection pools, workers, requests at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.constants import fold
from auditor.frameworks.literals import UNKNOWN
from auditor.index import ir
from auditor.index.symbols import Assigned, External
from auditor.rules import turns
from auditor.rules.scene import Spot, statement_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.rules.scene import Scene

_ENGINES: Final = frozenset(
    {"create_engine", "create_async_engine", "engine_from_config", "async_engine_from_config"}
)
_POOL_SIZE: Final = 5
_OVERFLOW: Final = 10
"""SQLAlchemy's own defaults."""
_CONNECTIONS: Final = 1000
"""Requests at once in a worker that switches between them, where gunicorn is not told."""
_SWITCHING: Final = frozenset({"gevent", "eventlet", "gevent_wsgi", "gevent_pywsgi", "ggevent", "geventlet"})
_NOT_SERVED: Final = ("dev", "test", "local", "example", "debug", "websocket")


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of database connections of one process."""

    size: int
    overflow: int
    spot: Spot
    """Where its size is written, else where it is made."""
    told: bool
    """The size is the target's own, not the library's default."""

    @property
    def most(self) -> int:
        return self.size + self.overflow


@dataclass(frozen=True, slots=True)
class Server:
    """The settings of one gunicorn."""

    module: Module
    worker_class: str
    at_once: int
    """Requests that one worker works on at the same time."""
    spot: Spot
    """The setting that says so."""

    @property
    def switches(self) -> bool:
        return self.worker_class in _SWITCHING


def servers(scene: Scene) -> Iterator[Server]:
    """One for each of the target's gunicorn settings that serve in production."""
    for module in scene.project.modules:
        name = module.path.rpartition("/")[2]
        if module.role == "config" and "gunicorn" in name and not any(x in name for x in _NOT_SERVED):
            found = {
                n: s for n in ("worker_class", "worker_connections", "threads") if (s := assigned(module, n))
            }
            kind = setting(scene, module, found.get("worker_class"), "sync")
            kind = str(kind).rpartition(".")[2] if isinstance(kind, str) else ""
            if kind in _SWITCHING:
                said, least = found.get("worker_connections"), _CONNECTIONS
            else:
                said, least = found.get("threads"), 1
            number = setting(scene, module, said, least)
            at = said or found.get("worker_class") or assigned(module, "workers")
            if isinstance(number, int) and at is not None:
                yield Server(module, kind, number, Spot(module, None, at[1], at[1], at[2]))


def assigned(module: Module, name: str) -> Node | None:
    """The last statement of a module's own level that gives a name its value."""
    found = [
        s for s in module.body if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == name for t in s[3])
    ]
    return found[-1] if found else None


def setting(scene: Scene, module: Module, statement: Node | None, default: object) -> object:
    """What a settings statement says; `default` without one, None where it can't be told."""
    return default if statement is None else value_of(scene, module, statement[4], None)


def value_of(scene: Scene, module: Module, node: Node, function: Function | None) -> object:
    """A number or text as the target ships it; None where it can't be told."""
    if node[0] == ir.BOOL and node[2] == "or":
        values = [value_of(scene, module, part, function) for part in node[3]]
        return next((v for v in values if v), values[-1])
    if node[0] == ir.CALL and turns.name_of(node[2]) in {"int", "float"} and node[3]:
        inner = value_of(scene, module, node[3][0], function)
        try:
            return int(inner) if isinstance(inner, int | str) else None
        except ValueError:
            return None
    value = fold(scene.project, module, node, function=function)
    if value is UNKNOWN and node[0] == ir.ATTR:
        declared = field_default(scene, node[3])
        return None if declared is None else declared[0]
    return None if value is UNKNOWN else value


def field_default(scene: Scene, name: str) -> tuple[object, Spot] | None:
    """The value that the target's only class with such a field declares for it: `pool_size: int = 5`."""
    found = [
        (module, symbol)
        for module in scene.project.modules
        if module.role in {"app", "config"}
        for cls in module.classes
        for symbol in cls.scope.get(name, ())
        if isinstance(symbol, Assigned)
    ]
    if len(found) != 1:
        return None
    module, symbol = found[0]
    if symbol.value is None or symbol.value[0] != ir.CONST:
        return None
    return symbol.value[2], Spot(module, None, symbol.line, symbol.line, symbol.line)


def pools(scene: Scene) -> list[Pool]:
    """The pools of the target's engines; none for engines that keep no connections."""
    found = []
    for module in scene.project.modules:
        if module.role in {"app", "config"}:
            places: list[tuple[Function | None, tuple[Node, ...]]] = [(None, module.body)]
            places += [(f, f.body) for f in module.functions]
            for function, body in places:
                for node in turns.nodes(body) if function is not None else top(body):
                    if node[0] == ir.CALL and is_engine(scene, module, function, node):
                        pool = pool_of(scene, module, function, node)
                        if pool is not None:
                            found.append(pool)
    return list({p.spot.key: p for p in found}.values())


def is_engine(scene: Scene, module: Module, function: Function | None, call: Node) -> bool:
    if turns.name_of(call[2]) not in _ENGINES:
        return False
    found = scene.project.resolve_expression(module, call[2], function)
    return isinstance(found, External) and found.name.startswith("sqlalchemy.")


def top(body: tuple[Node, ...]) -> Iterator[Node]:
    for s in body:
        if s[0] not in {ir.DEF, ir.CLASS}:
            yield from turns.nodes(s)


def pool_of(scene: Scene, module: Module, function: Function | None, call: Node) -> Pool | None:
    given = dict(options(call, () if function is None else function.body))
    kind = given.get("poolclass")
    if kind is not None and turns.name_of(kind) in {"NullPool", "StaticPool", "AssertionPool"}:
        return None
    size, overflow = given.get("pool_size"), given.get("max_overflow")
    many = _POOL_SIZE if size is None else value_of(scene, module, size, function)
    more = _OVERFLOW if overflow is None else value_of(scene, module, overflow, function)
    if not isinstance(many, int) or not isinstance(more, int) or many <= 0 or more < 0:
        return None
    declared = field_default(scene, size[3]) if size is not None and size[0] == ir.ATTR else None
    line = call[1] if size is None else size[1]
    body = module.body if function is None else function.body
    start, end = statement_at(body, line) or (line, line)
    spot = Spot(module, function, line, start, end) if declared is None else declared[1]
    return Pool(many, more, spot, size is not None)


def options(call: Node, body: tuple[Node, ...]) -> Iterator[tuple[str, Node]]:
    """Keyword arguments of a call, those of a dictionary that is written in the same function included."""
    for key, value in call[4]:
        if key is not None:
            yield key, value
        elif value[0] == ir.NAME:
            for s in turns.nodes(body):
                named = s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == value[2] for t in s[3])
                if named and s[4][0] == ir.DICT:
                    yield from ((k[2], v) for k, v in s[4][2] if k is not None and k[0] == ir.CONST)
