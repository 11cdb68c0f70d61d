"""One endpoint's call chains as a tree in the terminal, with what each costs."""

from dataclasses import dataclass, field

from auditor.model.report import Effect, Endpoint
from auditor.report.cells import Paint, Style, cut, cut_start, width_of
from auditor.report.document.costs import costs_by_kind


@dataclass
class _Node:
    """A function on the way, or the handler at the root."""

    name: str
    called_at: str
    children: dict[tuple[str, str, str], "_Node"] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)


def render_trace_tree(endpoint: Endpoint, *, width: int, colour: bool) -> str:
    """The chains from the handler down to every effect; functions that effects share are shown once.

    A line names a function and where it is called, or an effect, how often a request does it, and where.
    """
    paint = Paint(colour)
    width = max(width, 40)
    costs = (
        ", ".join(f"{kind} {cost.text}" for kind, cost in costs_by_kind(endpoint))
        or "nothing outside its own code"
    )
    place = f"  {cut_start(f'{endpoint.file}:{endpoint.line}', width // 2)}"
    head = paint(cut(endpoint.id, width - width_of(place)), "bold") + paint(place, "dim")
    lines = [head, paint(cut(f"One request: {costs}", width), "cyan")]
    _walk(_tree(endpoint), "", lines, width, paint)
    missing = endpoint.coverage.calls - endpoint.coverage.resolved
    if missing > 0:
        lines += _unresolved(endpoint, missing, width, paint)
    return "\n".join(lines) + "\n"


def _tree(endpoint: Endpoint) -> _Node:
    root = _Node(name=endpoint.handler, called_at="")
    for effect in endpoint.effects:
        node, called_at = root, ""
        for frame in effect.chain:
            if frame.function != root.name or node is not root:
                key = (frame.function, frame.file, called_at)
                node = node.children.setdefault(key, _Node(name=frame.function, called_at=called_at))
            called_at = f"{frame.file}:{frame.line}"
        node.effects.append(effect)
    return root


def _walk(node: _Node, indent: str, lines: list[str], width: int, paint: Paint) -> None:
    rows: list[_Node | Effect] = [*node.effects, *node.children.values()]
    for number, row in enumerate(rows, start=1):
        last = number == len(rows)
        prefix = indent + ("└─ " if last else "├─ ")
        lines.append(prefix + _row(row, max(16, width - len(prefix)), paint))
        if isinstance(row, _Node):
            _walk(row, indent + ("   " if last else "│  "), lines, width, paint)


def _row(row: _Node | Effect, width: int, paint: Paint) -> str:
    if isinstance(row, _Node):
        return _line(_short(row.name), row.called_at, width, paint, ())
    often = f" × {row.multiplicity}" if row.multiplicity != "1" else ""
    often_seen = f" {row.observed.value:,.0f} times" if row.observed and row.observed.value else ""
    mark = {"confirmed": f" (seen{often_seen})", "refuted": " (never seen)", "suspected": ""}[row.status]
    style: tuple[Style, ...] = ("yellow",) if often else ("green",)
    what = f"{row.kind}{often}  {row.label}".rstrip() + mark
    return _line(what, f"{row.file}:{row.line}", width, paint, style)


def _line(what: str, place: str, width: int, paint: Paint, style: tuple[Style, ...]) -> str:
    """`what` and the place behind it; a long place gives way first, keeping its end."""
    shown = cut(what, max(10, width - 14) if place else width)
    rest = width - width_of(shown) - 2
    tail = f"  {paint(cut_start(place, rest), 'dim')}" if place and rest >= 4 else ""
    return paint(shown, *style) + tail


def _unresolved(endpoint: Endpoint, missing: int, width: int, paint: Paint) -> list[str]:
    lines = [
        paint(
            cut(f"{missing:,} of {endpoint.coverage.calls:,} calls could not be followed:", width), "yellow"
        )
    ]
    shown = endpoint.coverage.unresolved[:5]
    return lines + [
        "   " + _line(call.call, f"{call.file}:{call.line}", width - 3, paint, ()) for call in shown
    ]


def _short(function: str) -> str:
    return ".".join([part for part in function.split(".") if part != "<locals>"][-2:]) + "()"
