"""Queries of a request that ask for the same rows whoever asks, and where those rows are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules.scene import Spot, repeating, spot_of
from auditor.trace.chains import chains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Model
    from auditor.rules.scene import Scene
    from auditor.trace.chains import Chain
    from auditor.trace.evaluation import Root
    from auditor.trace.summary import Effect

_WORD: Final = re.compile(r"(?<![.\w'\"])[A-Za-z_]\w*")
_READING: Final = frozenset({"GET", "ANY", "QUERY"})
_PARTIAL: Final = re.compile(r"^prefetch |\.refresh_from_db\(")
"""Texts of queries for rows that are at hand, which the text does not name."""
_SUBJECT: Final = frozenset({"get_queryset", "get_object"})
"""Methods in which a view of Django's or REST framework's says what its answer is about."""
_LISTED: Final = 60
_ASKED: Final = 12
"""Endpoints looked at for one query."""
_CONTROL: Final = re.compile(
    r"(^|[/_.-])(admin|backoffice|staff|manage|internal|debug|health|settings|setup)", re.IGNORECASE
)
"""Parts of paths that few people visit."""


@dataclass(frozen=True, slots=True, eq=False)
class ConstantRead:
    """One place that reads the same rows of a model for every request."""

    effect: Effect
    model: Model
    endpoints: int
    """How many reading endpoints it is run for."""
    paths: int
    """How many paths these have: one that answers three methods is one place people go to."""
    is_handler: bool
    """The query stands in the function that answers."""


def constant_reads(scene: Scene) -> dict[str, list[ConstantRead]]:
    """By key of the model: its reads in requests that depend on nothing of the request, most endpoints first."""
    found: dict[str, dict[tuple[str, int], ConstantRead]] = {}
    by_id = {r.entry.id: r for r in scene.trace.entries if r.entry is not None}
    answering = {id(r.function) for r in scene.trace.entries}
    ways: dict[int, list[Chain]] = {}
    for scope, effect in scene.effects():
        if id(scope) not in scene.waited_in or not is_constant_read(scene, effect):
            continue
        query = effect.query
        assert query is not None
        key = (query.site.module.path, query.site.line)
        known = found.setdefault(query.model.key, {})
        if key not in known:
            roots = list(asking(by_id, scene, effect))
            if any(is_aside(operations_of(scene, root, ways), root, effect) for root in roots[:_ASKED]):
                is_handler = id(query.site.function) in answering
                paths = len({r.entry.path for r in roots if r.entry is not None})
                known[key] = ConstantRead(effect, query.model, len(roots), paths, is_handler)
    return {
        model: sorted(
            reads.values(), key=lambda r: (-r.endpoints, r.effect.site.module.path, r.effect.site.line)
        )
        for model, reads in sorted(found.items())
        if reads
    }


def is_constant_read(scene: Scene, effect: Effect) -> bool:
    """Whether a query is run whatever the request says, with conditions that are written in the source."""
    query = effect.query
    if effect.kind != "sql" or effect.operation == "write" or effect.cause != "query" or query is None:
        return False
    if effect.remembered or effect.offloaded or effect.guessed or repeating(effect.loops) or query.locked:
        return False
    function = query.site.function
    if function is None or query.relation or query.site.module.role != "app":
        return False
    if function.owner is not None and function.name in _SUBJECT:
        return False
    if not query.model.table or query.model.cls.module.role != "app" or _PARTIAL.search(query.text):
        return False
    if not effect.label.startswith(("SELECT ", "GET ")) or not query.text or "…" in query.text:
        return False
    words = frozenset(_WORD.findall(query.text))
    builders = {id(f): f for f in (function, *(s.function for s in query.steps)) if f is not None}
    return not any(is_decided_by(scene, builder, words) for builder in builders.values())


def is_decided_by(scene: Scene, function: Function, words: frozenset[str]) -> bool:
    """Whether a part of a query, which this function had a part in, is one of its names or arguments."""
    reads = scene.texts.of(function)
    open_words = words - scene.once(literals_given).get(home_of(function), frozenset())
    return any(
        w in reads.params or w in reads.bindings or w in {"self", "cls", "request"} for w in open_words
    )


def home_of(function: Function) -> tuple[str, int]:
    """Which function of the source it is, whatever its callers pass."""
    return (function.module.path, function.line)


def literals_given(scene: Scene) -> dict[tuple[str, int], frozenset[str]]:
    """By function of a module: the parameters for which every call that was seen writes a literal, or nothing."""
    found: dict[tuple[str, int], set[str]] = {}
    for scope in scene.scopes:
        for call in scope.calls:
            function = call.callee
            if function.owner is None and function.parent is None:
                literal = set(literal_parameters(function, call.node))
                known = found.setdefault(home_of(function), literal)
                known &= literal
    return {home: frozenset(names) for home, names in found.items() if names}


def literal_parameters(function: Function, node: Node | None) -> Iterator[str]:
    """Parameters that a call gives a literal, or leaves to their default."""
    if node is None or node[0] != ir.CALL or any(a[0] == ir.STAR for a in node[3]):
        return
    named = dict(node[4])
    for at, (name, kind, _, default) in enumerate(function.params):
        if kind != "pos" or None in named:
            return
        given = node[3][at] if at < len(node[3]) else named.get(name, default)
        if given is not None and given[0] == ir.CONST:
            yield name


def asking(roots: dict[str, Root], scene: Scene, effect: Effect) -> Iterator[Root]:
    """The endpoints that read and that the operation is run for, those few people visit left out."""
    query, runs = effect.query, effect.site
    inside = runs.module.role == "library" and query is not None  # one serializer or pager for everybody
    for entry in scene.trace.endpoints_of(
        query.site.function if inside and query is not None else runs.function
    ):
        root = roots.get(entry.id)
        read = entry.kind in {"http", "graphql"} and entry.method in _READING
        if root is not None and read and not _CONTROL.search(entry.path):
            yield root


def operations_of(scene: Scene, root: Root, known: dict[int, list[Chain]]) -> list[Chain]:
    """What an endpoint does; `known` by identity of the root, since many reads ask for the same ones."""
    if id(root) not in known:
        known[id(root)], _ = chains(scene.trace.machine, root.summary, _LISTED)
    return known[id(root)]


def is_aside(operations: list[Chain], root: Root, effect: Effect) -> bool:
    """Whether an endpoint pays for it each time, reads other tables too, and does not write this one.

    Then its subject is something else.
    """
    model = None if effect.query is None else effect.query.model
    if model is None or is_named_after(root, model):
        return False
    others = paid = False
    for chain in operations:
        is_it = chain.effect.site.line == effect.site.line and chain.effect.site.module is effect.site.module
        paid = paid or (is_it and not (chain.remembered or chain.deferred or chain.offloaded))
        rows = model_of(chain.effect)
        if chain.effect.kind != "sql" or rows is None:
            continue
        if rows is model and chain.effect.operation == "write":
            if any(function is effect.site.function for function, _ in chain.steps):
                continue  # it makes what it did not find
            return False
        others = others or rows is not model
    return others and paid


def is_named_after(root: Root, model: Model) -> bool:
    """Whether the endpoint's path or handler speaks of the model."""
    name = "" if root.entry is None else root.entry.path.rpartition("{")[0] or root.entry.path
    spoken = f"{name} {root.function.name}".lower().replace("_", "").replace("-", "")
    return model.name.lower().removesuffix("s") in spoken


def model_of(effect: Effect) -> Model | None:
    if effect.row is not None:
        return effect.row.model
    return None if effect.query is None else effect.query.model


def writes_of(scene: Scene, model: Model) -> list[Effect]:
    """Every place that writes rows of a model, in order of file and line."""
    return scene.once(writes_by_model).get(id(model), [])


def writes_by_model(scene: Scene) -> dict[int, list[Effect]]:
    """By identity of a model: every place that writes its rows, in order of file and line."""
    found: dict[int, dict[tuple[str, int], Effect]] = {}
    for _, effect in scene.effects():
        ours = effect.site.module.role != "library"
        if ours and effect.kind == "sql" and effect.operation == "write":
            model = model_of(effect)
            if model is not None:
                key = (effect.site.module.path, effect.site.line)
                found.setdefault(id(model), {}).setdefault(key, effect)
    return {model: [places[key] for key in sorted(places)] for model, places in found.items()}


def told(writes: list[Effect]) -> str:
    """Where an entry has to be dropped, as a sentence."""
    if not writes:
        return "no code that we see writes it: an admin page, a migration or a person does, so a signal of the model or an expiry drops the entry"
    places = ", ".join(f"`{w.site.module.path}:{w.site.line}`" for w in writes[:4])
    more = f" and {len(writes) - 4} more" if len(writes) > 4 else ""
    return f"the entry has to be dropped after what is written at {places}{more}"


def spot(read: ConstantRead) -> Spot:
    """The statement that asks."""
    query = read.effect.query
    return spot_of(read.effect.site if query is None or query.site.function is None else query.site)
