"""Lists and sets that are written out and have more put into them: `fields = ["author"]; fields.append("tags")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import UNKNOWN, Const, Items, Many, Prefetched
from auditor.trace import iteration, joining
from auditor.trace.summary import repeating

if TYPE_CHECKING:
    from auditor.index.values import Size, Value
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Loop

_MOST: Final = 200
"""Items of a list that are kept apart; one that is longer is known by what all of them are."""


def lengthen(m: Machine, value: Items, added: Value) -> None:
    """`value.append(added)`."""
    _hold(m, value, [added], None)


def lengthen_by(m: Machine, value: Items, more: Value) -> None:
    """`value.extend(more)`; what is in `more` has been fetched."""
    if isinstance(more, Items):
        _hold(m, value, more.items, None)
    else:
        _hold(m, value, [iteration.element(m, more)], iteration.size_of(m, more, "items"))


def _hold(m: Machine, value: Items, added: list[Value], size: Size | None) -> None:
    """The function's names for the list are names of the longer one.

    The list itself stays as it is: a constant of the module, or one that another function holds, is met again by
    whoever is evaluated next. In a loop names are put into it, which are few, or something for each turn.
    """
    names = [name for name, held in m.cx.env.items() if held is value]
    if not names or value.kind == "tuple":
        return
    loops = repeating(m.cx.loops)
    is_counted = size is None and len(value.items) + len(added) <= _MOST
    if is_counted and (not loops or all(isinstance(i, (Const, Prefetched)) for i in (*value.items, *added))):
        longer: Value = Items(value.kind, [*value.items, *added], value.count + len(added))
    else:
        told = [i for i in (*value.items, *added) if i is not UNKNOWN]
        longer = Many(joining.join_all(told) if told else UNKNOWN, size or _turns(loops), value.kind)
    for name in names:
        m.cx.env[name] = longer


def _turns(loops: tuple[Loop, ...]) -> Size | None:
    return loops[-1].size if loops else None
