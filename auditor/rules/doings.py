"""What each statement of a function leads to, itself or by way of the calls in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Call, Effect

_SEARCHED = 12
"""Operations looked for below one call."""


class Doings:
    """Effects and calls by the line, in every function on the way, that they are reached through; one per audit."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.effects: dict[int, dict[int, list[Effect]]] = {}
        """By identity of a function and line in it."""
        self.calls: dict[int, dict[int, list[Call]]] = {}
        for scope in scene.scopes:
            for effect in scope.effects:
                for function, line in (*effect.frames, (effect.site.function, effect.site.line)):
                    self.effects.setdefault(id(function), {}).setdefault(line, []).append(effect)
            for call in scope.calls:
                for function, line in (*call.frames, (call.site.function, call.site.line)):
                    self.calls.setdefault(id(function), {}).setdefault(line, []).append(call)

    def at(self, function: Function, first: int, last: int, *kinds: str) -> list[Effect]:
        """Operations of these kinds that a run of the lines leads to, each place once, in order of the lines."""
        found: dict[tuple[str, str, str, int], Effect] = {}
        for effect in self._at(function, first, last, kinds):
            key = (effect.kind, effect.label, effect.site.module.path, effect.site.line)
            found.setdefault(key, effect)
        return list(found.values())

    def _at(self, function: Function, first: int, last: int, kinds: tuple[str, ...]) -> Iterator[Effect]:
        effects, calls = self.effects.get(id(function), {}), self.calls.get(id(function), {})
        for line in range(first, last + 1):
            yield from (e for e in effects.get(line, ()) if e.kind in kinds and not e.remembered)
            for call in calls.get(line, ()):
                if call.remembered or call.deferred:
                    continue
                for kind in kinds:
                    if kind in self.scene.costs.function(call.callee):
                        yield from (e for e, _ in self.scene.effects_below(call.callee, kind, _SEARCHED))

    def called(self, function: Function, first: int, last: int) -> list[Function]:
        """The project functions that these lines call themselves."""
        lines = self.calls.get(id(function), {})
        calls = (c for n in range(first, last + 1) for c in lines.get(n, ()) if c.site.function is function)
        return list({id(c.callee): c.callee for c in calls}.values())
