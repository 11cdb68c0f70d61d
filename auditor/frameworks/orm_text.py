"""Source text of expressions: what is written, without spaces, comments and the choice of quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Const

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.ir import Node
    from auditor.index.values import Value

MAX_TEXT: Final = 400
"""Characters kept of one expression; two long ones with the same beginning are told apart by their length."""
_MAX_DEPTH: Final = 12


def call_text(name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None) -> str:
    """A call with its arguments: the value where it is constant, the source text elsewhere."""
    written = _written(node)
    parts = [_argument(value, written.get(n)) for n, value in enumerate(args)]
    parts += sorted(f"{key}={_argument(value, written.get(key))}" for key, value in kwargs.items())
    parts += [f"**{source(given)}" for given in written.get(None, ())]
    return shortened(f"{name}({', '.join(parts)})")


def source(node: Node | None, depth: int = 0) -> str:
    """The expression as a person would write it on one line."""
    if node is None:
        return ""
    if depth > _MAX_DEPTH:
        return "…"
    op = node[0]
    inner = depth + 1
    if op == ir.NAME:
        return str(node[2])
    if op == ir.CONST:
        return repr(node[2])
    if op == ir.ATTR:
        return f"{source(node[2], inner)}.{node[3]}"
    if op == ir.CALL:
        given = [source(a, inner) for a in node[3]]
        given += [f"{k}={source(v, inner)}" if k else f"**{source(v, inner)}" for k, v in node[4]]
        return f"{source(node[2], inner)}({', '.join(given)})"
    if op == ir.SUB:
        return f"{source(node[2], inner)}[{source(node[3], inner)}]"
    if op == ir.SLICE:
        return ":".join(source(part, inner) for part in node[2:4])
    return _compound(node, inner)


def _compound(node: Node, depth: int) -> str:
    op = node[0]
    if op == ir.SEQ:
        return f"[{_joined(', ', node[3], depth)}]"
    if op == ir.DICT:
        return f"{{{', '.join(f'{source(k, depth)}: {source(v, depth)}' for k, v in node[2])}}}"
    if op == ir.BIN:
        return f"{source(node[3], depth)} {node[2]} {source(node[4], depth)}"
    if op == ir.BOOL:
        return _joined(f" {node[2]} ", node[3], depth)
    if op == ir.CMP:
        return _joined(f" {' '.join(node[2])} ", node[3], depth)
    if op == ir.FSTR:
        return f"f{node[2]!r}({_joined(', ', node[3], depth)})"
    if op == ir.COMP:
        names = ", ".join(source(clause[1], depth) for clause in node[4])
        return f"({_joined(', ', node[3], depth)} for … in {names})"
    if op == ir.IFEXP:
        return " ? ".join(source(part, depth) for part in node[2:5])
    if op in {ir.NOT, ir.UNARY, ir.STAR, ir.AWAIT}:
        return f"{_PREFIX[op]}{source(node[2], depth)}"
    return f"<line {node[1]}>"


_PREFIX: Final = {ir.NOT: "not ", ir.UNARY: "-", ir.STAR: "*", ir.AWAIT: "await "}


def shortened(text: str) -> str:
    """The text, cut to a size that is still worth comparing."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…{len(text)}"


def _joined(between: str, nodes: Sequence[Node], depth: int) -> str:
    return between.join(source(n, depth) for n in nodes)


def _argument(value: Value, node: object) -> str:
    if isinstance(value, Const):
        return repr(value.value)
    return source(node) if isinstance(node, tuple) else "…"


def _written(node: Node | None) -> dict[object, Node]:
    """Argument nodes by position or name; under None those given as `**mapping`."""
    if node is None or node[0] != ir.CALL:
        return {}
    written: dict[object, Node] = dict(enumerate(node[3]))
    written.update({key: given for key, given in node[4] if key is not None})
    spread = tuple(given for key, given in node[4] if key is None)
    if spread:
        written[None] = spread
    return written
