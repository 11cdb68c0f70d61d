"""Expressions of the compact tree as text, so that equal texts mean equal expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.index.ir import Node

_MAX_TEXT = 2_000
_MAX_DEPTH = 40


def source(node: Node | None, depth: int = 0) -> str:
    """The expression, written in one way whatever its layout was; long or deep ones are cut."""
    if node is None or depth > _MAX_DEPTH:
        return "…" if node is not None else ""
    return _written(node, depth + 1)[:_MAX_TEXT]


def _written(node: Node, depth: int) -> str:  # one line for each kind of expression
    op = node[0]
    if op == ir.NAME:
        return str(node[2])
    if op == ir.ATTR:
        return f"{source(node[2], depth)}.{node[3]}"
    if op == ir.CALL:
        return f"{source(node[2], depth)}({arguments(node, depth)})"
    if op == ir.CONST:
        return repr(node[2])
    if op == ir.FSTR:
        return f"f{node[2]!r}[{_listed(node[3], depth)}]"
    if op == ir.SEQ:
        return f"{node[2]}[{_listed(node[3], depth)}]"
    if op == ir.DICT:
        return "{" + ", ".join(f"{source(k, depth) or '**'}: {source(v, depth)}" for k, v in node[2]) + "}"
    if op == ir.SUB:
        return f"{source(node[2], depth)}[{source(node[3], depth)}]"
    if op == ir.SLICE:
        return ":".join(source(part, depth) for part in node[2:5])
    if op == ir.BIN:
        return f"({source(node[3], depth)} {node[2]} {source(node[4], depth)})"
    if op == ir.BOOL:
        return f"({f' {node[2]} '.join(source(i, depth) for i in node[3])})"
    if op == ir.CMP:
        first, *rest = (source(i, depth) for i in node[3])
        return f"({first}{''.join(f' {o} {r}' for o, r in zip(node[2], rest, strict=False))})"
    if op in {ir.NOT, ir.UNARY, ir.AWAIT, ir.STAR}:
        sign = {ir.NOT: "not ", ir.UNARY: "~", ir.AWAIT: "await ", ir.STAR: "*"}[op]
        return f"{sign}{source(node[2], depth)}"
    if op == ir.IFEXP:
        return f"({source(node[3], depth)} if {source(node[2], depth)} else {source(node[4], depth)})"
    if op == ir.COMP:
        clauses = " ".join(
            f"for {source(t, depth)} in {source(i, depth)} if {_listed(c, depth)}" for t, i, c, _ in node[4]
        )
        return f"{node[2]}[{_listed(node[3], depth)} {clauses}]"
    return f"<{op}:{node[1]}>"


def arguments(call: Node | None, depth: int = 0) -> str:
    """The arguments of a call, as written; "" where the call is not known."""
    if call is None or call[0] != ir.CALL:
        return ""
    named = [f"{name or '**'}={source(given, depth)}" for name, given in call[4]]
    return ", ".join([*(source(a, depth) for a in call[3]), *named])


def hands_on(call: Node | None) -> bool:
    """Whether a call passes `*args` or `**kwargs`, of which its text says nothing."""
    return (
        call is not None
        and call[0] == ir.CALL
        and (any(a[0] == ir.STAR for a in call[3]) or any(name is None for name, _ in call[4]))
    )


def positional(call: Node | None) -> Sequence[Node]:
    """The positional argument expressions of a call."""
    return call[3] if call is not None and call[0] == ir.CALL else ()


def keyword(call: Node | None, *names: str) -> Node | None:
    """The expression of the first of these keywords that a call has."""
    if call is None or call[0] != ir.CALL:
        return None
    given = dict(call[4])
    return next((given[n] for n in names if n in given), None)


def constant(node: Node | None) -> object:
    """The value of a literal; None for anything else."""
    return node[2] if node is not None and node[0] == ir.CONST else None


def _listed(nodes: Iterable[Node], depth: int) -> str:
    return ", ".join(source(n, depth) for n in nodes)
