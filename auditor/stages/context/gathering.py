"""Every piece of code that a request of one endpoint goes through, the most telling first.

What counts is the way to an effect: a function through which a product of sizes passes matters more than one with a constant, a function that
a finding is about more than one that is merely on the way, and one without any effect below it comes last. Models follow the functions that
query them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Query
from auditor.stages.context.piece import Piece
from auditor.trace.analysis import TRACED_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Class, Function, Module
    from auditor.model.report import Endpoint, Finding
    from auditor.rules.scene import Scene

_HANDLER: Final = 1e6
_FINDING: Final = 1e4
_MODEL: Final = 2.0
_HEAD: Final = 5.0
_HEAD_LINES: Final = 60


def pieces_of(scene: Scene, endpoint: Endpoint, findings: Iterable[Finding]) -> list[Piece]:
    """The pieces for `endpoint`, none inside another; the order is the same for the same tree."""
    weights, marks = _weights(endpoint, findings)
    reached = list(_reached(scene, endpoint.id))
    made = [_of_function(function, weights, marks) for function in reached]
    made += [_of_class(model, _MODEL) for model in _models(scene, reached)]
    heads = {function.module.path: function.module for function in reached}
    made += [head for module in heads.values() for head in _heads(module)]
    ordered = sorted(made, key=lambda one: (-one.weight, one.file, one.first, -one.last))
    return [one for one in ordered if not any(other.holds(one) and other is not one for other in ordered)]


def _weights(
    endpoint: Endpoint, findings: Iterable[Finding]
) -> tuple[dict[tuple[str, str], float], dict[str, set[int]]]:
    weights: defaultdict[tuple[str, str], float] = defaultdict(float)
    marks: defaultdict[str, set[int]] = defaultdict(set)
    weights[endpoint.file, endpoint.handler] += _HANDLER
    for effect in endpoint.effects:
        degree = len(effect.sizes)
        marks[effect.file].add(effect.line)
        for frame in effect.chain:
            weights[frame.file, frame.function] += 10.0**degree
            marks[frame.file].add(frame.line)
    for finding in findings:
        weights[finding.file, finding.function] += _FINDING
        marks[finding.file].update(range(finding.line, finding.end_line + 1))
        for place in finding.related:
            marks[place.file].update(range(place.line, place.end_line + 1))
    return weights, marks


def _reached(scene: Scene, endpoint: str) -> Iterator[Function]:
    for module in scene.project.modules:
        if module.role in TRACED_ROLES:
            for function in module.functions:
                if any(entry.id == endpoint for entry in scene.trace.endpoints_of(function)):
                    yield function


def _of_function(
    function: Function, weights: dict[tuple[str, str], float], marks: dict[str, set[int]]
) -> Piece:
    path = function.module.path
    first, last = span_of(function)
    return Piece(
        file=path,
        first=first,
        last=last,
        name=function.qualname,
        role="function",
        weight=weights.get((path, function.qualname), 0.0),
        marks=tuple(sorted(line for line in marks.get(path, ()) if first <= line <= last)),
    )


def _of_class(cls: Class, weight: float) -> Piece:
    first, last = span_of(cls)
    return Piece(file=cls.module.path, first=first, last=last, name=cls.qualname, role="model", weight=weight)


def _models(scene: Scene, reached: Iterable[Function]) -> list[Class]:
    """The mapped classes that these functions query, in order of file and line."""
    found: dict[int, Class] = {}
    for function in reached:
        for summary in scene.trace.evaluations(function):
            for effect in summary.effects:
                for value in (effect.query, effect.row):
                    model = getattr(value, "model", None)
                    if (isinstance(value, Query) or value is not None) and model is not None:
                        found[id(model.cls)] = model.cls
    mine = (cls for cls in found.values() if cls.module.role in TRACED_ROLES)
    return sorted(mine, key=lambda cls: (cls.module.path, cls.line))


def span_of(symbol: Function | Class) -> tuple[int, int]:
    """First and last line of a definition, its decorators included."""
    return min([symbol.line, *(int(node[1]) for node in symbol.decorators)]), symbol.end_line


def _heads(module: Module) -> Iterator[Piece]:
    """Stretches of imports and plain assignments at the level of the module."""
    spans: list[tuple[int, int]] = []
    for node in module.body:
        if (
            node[0] in {ir.IMPORT, ir.FROM, ir.ASSIGN, ir.ANN}
            and _lines(node)[1] - _lines(node)[0] < _HEAD_LINES
        ):
            first, last = _lines(node)
            if spans and first <= spans[-1][1] + 3:
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            else:
                spans.append((first, last))
    for first, last in spans:
        name = f"{module.name} (module)"
        yield Piece(file=module.path, first=first, last=last, name=name, role="head", weight=_HEAD)


def _lines(node: Node) -> tuple[int, int]:
    return int(node[1]), int(node[2])
