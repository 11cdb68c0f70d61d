"""What a write of one row does that a statement for many would leave out, or refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_orm_signals import ANY_SENDER
from auditor.index import ir
from auditor.index.symbols import Function
from auditor.rules import turns
from auditor.rules.surroundings import is_prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_orm_signals import Receiver, Signals
    from auditor.index.values import Model
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect

IMPOSSIBLE: Final = 1.0
NEEDED: Final = 0.4
"""Confidence lost where a receiver writes for each row: without it the data would not be whole."""
SKIPPED: Final = 0.2
"""Where code of the model's own runs with each row, which may or may not matter."""
_DOING: Final = ("sql", "http", "mail", "task", "file", "llm", "subprocess")
_SAVING: Final = frozenset({"save", "create", "get_or_create", "update_or_create", "bulk_create"})


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
    if (saved := saved_by(scene, looped, effect, model)) is not None:
        return Obstacle(f"`{saved.qualname}()` writes it beside its own row", NEEDED)
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
    if not names_columns(looped) and any(writes(scene, r.function) for r in heard):
        return Obstacle(f"a receiver writes with every {name} of `{model.name}`", NEEDED)
    own = scene.project.method(model.cls, name)
    if isinstance(own, Function):
        weight = NEEDED if does_more(scene, own, model) else SKIPPED
        return Obstacle(f"`{model.name}` has a `{name}()` of its own", weight)
    return Obstacle(f"receivers listen to every {name} of `{model.name}`", SKIPPED) if heard else NONE


def saved_by(scene: Scene, looped: Looped, effect: Effect, model: Model) -> Function | None:
    """The `save()` or `delete()` of another model's that a turn calls and that does the write, or leads to it."""
    way = [*(f for f, _ in effect.frames), effect.site.function]
    home = looped.loop.site.function
    way = way[way.index(home) + 1 :] if home in way else way
    return next(
        (
            f
            for f in way
            if f is not None
            and f.name in {"save", "delete"}
            and f.owner is not None
            and f.owner not in scene.project.mro(model.cls)
        ),
        None,
    )


def does_more(scene: Scene, function: Function, model: Model) -> bool:
    """Whether a model's own `save()` or `delete()` looks at other rows, or does what no statement for many rows does.

    A name that is still free, a place in the order, a file that is removed, a mail: it has to be run for each row.
    """
    return any(
        kind != "sql"
        or (effect.cause != "write" and effect.operation != "write")
        or is_of_other(effect, model)
        for kind in _DOING
        for effect, _ in scene.effects_below(function, kind, limit=24)
        if effect.cause not in {"lazy-load", "deferred-column"}
    )


def is_of_other(effect: Effect, model: Model) -> bool:
    """Whether it writes rows of another table than the model's own or a parent's."""
    written = written_model(effect)
    return written is not None and written.table not in {model.table, *(p.table for p in model.parents)}


def names_columns(looped: Looped) -> bool:
    """Whether the save says which columns it is about: `save(update_fields=[…])`, what `bulk_update` does."""
    return any(
        node[0] == ir.CALL
        and looped.spot.start <= node[1] <= looped.spot.end
        and turns.name_of(node[2]) in {"save", "asave"}
        and any(key == "update_fields" for key, _ in node[4])
        for node in turns.nodes(looped.loop.node)
    )


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
    """Whether a receiver writes rows, going by its text where it does not say of which model."""
    if any(n[0] == ir.CALL and turns.name_of(n[2]) in _SAVING for n in turns.nodes(function.body)):
        return True
    return any(e.operation == "write" for e, _ in scene.effects_below(function, "sql", limit=12))
