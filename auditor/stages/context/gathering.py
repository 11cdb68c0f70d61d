"""Every piece of code that a request of one endpoint goes through, the most telling first.

What counts is the way to an effect: a function through which a product of sizes passes matters more than one with a constant, a function that
a finding is about more than one that is merely on the way, and one without any effect below it comes last. Models follow the functions that
query them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.stages.context.piece import Piece
from auditor.trace.analysis import TRACED_ROLES
from auditor.trace.chains import chains

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Class, Function, Module
    from auditor.model.report import Endpoint, Finding
    from auditor.rules.scene import Scene
    from auditor.stages.context.fitting import Lines

_HANDLER: Final = 1e6
_FINDING: Final = 1e4
_MODEL: Final = 2.0
_HEAD: Final = 5.0
_HEAD_LINES: Final = 60
_EFFECTS: Final = 200
"""Operations of an endpoint whose models are looked up."""


def pieces_of(scene: Scene, endpoint: Endpoint, findings: Iterable[Finding], lines: Lines) -> list[Piece]:
    """The pieces for `endpoint`, none inside another; the order is the same for the same tree."""
    weights, marks = _weights(endpoint, findings)
    reached = list(_reached(scene, endpoint.id))
    made = [_of_function(function, weights, marks) for function in reached]
    made += [_of_class(model, _MODEL) for model in _models(scene, endpoint.id, reached)]
    made += _templates(scene, endpoint, weights, marks, lines)
    owners = {id(one.owner): one.owner for one in reached if one.owner is not None}
    made += [_before_methods(owner) for owner in owners.values()]
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


def _before_methods(cls: Class) -> Piece:
    """What a class says of itself, down to its first method: what it is made of, which model it is for."""
    first, last = span_of(cls)
    methods = [span_of(one)[0] for one in cls.module.functions if first < span_of(one)[0] <= last]
    end = max(first, min([last, first + _HEAD_LINES, *(line - 1 for line in methods)]))
    return Piece(file=cls.module.path, first=first, last=end, name=cls.qualname, role="head", weight=_HEAD)


def _templates(
    scene: Scene,
    endpoint: Endpoint,
    weights: dict[tuple[str, str], float],
    marks: dict[str, set[int]],
    lines: Lines,
) -> list[Piece]:
    """The templates in which its effects happen, or through which the way to one leads."""
    frames = [(frame.file, frame.function) for effect in endpoint.effects for frame in effect.chain]
    frames += [(effect.file, "") for effect in endpoint.effects]
    made: dict[str, Piece] = {}
    for path, name in sorted(frames, reverse=True):
        count = len(lines(path)) if path not in made and path not in scene.project.by_path else 0
        if count:
            weight = weights.get((path, name), _HEAD)
            seen = tuple(sorted(line for line in marks.get(path, ()) if line <= count))
            made[path] = Piece(
                file=path, first=1, last=count, name=path, role="template", weight=weight, marks=seen
            )
    return [made[path] for path in sorted(made)]


def _models(scene: Scene, endpoint: str, reached: Iterable[Function]) -> list[Class]:
    """The mapped classes that requests of the endpoint query, in order of file and line."""
    found: dict[int, Class] = {}
    roots = [one for one in scene.trace.entries if one.entry is not None and one.entry.id == endpoint]
    listed = [
        chain.effect for root in roots for chain in chains(scene.trace.machine, root.summary, _EFFECTS)[0]
    ]
    own = [summary for function in reached for summary in scene.trace.evaluations(function)]
    for effect in (*listed, *(effect for summary in own for effect in summary.effects)):
        for value in (effect.query, effect.row):
            model = getattr(value, "model", None)
            if model is not None:
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
