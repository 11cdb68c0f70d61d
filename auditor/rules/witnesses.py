"""In which evaluations something was seen, and what it is worth where only a declaration stands behind it.

A function that nobody known calls is evaluated with what its annotations declare. What it costs then is a fact where it
fetches the rows itself. Where the rows are a parameter's, every caller may have loaded what they need: if endpoints do
reach the code and none of them was seen to pay, the declaration alone is no witness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect, Summary

DECLARED: Final = 0.45
"""What confidence loses where endpoints reach the code, and the cost was seen for a declared parameter alone."""


def seen_in(scene: Scene, seen: Sequence[tuple[Summary, Effect]]) -> tuple[Summary, ...]:
    """The evaluations whose endpoints pay; none where whoever reaches the code has to be taken for a payer."""
    scopes = {id(scope): scope for scope, _ in seen}
    if all(key in scene.orphan_of for key in scopes) and not all(is_of_strangers(e) for _, e in seen):
        return ()
    return tuple(scopes.values())


def doubt(scene: Scene, seen: Sequence[tuple[Summary, Effect]], function: Function | None) -> float:
    """What confidence loses where nobody but a function without callers was seen to pay, for rows it is handed."""
    if not all(id(scope) in scene.orphan_of and is_of_strangers(effect) for scope, effect in seen):
        return 0.0
    return DECLARED if scene.trace.reach.get(id(function)) else 0.0


def is_of_strangers(effect: Effect) -> bool:
    """Whether the rows belong to one of which only the class is declared: who fetched it may have loaded them."""
    owner = None if effect.query is None else effect.query.owner
    row = effect.row or owner
    while isinstance(row, Row):
        if row.origin is None:
            return not row.fresh
        row = row.origin.owner
    return False
