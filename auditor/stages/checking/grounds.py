"""What the trace has at a place: which effects lie there or below a call there, which function it is, whether a loop is there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.model.text import code
from auditor.repo.syntax import syntax_tree
from auditor.stages.checking.quoting import cited
from auditor.stages.checking.wording import names_in
from auditor.stages.context.gathering import span_of
from auditor.trace.analysis import TRACED_ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.index.symbols import Function
    from auditor.model.report import Effect, Endpoint, Finding
    from auditor.rules.scene import Scene
    from auditor.stages.answers.citation import Citation
    from auditor.stages.checking.quoting import Cited, Lines
    from auditor.trace.summary import Frames

_DATABASE = frozenset({"rows", "rows_read"})
_MOST_BELOW: Final = 60
"""Operations below one call that a claim may be about."""
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Grounds:
    """The trace and the text of one endpoint, as claims about it are held against them."""

    scene: Scene
    endpoint: Endpoint
    lines: Lines
    sent: Mapping[str, frozenset[int]]
    restore: Callable[[str], str] = str
    """Puts secrets back in the place of the words that stood for them in what was sent."""

    def cited(self, citation: Citation) -> Cited | str:
        """The place that a citation names, if it reads as quoted; else what is wrong with it."""
        return cited(citation, self.lines, self.sent, restore=self.restore)

    def effects_at(self, places: tuple[Cited, ...], kind: str) -> tuple[Effect, ...]:
        """Those of `kind` that lie at one of `places` or below a call there; where several have some, those they have in common, if any."""
        wanted = "sql" if kind in _DATABASE else kind
        at = [found for place in places if (found := self._at(place, wanted))]
        if not at:
            return ()
        meant = frozenset.intersection(*at) or frozenset.union(*at)
        return tuple(effect for effect in self.endpoint.effects if effect.id in meant)

    def effects_of(self, finding: Finding) -> frozenset[str]:
        """Ids of the effects that a finding is about: those it names, else those that begin where it or its related places do."""
        if finding.cost_term is not None and finding.cost_term.effects:
            return frozenset(finding.cost_term.effects)
        begins = {(finding.file, finding.line)} | {(one.file, one.line) for one in finding.related}
        return frozenset(
            effect.id
            for effect in self.endpoint.effects
            if begins & {(effect.file, effect.line), (effect.file, (effect.lines or (effect.line,))[0])}
        )

    def _at(self, place: Cited, kind: str) -> frozenset[str]:
        """Ids of the effects at a place. An effect is listed with one way that leads to it, so calls at the place are followed as well."""
        below = self._below(place, kind)
        return frozenset(
            effect.id
            for effect in self.endpoint.effects
            if effect.kind == kind and (_touches(effect, place) or (effect.file, effect.line) in below)
        )

    def _below(self, place: Cited, kind: str) -> frozenset[tuple[str, int]]:
        """File and line of what the calls at a place lead to; what depends on arguments is known to those who pass them."""
        function = self.function_at(place)
        if function is None:
            return frozenset()

        def here(frames: Frames) -> bool:
            return any(one is function and place.line <= line <= place.end_line for one, line in frames)

        found = {
            (effect.site.module.path, effect.site.line)
            for _, effect in self.scene.effects()
            if effect.kind == kind and here(effect.frames)
        }
        for summary in self.scene.trace.evaluations(function):
            for call in summary.calls:
                if here(((function, call.site.line),) if call.site.function is function else call.frames):
                    below = self.scene.effects_below(call.callee, kind, _MOST_BELOW)
                    found |= {(effect.site.module.path, effect.site.line) for effect, _ in below}
        return frozenset(found)

    def function_at(self, place: Cited) -> Function | None:
        """The innermost function around the place that requests of the endpoint come through."""
        module = self.scene.project.by_path.get(place.file)
        if module is None or module.role not in TRACED_ROLES:
            return None
        around = [one for one in module.functions if span_of(one)[0] <= place.line <= one.end_line]
        reached = [
            one
            for one in around
            if any(entry.id == self.endpoint.id for entry in self.scene.trace.endpoints_of(one))
        ]
        return max(reached, key=lambda one: one.line, default=None)

    def class_at(self, place: Cited) -> str | None:
        """The qualified name of the class whose body holds the place outside of functions."""
        module = self.scene.project.by_path.get(place.file)
        around = [one for one in module.classes if one.line <= place.line <= one.end_line] if module else []
        return max(around, key=lambda one: one.line).qualname if around else None

    def has_loop(self, places: tuple[Cited, ...]) -> bool:
        """Whether a loop or a comprehension lies at one of them, or around it in the same function."""
        for place in places:
            function = self.function_at(place)
            if function is None:
                continue
            for node in ast.walk(self._tree(place.file)):
                if not isinstance(node, _LOOPS):
                    continue
                first, last = _extent(node)
                inside = function.line <= first <= function.end_line
                if inside and first <= place.end_line and place.line <= last:
                    return True
        return False

    def names(self) -> frozenset[str]:
        """Every identifier in the files that were sent, and in what the trace says of the endpoint."""
        texts = ["\n".join(self.lines(path)) for path in sorted(self.sent)]
        texts += [effect.label for effect in self.endpoint.effects]
        return names_in([*texts, self.endpoint.id, code(self.endpoint.id)])

    def _tree(self, path: str) -> ast.Module:
        return syntax_tree("\n".join(self.lines(path))) or ast.Module(body=[], type_ignores=[])


def _extent(node: ast.AST) -> tuple[int, int]:
    """First and last line of a loop; a comprehension's `for` lies inside its expression."""
    within = [one for one in ast.walk(node) if isinstance(one, (ast.expr, ast.stmt))]
    return min(one.lineno for one in within), max(one.end_lineno or one.lineno for one in within)


def _touches(effect: Effect, place: Cited) -> bool:
    first, last = effect.lines or (effect.line, effect.line)
    own = effect.file == place.file and first <= place.end_line and place.line <= last
    return own or any(
        frame.file == place.file and place.line <= frame.line <= place.end_line for frame in effect.chain
    )
