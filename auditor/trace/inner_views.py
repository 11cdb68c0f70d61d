"""A view that another one calls: `return OrderList.as_view()(request, pk=pk)` runs the method that the request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.verb_methods import verbs_of
from auditor.index.symbols import Class, Function
from auditor.index.values import UNKNOWN, Const, Dictionary, Inst, Value
from auditor.trace import joining
from auditor.trace.macros import Hook

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_FIRST_ARM: Final = 3
"""0 to 2 are the arms of an `if`, of which one always runs."""


def maker(m: Machine, cls: Class) -> Value | None:
    """What `cls.as_view` is, where the class is a view of Django's or of REST framework's."""
    if not any(
        isinstance(base, Class) and base.module.role == "library" and base.name in {"View", "APIView"}
        for base in m.project.mro(cls)
    ):
        return None
    return Hook(lambda _, args, __, ___: Hook(lambda m, a, k, n: answer(m, cls, args, a, k, n)))


def answer(
    m: Machine,
    cls: Class,
    made_with: list[Value],
    args: list[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value:
    """What one of the view's methods gives: a request runs one of them."""
    cx = m.cx
    branch = cx.branch
    found: list[Value] = []
    for n, method in enumerate(methods(m, cls, made_with), _FIRST_ARM):
        cx.branch = (*branch, (id(node) if node is not None else id(cls), n))
        view = Inst(cls)
        view.fields.update({"request": args[0]} if args else {})
        found.append(m.call_function(method, view, args, kwargs, node))
    cx.branch = branch
    return joining.join_all(found) if found else UNKNOWN


def methods(m: Machine, cls: Class, made_with: list[Value]) -> list[Function]:
    """The methods that requests are answered by: of HTTP's names, or those that `as_view({"get": "list"})` names."""
    if made_with and isinstance(made_with[0], Dictionary):
        named = [str(v.value) for v in made_with[0].entries.values() if isinstance(v, Const)]
        return [f for name in named if (f := m.project.method(cls, name)) is not None]
    return [function for verb, function in verbs_of(m.project, cls) if verb not in {"HEAD", "OPTIONS"}]
