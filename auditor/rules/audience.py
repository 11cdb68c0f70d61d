"""Who waits for a piece of code: somebody behind a request, a worker, or nobody that we know of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene

Audience: TypeAlias = Literal["request", "background", "unknown"]
_ANSWERED: Final = frozenset({"http", "graphql"})


def audience(scene: Scene, function: Function | None) -> Audience:
    """`request` if any endpoint that somebody waits for reaches the function, `background` if only tasks and commands do."""
    kinds = {entry.kind for entry in scene.trace.endpoints_of(function)}
    if kinds & _ANSWERED:
        return "request"
    return "background" if kinds else "unknown"
