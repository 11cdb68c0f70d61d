"""Queries that a helper called before has run already, on the same keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import names, paths
from auditor.trace.flow import GUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.scene import Scene
    from auditor.trace.summary import Call, Effect, Frames, Summary

_WORD: Final = re.compile(r"(?<![.\w'\"])[A-Za-z_]\w*")


def asked_before(scene: Scene, scope: Summary) -> Iterator[tuple[Call, Effect, Effect]]:
    """(call, the helper's query, its caller's own later one) of equal text once parameters are arguments."""
    plain = [e for e in scope.effects if is_plain(e) and e.site.function is not None]
    by_way: dict[Frames, list[Effect]] = {}
    for effect in plain:
        by_way.setdefault(effect.frames, []).append(effect)
    for second in plain:
        for call, first in asked_by_calls(scene, second, by_way):
            text = as_called(scene, call, first)
            if text and first.label == second.label and text == text_of(second) and follows(call, second):
                yield call, first, second


def asked_by_calls(
    scene: Scene, second: Effect, by_way: dict[Frames, list[Effect]]
) -> Iterator[tuple[Call, Effect]]:
    """The calls of a query's own function, each with the queries it makes in its own code."""
    function = second.site.function
    summary = scene.trace.machine.summaries.get(id(function))
    for call in () if summary is None else summary.calls:
        if call.frames or call.loops or call.branch or call.deferred or call.site.function is None:
            continue
        below = scene.trace.machine.summaries.get(id(call.callee))
        for first in () if below is None else below.effects:
            if not first.frames and is_plain(first):
                yield call, first
        # What a call does only with what it was given (a session) is known to the caller alone.
        way = (*second.frames, (call.site.function, call.site.line))
        for first in by_way.get(way, ()):
            home = first.site.function  # of a variant (trace.variants) the function itself
            if home is not None and home.module is call.callee.module and home.line == call.callee.line:
                yield call, first


def is_plain(effect: Effect) -> bool:
    """A read in its function's own code, on every run of it; a session answers `get` from what it holds."""
    text = text_of(effect)
    return (
        effect.kind == "sql"
        and effect.cause == "query"
        and effect.operation != "write"
        and not (effect.loops or effect.remembered)
        and all(arm == GUARDED for _, arm in effect.branch)
        and bool(text)
        and "…" not in text
        and not text.startswith("get(")
        and effect.query is not None
        and bool(effect.query.filters)
        and not effect.query.locked
    )


def text_of(effect: Effect) -> str:
    return "" if effect.query is None else effect.query.text


def as_called(scene: Scene, call: Call, effect: Effect) -> str:
    """The text of a helper's query in its caller's names; "" where it rests on more than plain arguments."""
    if call.node is None or call.node[0] != ir.CALL:
        return ""
    given: dict[str, str] = {}
    for parameter in call.callee.params:
        argument = names.passed(call.node, call.callee, parameter[0])
        if argument is not None and argument[0] == ir.NAME:
            given[parameter[0]] = argument[2]
    reads = scene.texts.of(call.callee)
    words = set(_WORD.findall(text_of(effect)))
    own = {w for w in words if w in reads.bindings or w in reads.params}
    if not own or not own <= given.keys() or any(w in reads.bindings for w in own):
        return ""
    return _WORD.sub(lambda found: given.get(found.group(), found.group()), text_of(effect))


def follows(call: Call, effect: Effect) -> bool:
    """Whether the query comes after the call on the way through the function, its names unchanged."""
    function = call.site.function
    if function is None or effect.site.line <= call.site.end:
        return False
    words = frozenset(_WORD.findall(text_of(effect)))
    return paths.both_run(function, call.site.line, effect.site.line) == 1 and not paths.rebinds(
        function, call.site.start, effect.site.start, words
    )
