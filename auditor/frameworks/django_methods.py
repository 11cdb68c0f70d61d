"""HTTP methods of a view function: by its decorators, or by what it compares `request.method` with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.frameworks.django_values import Frame, Value
from auditor.frameworks.rest_framework_actions import verb_of
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.index.ir import Node

Outcome: TypeAlias = Literal["works", "refuses", "through"]
OPEN: Final = ("ANY",)
ORDER: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FIXED: Final = {
    "django.views.decorators.http.require_POST": ("POST",),
    "django.views.decorators.http.require_GET": ("GET",),
    "django.views.decorators.http.require_safe": ("GET",),
}
_LISTED: Final = frozenset({
    "django.views.decorators.http.require_http_methods",
    "rest_framework.decorators.api_view",
})  # fmt: skip
_REFUSALS: Final = frozenset({"HttpResponseNotAllowed", "HttpResponseBadRequest", "MethodNotAllowed"})


def dotted_name(symbol: Symbol | None) -> str:
    """The dotted name of something a library defines, modelled or not; "" for the project's."""
    if isinstance(symbol, External):
        return symbol.name.removesuffix("()")
    ours = isinstance(symbol, Function | Class) and symbol.module.role == "library"
    return symbol.qualname if ours and isinstance(symbol, Function | Class) else ""


def decorator_name(evaluation: Evaluation, function: Function, decorator: Node) -> str:
    """The dotted name of a library decorator, called or not; "" for any other."""
    callee = decorator[2] if decorator[0] == ir.CALL else decorator
    return dotted_name(evaluation.project.resolve_expression(function.module, callee))


def methods_of(evaluation: Evaluation, function: Function) -> tuple[str, ...]:
    """Methods of a view function in upper case, HEAD and OPTIONS left out; `("ANY",)` where it is open."""
    declared = _declared_methods(evaluation, function)
    return declared if declared is not None else _compared_methods(function)


def _declared_methods(evaluation: Evaluation, function: Function) -> tuple[str, ...] | None:
    for decorator in function.decorators:
        name = decorator_name(evaluation, function, decorator)
        if name in _FIXED:
            return _FIXED[name]
        if name in _LISTED:
            frame = Frame(function.module, None, {})
            nodes = [*decorator[3], *(v for _, v in decorator[4])] if decorator[0] == ir.CALL else []
            told = evaluation.evaluate(nodes[0], frame) if nodes else ["GET"]
            return listed(told)
    return None


def listed(value: Value) -> tuple[str, ...]:
    """Methods in a list, in upper case, HEAD and OPTIONS left out."""
    items = value if isinstance(value, list | tuple | set) else ()
    verbs = [verb.upper() for item in items if (verb := verb_of(item))]
    return _ordered(v for v in verbs if v not in {"HEAD", "OPTIONS"}) or OPEN


def _ordered(methods: Iterable[str]) -> tuple[str, ...]:
    found = set(methods)
    return tuple(m for m in ORDER if m in found) + tuple(sorted(found - set(ORDER)))


def _compared_methods(function: Function) -> tuple[str, ...]:
    subjects = method_names(function)
    comparisons = [c for c in conditions(function.body) if literals(c, subjects)]
    seen = {verb for c in comparisons for verb in literals(c, subjects)} - {"HEAD", "OPTIONS"}
    if not seen:
        return OPEN
    if outcome(function.body, subjects) == "works":
        if "GET" not in seen:
            seen.add("GET")
        elif seen == {"GET"} and any(s[0] == ir.IF and literals(s[3], subjects) for s in function.body):
            seen.add("POST")
    return _ordered(seen)


def method_names(function: Function) -> tuple[str, frozenset[str]]:
    """The name of the request parameter, and the local names that hold `request.method`."""
    names = [name for name, kind, *_ in function.params if kind == "pos"]
    request = next((name for name in names if name not in {"self", "cls"}), "")
    aliases = {
        target[2]
        for s in function.body
        if s[0] == ir.ASSIGN and _is_method(s[4], (request, frozenset()))
        for target in s[3]
        if target[0] == ir.NAME
    }
    return request, frozenset(aliases)


def _is_method(node: Node, subjects: tuple[str, frozenset[str]]) -> bool:
    request, aliases = subjects
    if node[0] == ir.CALL and node[2][0] == ir.ATTR and node[2][3] in {"upper", "lower"}:
        node = node[2][2]
    if node[0] == ir.NAME:
        return bool(node[2] in aliases)
    told = node[0] == ir.ATTR and node[3] == "method" and node[2][0] == ir.NAME
    return bool(told and node[2][2] == request)


def conditions(statements: Iterable[Node]) -> Iterator[Node]:
    """Every comparison in a function's body, at any depth of expressions and statements."""
    stack: list[object] = [statements]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if len(part) == 4 and part[0] == ir.CMP and isinstance(part[2], tuple):
                yield part
            stack.extend(part)


def literals(node: Node, subjects: tuple[str, frozenset[str]]) -> set[str]:
    """The methods that a comparison with `request.method` names."""
    if node[0] != ir.CMP or not any(_is_method(operand, subjects) for operand in node[3]):
        return set()
    found: set[str] = set()
    for operand in node[3]:
        items = operand[3] if operand[0] == ir.SEQ else (operand,)
        found |= {
            i[2].upper() for i in items if i[0] == ir.CONST and isinstance(i[2], str) and i[2].isalpha()
        }
    return found


def outcome(statements: Iterable[Node], subjects: tuple[str, frozenset[str]]) -> Outcome:
    """What becomes of a request whose method is none of those the body names."""
    for s in statements:
        reached: Outcome = "through"
        if s[0] == ir.IF:
            reached = _branch(s, subjects)
        elif s[0] == ir.RETURN:
            return "refuses" if s[3] is not None and refuses(s[3]) else "works"
        elif s[0] == ir.RAISE:
            return "refuses"
        elif s[0] == ir.WITH:
            reached = outcome(s[4], subjects)
        elif s[0] == ir.TRY:
            reached = outcome((*s[3], *s[5], *s[6]), subjects)
        if reached != "through":
            return reached
    return "through"


def _branch(s: Node, subjects: tuple[str, frozenset[str]]) -> Outcome:
    known = decide(s[3], subjects)
    if known is not None:
        return outcome(s[4] if known else s[5], subjects)
    both = {outcome(s[4], subjects), outcome(s[5], subjects)}
    return both.pop() if len(both) == 1 else "through"


def decide(condition: Node, subjects: tuple[str, frozenset[str]]) -> bool | None:
    """The truth of a condition for such a request; None where it depends on something else."""
    if condition[0] == ir.CMP and literals(condition, subjects):
        return bool(condition[2][0] in {"!=", "not in"})
    if condition[0] == ir.NOT:
        known = decide(condition[2], subjects)
        return None if known is None else not known
    if condition[0] == ir.BOOL:
        parts = [decide(part, subjects) for part in condition[3]]
        ends = condition[2] == "or"
        if ends in parts:
            return bool(ends)
        return None if None in parts else not ends
    return None


def refuses(value: Node) -> bool:
    """Whether a response only says that the request was wrong: a refusal class, or status 400 and up."""
    if value[0] != ir.CALL:
        return False
    callee = value[2]
    name = callee[2] if callee[0] == ir.NAME else callee[3] if callee[0] == ir.ATTR else ""
    if name in _REFUSALS:
        return True
    for key, told in value[4]:
        if key == "status" and told[0] == ir.CONST and isinstance(told[2], int):
            return bool(told[2] >= 400)
        if key == "status" and told[0] == ir.ATTR:
            return str(told[3]).startswith(("HTTP_4", "HTTP_5"))
    return False
