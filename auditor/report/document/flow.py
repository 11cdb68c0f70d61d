"""A Mermaid flowchart of an endpoint's worst chains; forges draw it in place."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from auditor.model.report import Effect, Endpoint
from auditor.model.text import clean, shorten

MAX_NODES: Final = 12
MAX_LABEL: Final = 48
_SAFE: Final = re.compile(r"[^A-Za-z0-9 _./:,(){}=·…×→≥≤²³⁴+?\-]")


@dataclass
class _Drawing:
    """Nodes by their meaning, in the order in which they were met, and the edges between them."""

    nodes: dict[tuple[str, ...], str] = field(default_factory=dict)
    edges: dict[tuple[str, str], str] = field(default_factory=dict)
    hot: list[str] = field(default_factory=list)

    def node(self, key: tuple[str, ...]) -> str:
        return self.nodes.setdefault(key, f"n{len(self.nodes)}")

    def edge(self, start: str, end: str, label: str = "") -> None:
        if start != end:
            self.edges.setdefault((start, end), label)


def flowchart(endpoint: Endpoint, effects: Sequence[str]) -> str:
    """The chains to the given effects (ids), most important first, as a fenced block; empty without any.

    At most `MAX_NODES` nodes: effects whose chain no longer fits are left out, and the middle of a long chain
    is drawn as one node.
    """
    drawing = _Drawing()
    by_id = {effect.id: effect for effect in endpoint.effects}
    for effect in (by_id[name] for name in effects if name in by_id):
        steps = _steps(endpoint, effect)
        new = [key for key in steps if key not in drawing.nodes]
        if len(drawing.nodes) + len(new) <= MAX_NODES:
            _draw(drawing, steps, effect)
    return _fenced(drawing) if drawing.hot else ""


def _steps(endpoint: Endpoint, effect: Effect) -> list[tuple[str, ...]]:
    """The endpoint, the functions on the way, the effect: what each node shows, line by line."""
    functions = list(dict.fromkeys((_short(frame.function), frame.file) for frame in effect.chain))
    if len(functions) > MAX_NODES - 4:
        left_out = f"{len(functions) - 4} more functions"
        functions = [*functions[:2], (left_out, "on the way"), *functions[-2:]]
    what = effect.label or effect.kind
    return [(endpoint.id,), *functions, (effect.kind, what, f"{effect.file}:{effect.line}")]


def _draw(drawing: _Drawing, steps: Iterable[tuple[str, ...]], effect: Effect) -> None:
    names = [drawing.node(key) for key in steps]
    for start, end in pairwise(names):
        repeated = end == names[-1] and effect.multiplicity != "1"
        drawing.edge(start, end, f"× {effect.multiplicity}" if repeated else "")
    drawing.hot.append(names[-1])


def _fenced(drawing: _Drawing) -> str:
    lines = ["```mermaid", "flowchart LR"]
    for key, name in drawing.nodes.items():
        label = "<br>".join(_label(line) for line in dict.fromkeys(key))
        lines.append(f'  {name}[["{label}"]]' if name in drawing.hot else f'  {name}["{label}"]')
    for (start, end), label in drawing.edges.items():
        lines.append(f'  {start} -->|"{_label(label)}"| {end}' if label else f"  {start} --> {end}")
    return "\n".join([*lines, "```"])


def _label(line: str) -> str:
    """Characters that Mermaid could act on as numbered entities; it turns them back when it draws."""
    # Two dollars begin a formula even as entities, and an empty label is a syntax error.
    shown = shorten(clean(line), MAX_LABEL).replace("$$", "$ $").strip() or "?"
    escaped = _SAFE.sub(lambda match: f"#{ord(match[0])};", shown)
    # Mermaid reads the start of a label as markdown, where these begin a list.
    return re.sub(r"^([-+]|\d+(?=\.))", lambda match: f"#{ord(match[1][0])};{match[1][1:]}", escaped)


def _short(function: str) -> str:
    return ".".join(function.split(".")[-2:]) + "()"
