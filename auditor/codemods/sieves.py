"""Rows that Python leaves out by a condition, and the condition without what the query says."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.conditions import Part, conjuncts, stated
from auditor.codemods.places import parents

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.spans import Spans

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_WALKING: Final = frozenset({"list", "set", "tuple", "sorted", "frozenset", "sum", "any", "all"})
"""What walks over an iterator as it does over a list."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Rows and the parts of the condition on which one is kept, in the order in which they are asked."""

    node: ast.For | Comprehension | ast.Call
    variable: str
    rows: ast.expr
    parts: tuple[Part, ...]

    @property
    def is_loop(self) -> bool:
        return isinstance(self.node, ast.For)


def sieves(function: "Function", start: int, end: int, /) -> Iterator[Sieve]:
    """Those that begin within the lines, or hold them."""
    for node in ast.walk(function):
        match node:
            case ast.For(target=ast.Name(id=name), iter=rows, body=[ast.If() as first, *rest], orelse=[]):
                parts = _of_loop(first, rest)
            case (
                ast.ListComp(generators=[clause])
                | ast.SetComp(generators=[clause])
                | ast.DictComp(generators=[clause])
                | ast.GeneratorExp(generators=[clause])
            ) if isinstance(clause.target, ast.Name) and clause.ifs and not clause.is_async:
                name, rows = clause.target.id, clause.iter
                parts = [part for test in clause.ifs for part in conjuncts(Part(test))]
            case ast.Call(
                func=ast.Name(id="filter"),
                args=[ast.Lambda(args=ast.arguments(args=[kept], defaults=[]) as given, body=test), rows],
                keywords=[],
            ) if not (given.posonlyargs or given.vararg or given.kwonlyargs or given.kwarg):
                name, parts = kept.arg, list(conjuncts(Part(test)))
            case _:
                continue
        if parts and node.lineno <= end and start <= (node.end_lineno or node.lineno):
            assert isinstance(
                node, (ast.For, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Call)
            )
            yield Sieve(node, name, rows, tuple(parts))


def _of_loop(first: ast.If, rest: list[ast.stmt]) -> list[Part]:
    """`if …: continue` in front, or a body that is one `if`."""
    if first.orelse:
        return []
    if len(first.body) == 1 and isinstance(first.body[0], ast.Continue):
        return list(conjuncts(Part(first.test, negated=True)))
    return [] if rest else list(conjuncts(Part(first.test)))


def shrink(spans: "Spans", sieve: Sieve, left: list[Part], /, *, makes_lists: bool) -> str:
    """Takes out of the condition what is not left; the reason where the layout does not allow it.

    `makes_lists`: whether `.all()` gives a list, as SQLAlchemy's does.
    """
    match sieve.node:
        case ast.For():
            return _shrink_loop(spans, sieve.node, left)
        case ast.Call():
            return _shrink_call(spans, sieve.node, sieve, left)
        case _:
            return _shrink_comprehension(spans, sieve.node, left, makes_lists=makes_lists)


def _shrink_comprehension(spans: "Spans", node: Comprehension, left: list[Part], *, makes_lists: bool) -> str:
    clause = node.generators[0]
    start = spans.span(clause.iter)[1]
    end = spans.span(node)[1] - 1
    while spans.text[end - 1].isspace():
        end -= 1
    gap = spans.text[start : spans.span(clause.ifs[0])[0]]
    last = spans.text[spans.span(clause.ifs[-1])[1] : end]
    if "#" in spans.text[start:end] or gap.strip(" \n(") != "if" or last.strip(" \n,)"):
        return "a comment stands in the condition"
    before = gap.partition("if")[0]
    if before.strip():
        return "the rows stand in brackets of their own"
    if not left and isinstance(node, ast.ListComp) and _is_variable(node.elt, clause):
        is_list = isinstance(clause.iter, ast.Call) and ast.unparse(clause.iter).endswith(".all()")
        _leave(spans, node, clause.iter, "" if is_list and makes_lists else "list")
        return ""
    spans.replace_span(start, end, f"{before or ' '}if {_together(spans, left)}" if left else "")
    return ""


def _is_variable(node: ast.expr, clause: ast.comprehension) -> bool:
    return isinstance(node, ast.Name) and isinstance(clause.target, ast.Name) and node.id == clause.target.id


def _shrink_loop(spans: "Spans", node: ast.For, left: list[Part]) -> str:
    first = node.body[0]
    assert isinstance(first, ast.If)
    skips = isinstance(first.body[0], ast.Continue)
    start, tested = spans.span(first)[0], spans.span(first.test)[1]
    header = spans.text[start : spans.text.index(":", tested) + 1]
    behind = spans.text[start + len(header) : spans.span(first.body[0])[0]].partition("\n")[0]
    if "#" in header or "#" in behind:
        return "a comment stands in the condition"
    if left:
        parts = [Part(one.node, not one.negated) for one in left] if skips else left
        text = _together(spans, parts, " or " if skips else " and ")
        spans.replace_span(start, start + len(header), f"if {text}:")
        return ""
    if skips:
        if len(node.body) == 1:
            return "the loop does nothing else"
        if "#" in spans.text[spans.span(first)[1] : spans.line_end(first)]:
            return "a comment stands in the condition"
        spans.remove_lines(first)
        return ""
    if first.body[0].lineno == first.lineno:
        return "the condition shares its line with what it guards"
    spans.take_out(first, header_end=first.lineno + header.count("\n"))
    return ""


def _shrink_call(spans: "Spans", node: ast.Call, sieve: Sieve, left: list[Part]) -> str:
    if spans.comments(node):
        return "a comment stands in the condition"
    if left:
        kept = node.args[0]
        assert isinstance(kept, ast.Lambda)
        spans.replace(kept.body, _together(spans, left))
        return ""
    above = parents(spans.tree).get(node)
    is_walked = (isinstance(above, ast.For) and above.iter is node) or (
        isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id in _WALKING
    )
    _leave(spans, node, sieve.rows, "" if is_walked else "iter")
    return ""


def _leave(spans: "Spans", node: ast.expr, rows: ast.expr, wrapper: str) -> None:
    """Of an expression its rows alone, perhaps in a call."""
    start, end = spans.span(node)
    inner = spans.span(rows)
    spans.replace_span(start, inner[0], f"{wrapper}(" if wrapper else "")
    spans.replace_span(inner[1], end, ")" if wrapper else "")


def _together(spans: "Spans", parts: list[Part], sign: str = " and ") -> str:
    texts: list[str] = []
    for one in parts:
        plain = not one.negated and hasattr(one.node, "lineno") and "\n" not in spans.source(one.node)
        text = spans.source(one.node) if plain else stated(one)
        loose = isinstance(one.node, (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr))
        texts.append(f"({text})" if loose and plain and len(parts) > 1 else text)
    return sign.join(texts)
