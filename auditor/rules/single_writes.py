"""What a write of one row does that a statement for many would leave out, or refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_orm_signals import ANY_SENDER
from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.rules import turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.frameworks.django_orm_signals import Receiver, Signals
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Model
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect, Loop

IMPOSSIBLE: Final = 1.0
NEEDED: Final = 0.4
"""Confidence lost where a receiver writes for each row: without it the data would not be whole."""
SKIPPED: Final = 0.2
"""Where code of the model's own runs with each row, which may or may not matter."""
_ALONE: Final = frozenset({"atomic", "begin_nested", "savepoint", "begin"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the rows are not simply written together."""

    text: str
    """In words, to begin a sentence; "" for none."""
    weight: float
    """What confidence in the advice loses."""


NONE: Final = Obstacle("", 0)


def obstacle(scene: Scene, looped: Looped, effect: Effect) -> Obstacle:
    """The worst of what stands against a bulk statement."""
    model = written_model(effect)
    if model is None or model.orm != "django" or " via " in effect.label:
        return NONE
    verb = effect.label.split(" ", 1)[0]
    if verb == "DELETE" and is_prepared(looped) and listeners(scene, model, "_delete"):
        return Obstacle(f"receivers of `{model.name}` get what the loop puts on each row", NEEDED)
    if verb == "INSERT" and model.parents:
        return Obstacle(
            f"`{model.name}` inherits from another table, which `bulk_create` refuses", IMPOSSIBLE
        )
    name = "delete" if verb == "DELETE" else "save"
    heard = [] if name == "delete" else listeners(scene, model, "_save")
    if verb != "INSERT":
        heard = [r for r in heard if not is_about_new(r.function)]
    if any(writes(scene, r.function) for r in heard):
        return Obstacle(f"a receiver writes with every {name} of `{model.name}`", NEEDED)
    if scene.project.method(model.cls, name) is not None:
        return Obstacle(f"`{model.name}` has a `{name}()` of its own", SKIPPED)
    return Obstacle(f"receivers listen to every {name} of `{model.name}`", SKIPPED) if heard else NONE


def written_model(effect: Effect) -> Model | None:
    if effect.row is not None:
        return effect.row.model
    return effect.query.model if effect.query is not None else None


def listeners(scene: Scene, model: Model, kind: str) -> list[Receiver]:
    """Receivers of a model's signals of a kind (`_save`), those for every model included."""
    return [
        r
        for signals in signals_of(scene)
        for key in (model.key, ANY_SENDER)
        for r in signals.receivers().get(key, [])
        if r.signal.endswith(kind)
    ]


def signals_of(scene: Scene) -> Iterator[Signals]:
    for orm in scene.trace.machine.orms:
        signals = getattr(getattr(orm, "registry", None), "signals", None)
        if signals is not None:
            yield signals


def receivers(scene: Scene) -> frozenset[int]:
    """The identities of the functions that signals call."""
    return frozenset(
        id(r.function)
        for signals in signals_of(scene)
        for listed in signals.receivers().values()
        for r in listed
    )


def is_about_new(function: Function) -> bool:
    """Whether a receiver asks if the row was created."""
    return any(
        node[0] == ir.IF and any(n[0] == ir.NAME and n[2] == "created" for n in turns.nodes(node[3]))
        for node in turns.nodes(function.body)
    )


def writes(scene: Scene, function: Function) -> bool:
    return any(e.operation == "write" for e, _ in scene.effects_below(function, "sql", limit=12))


# -- what stands around the write in its loop ----------------------------------------------------------------


def guards(block: Sequence[Node], line: int) -> Iterator[Node]:
    """The conditions that a run passes on its way to a line of a block: those around it and those it went past."""
    for s in block:
        if s[1] <= line <= s[2]:
            if s[0] == ir.IF:
                yield s[3]
            for inner in inner_blocks(s):
                yield from guards(inner, line)
            return
        if s[0] == ir.IF and any(n[0] in {ir.CONTINUE, ir.RETURN, ir.BREAK} for n in turns.nodes(s[4])):
            yield s[3]


def is_prepared(looped: Looped) -> bool:
    """Whether a turn sets attributes of the row, or calls its methods, before it is written."""
    node = looped.loop.node
    if node is None or node[0] != ir.FOR or node[3][0] != ir.NAME:
        return False
    row = node[3][2]
    for s in turns.nodes(node[5]):
        if s[1] >= looped.spot.start:
            continue
        targets = s[3] if s[0] == ir.ASSIGN else (s[3][2],) if s[0] == ir.EXPR and s[3][0] == ir.CALL else ()
        if any(t[0] == ir.ATTR and turns.root_name(t) == row for t in targets):
            return True
    return False


def is_used_in_turn(looped: Looped, write: Node | None) -> bool:
    """Whether the rest of the turn reads the row that was just written: it needs its key."""
    if write is None or write[0] != ir.CALL:
        return False
    body = body_of(looped.loop)
    bound = next(
        (
            t[2]
            for s in turns.nodes(body)
            if s[0] == ir.ASSIGN and any(n is write for n in turns.nodes(s[4]))
            for target in s[3]
            for t in (target[3] if target[0] == ir.SEQ else (target,))
            if t[0] == ir.NAME
        ),
        turns.root_name(write[2]) if turns.name_of(write[2]) in {"save", "asave"} else "",
    )
    later = (n for n in turns.nodes(body) if n[0] == ir.NAME and n[1] > looped.spot.end)
    return bool(bound) and any(n[2] == bound for n in later)


def needs_flush(looped: Looped) -> bool:
    """Whether the rest of the turn reads a row that was added before the flush: it needs its key."""
    body = list(turns.nodes(body_of(looped.loop)))
    added = {
        argument[2]
        for n in body
        if n[0] == ir.CALL and turns.name_of(n[2]) == "add" and n[1] <= looped.spot.line
        for argument in n[3]
        if argument[0] == ir.NAME
    }
    return any(n[0] == ir.NAME and n[2] in added and n[1] > looped.spot.end for n in body)


def body_of(loop: Loop) -> Sequence[Node]:
    node = loop.node
    return () if node is None or node[0] not in {ir.FOR, ir.WHILE} else node[5 if node[0] == ir.FOR else 4]


def is_every_nth(loop: Loop, line: int) -> bool:
    """Whether a counter decides when the place runs: `if n % 1000 == 0`, `if len(batch) >= size`."""
    return any(counts(node) for test in guards(body_of(loop), line) for node in turns.nodes(test))


def counts(node: Node) -> bool:
    if node[0] == ir.BIN:
        return bool(node[2] == "%")
    measured = node[0] == ir.CMP and any(operator in {">=", ">", "=="} for operator in node[2])
    return measured and any(n[0] == ir.CALL and turns.name_of(n[2]) == "len" for n in node[3])


def stands_alone(loop: Loop, line: int) -> bool:
    """Whether each turn has a transaction, or a net for errors, of its own around the place."""
    return any(is_alone(s) for s in around(body_of(loop), line))


def around(block: Sequence[Node], line: int) -> Iterator[Node]:
    """The compound statements of a block that hold a line."""
    for s in block:
        if s[1] <= line <= s[2]:
            yield s
            for inner in inner_blocks(s):
                yield from around(inner, line)


def is_alone(s: Node) -> bool:
    if s[0] == ir.TRY:
        return bool(s[4])
    return s[0] == ir.WITH and any(
        given[0] == ir.CALL and turns.name_of(given[2]) in _ALONE for given, _ in s[3]
    )


def is_either_way(loop: Loop, line: int, others: frozenset[int]) -> bool:
    """Whether both arms of the innermost `if` around the place write, so that every turn does."""
    held = [s for s in around(body_of(loop), line) if s[0] == ir.IF]
    if not held or not held[-1][5]:
        return False
    arms = [
        any(s[1] <= x <= s[2] for s in arm for x in others | {line}) for arm in (held[-1][4], held[-1][5])
    ]
    return all(arms)
