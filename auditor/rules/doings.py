"""What each statement of a function leads to, itself or by way of the calls in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Call, Effect

R = TypeVar("R", "Effect", "Call")
Step: TypeAlias = "tuple[Function, int]"
_SEARCHED = 12
"""Operations looked for below one call."""


class Doings:
    """Effects and calls by the line, in every function on the way, that they are reached through; one per audit."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.effects = by_line(effect for scope in scene.scopes for effect in scope.effects)
        self.calls = by_line(call for scope in scene.scopes for call in scope.calls)

    def at(
        self, function: Function, first: int, last: int, *kinds: str, remembered: bool = False
    ) -> list[Effect]:
        """Operations of these kinds that a run of the lines leads to, each place once, in order of the lines.

        With `remembered`, those too that a cache saves most runs.
        """
        found: dict[tuple[str, str, str, int], Effect] = {}
        for effect, _ in self._ways(function, first, last, kinds, remembered=remembered):
            found.setdefault((effect.kind, effect.label, effect.site.module.path, effect.site.line), effect)
        return list(found.values())

    def ways(
        self, function: Function, first: int, last: int, *kinds: str
    ) -> list[tuple[Effect, tuple[Step, ...]]]:
        """Those that each of the lines leads to, with the calls on the way: (function, line), the line 0 if unknown."""
        found: dict[tuple[str, str, str, int, int], tuple[Effect, tuple[Step, ...]]] = {}
        for effect, way in self._ways(function, first, last, kinds):
            key = (effect.kind, effect.label, effect.site.module.path, effect.site.line, way[0][1])
            found.setdefault(key, (effect, way))
        return list(found.values())

    def _ways(
        self, function: Function, first: int, last: int, kinds: tuple[str, ...], *, remembered: bool = False
    ) -> Iterator[tuple[Effect, tuple[Step, ...]]]:
        effects, calls = self.effects.get(id(function), {}), self.calls.get(id(function), {})
        for line in range(first, last + 1):
            for effect in effects.get(line, ()):
                if effect.kind in kinds and (remembered or not effect.remembered):
                    yield effect, steps_from(effect, function, line)
            for call in calls.get(line, ()):
                if (call.remembered and not remembered) or call.deferred:
                    continue
                costs = self.scene.costs.function(call.callee)
                for kind in kinds:
                    if kind in costs:
                        for effect, path in self.scene.effects_below(call.callee, kind, _SEARCHED):
                            yield effect, (*steps_from(call, function, line), *((f, 0) for f in path))

    def called(self, function: Function, first: int, last: int) -> list[Function]:
        """The project functions that these lines call themselves."""
        lines = self.calls.get(id(function), {})
        calls = (c for n in range(first, last + 1) for c in lines.get(n, ()) if c.site.function is function)
        return list({id(c.callee): c.callee for c in calls}.values())


def by_line(rows: Iterable[R]) -> dict[int, dict[int, list[R]]]:
    """By identity of a function and line in it: what is reached through that line. Rows often share their frames."""
    found: dict[int, dict[int, list[R]]] = {}
    ways: dict[int, list[list[R]]] = {}
    for row in rows:
        lists = ways.get(id(row.frames))
        if lists is None:
            lists = [found.setdefault(id(f), {}).setdefault(line, []) for f, line in row.frames]
            ways[id(row.frames)] = lists
        for listed in lists:
            listed.append(row)
        found.setdefault(id(row.site.function), {}).setdefault(row.site.line, []).append(row)
    return found


def steps_from(reached: Effect | Call, function: Function, line: int) -> tuple[Step, ...]:
    """The calls that lead to it, from a line of one of its functions on."""
    steps = [*reached.frames, (reached.site.function, reached.site.line)]
    start = next(n for n, (f, x) in enumerate(steps) if f is function and x == line)
    return tuple((f, n) for f, n in steps[start:] if f is not None)
