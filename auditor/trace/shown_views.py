"""Views whose answer the framework shows with a template, and the resource they are asked for: Pyramid's `renderer` and `context`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.entry import Around
from auditor.index.values import UNKNOWN, Const, Dictionary, Ext, Inst, Row
from auditor.trace import hints, rendering

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.symbols import Class, Function
    from auditor.index.values import Value
    from auditor.trace.machine import Machine

_RENDER = Ext("auditor_intrinsics.render_template")


def resource(m: Machine, entry: EntryPoint | None) -> Value | None:
    """The context of a view; None where nobody says what it is."""
    asked = None if entry is None else entry.resource
    if asked is None:
        return None
    if not isinstance(asked, Around):
        return instance(m, asked)
    given = [] if asked.receiver is None else [instance(m, asked.receiver)]
    found = hints.quietly(m, lambda: m.call_plain(asked.function, None, [*given, UNKNOWN], {}, None))
    return None if found is UNKNOWN else found


def instance(m: Machine, cls: Class) -> Value:
    model = m.model_of(cls)
    return Inst(cls, declared=True) if model is None else Row(model, None)


def takes_resource(function: Function, after: int) -> bool:
    """Whether it is called as `view(context, request)` and not as `view(request)`; `after` parameters are bound."""
    return sum(kind == "pos" and default is None for _, kind, _, default in function.params[after:]) > 1


def show(m: Machine, handler: Function, template: str, value: Value, given: Value | None) -> None:
    """Renders what a view gave, as the framework does once the view has returned."""
    cx = m.cx
    before = cx.function, cx.line, cx.start, cx.end
    cx.function, cx.line, cx.start, cx.end = handler, handler.line, handler.line, handler.line
    around = {} if given is None else {"context": given}
    shown = Dictionary({**around, **rendering.environment(value)})
    try:
        m.call(_RENDER, [Const(template), shown], {}, None)
    finally:
        cx.function, cx.line, cx.start, cx.end = before
