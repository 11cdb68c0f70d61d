"""How long an outside call may wait, as far as the call, its client and the library say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import names, turns

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

_CLIENTS: Final = frozenset({"Session", "HTTPAdapter", "BaseAdapter", "Client", "AsyncClient", "PoolManager"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the whole target sets for its clients, found once."""

    limited: frozenset[str] = field(default_factory=frozenset)
    """Names of classes and functions that are somewhere called with a time limit."""
    own_clients: bool = False
    """A class of the target extends an HTTP client or adapter and speaks of time limits."""


def limits_of(scene: Scene) -> Limits:
    """Looks through every call and class of the target."""
    limited: set[str] = set()
    own = False
    for module in scene.project.modules:
        if module.role in {"library", "migration"}:
            continue
        for node in turns.nodes(module.body):
            if node[0] == ir.CALL and any(key is not None and "timeout" in key for key, _ in node[4]):
                limited.add(names.called_name(node))
        for cls in module.classes:
            bases = {turns.name_of(b) for b in cls.bases}
            if bases & _CLIENTS and any(
                "timeout" in str(n[-1]) for n in turns.nodes(cls.body) if n[0] in {ir.NAME, ir.ATTR, ir.CONST}
            ):
                own = True
    return Limits(frozenset(limited), own)


def waits_for_ever(scene: Scene, limits: Limits, effect: Effect) -> bool:
    """Whether nothing bounds the wait: neither the call nor its client, nor the library where nobody says anything."""
    limit = seconds(scene, limits, effect)
    return limit is not None and limit == float("inf")


def seconds(scene: Scene, limits: Limits, effect: Effect) -> float | None:
    """The longest wait that the library allows where the target says nothing; None if it says something, or may."""
    fact, node = effect.fact, effect.node
    if fact is None or fact.timeout_argument is None or node is None or node[0] != ir.CALL:
        return None
    for key, value in node[4]:
        if key is None or (key is not None and "timeout" in key):
            return float("inf") if key is not None and names.is_none(value) else None
    if any(a[0] == ir.STAR for a in node[3]):
        return None
    if lifted_by_client(scene, effect):
        return float("inf")
    if is_limited_by_client(scene, limits, effect):
        return None
    return float("inf") if fact.timeout_default_s is None else fact.timeout_default_s


def lifted_by_client(scene: Scene, effect: Effect) -> Node | None:
    """The call that makes the client in the same function, where it says that there is no limit: `timeout=None`."""
    node, function = effect.node, effect.site.function
    if node is None or function is None or node[2][0] != ir.ATTR or node[2][2][0] != ir.NAME:
        return None
    name = node[2][2][2]
    reads = scene.texts.of(function)
    bound = reads.bindings.get(name, [])
    if name in reads.params or len(bound) != 1:
        return None
    made = maker_of(name, bound[0])
    if made is None or made[0] != ir.CALL:
        return None
    lifted = any(key == "timeout" and names.is_none(value) for key, value in made[4])
    return made if lifted else None


def maker_of(name: str, statement: Node) -> Node | None:
    """What a statement binds a name to: `client = X(…)`, `with X(…) as client`."""
    if statement[0] == ir.WITH:
        return next((e for e, t in statement[3] if t is not None and t[0] == ir.NAME and t[2] == name), None)
    return names.bound_value(statement)


def is_limited_by_client(scene: Scene, limits: Limits, effect: Effect) -> bool:
    """Whether the client was, or may have been, made with a limit."""
    owner = effect.target
    on_client = False
    while owner:
        owner = owner.rpartition(".")[0]
        kind = scene.knowledge.types.get(owner)
        if kind is not None:
            on_client = True
            aliases = {name.rpartition(".")[2] for name, t in scene.knowledge.types.items() if t is kind}
            if limits.own_clients or aliases & limits.limited:
                return True
    return on_client and bool({"mount", "with_options"} & mounted(effect))


def mounted(effect: Effect) -> set[str]:
    """Methods called on clients in the same module: an adapter that is mounted may bring a limit."""
    tree: tuple[Node, ...] = effect.site.module.body
    return {n[2][3] for n in turns.nodes(tree) if n[0] == ir.CALL and n[2][0] == ir.ATTR}
