"""Flask-AppBuilder's pages of a model: what their options make them ask, told where the project writes them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Function
from auditor.index.values import UNKNOWN, Const, Func, Inst, ManagerValue, Model, Row, Value
from auditor.trace import access, calls, forms, iteration
from auditor.trace.admin_options import span, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_PAGE: Final = 20
"""Rows of a list where `page_size` says nothing."""


@contextmanager
def at_statement(m: Machine, cls: Class, name: str) -> Iterator[None]:
    """What is asked inside is told at the statement of the class that sets `name`, else at the class."""
    cx = m.cx
    before = cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end
    if cx.function is not None:
        cx.frames = (*cx.frames, (cx.function, cx.line or cx.start))
    owner, start, end = span(m, cls, name)
    known: dict[str, Function] = m.shapes.setdefault(id(cls), {})
    if name not in known:
        body = tuple(s for s in owner.body if s[1] == start)
        node: Node = (ir.DEF, start, end, name, (), (), body, None, 0)
        known[name] = Function(owner.module, owner, None, name, f"{owner.qualname}.{name}", node)
    cx.function, cx.module = known[name], owner.module
    cx.line, cx.start, cx.end = start, start, end
    try:
        yield
    finally:
        cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end = before


def served(m: Machine, view: Value) -> tuple[Class, Model] | None:
    """The view with the model of its `datamodel = SQLAInterface(Model)`."""
    found = m.project.member(view.cls, "datamodel") if isinstance(view, Inst) else None
    if found is None or not isinstance(view, Inst):
        return None
    last = found[1][-1]
    value = last.value if isinstance(last, Assigned) else None
    if value is None or value[0] != ir.CALL or not value[3]:
        return None
    m.cx.summary.truncated = True  # who may see it is asked too
    symbol = m.project.resolve_expression(found[0].module, value[3][0])
    model = m.model_of(symbol) if isinstance(symbol, Class) else None
    return None if model is None or model.orm != "sqlalchemy" else (view.cls, model)


def rows(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`appbuilder_list(view)`: a count, a page of rows, and what each of them shows."""
    if (waiting := forms.later(m, "appbuilder_list", args, node)) is not None:
        return waiting
    found = served(m, args[0])
    if found is None:
        return UNKNOWN
    cls, model = found
    size = access.class_attribute(m, cls, "page_size", args[0])
    bound = (
        size.value if isinstance(size, Const) and isinstance(size.value, int) and size.value > 0 else _PAGE
    )
    with at_statement(m, cls, "datamodel"):
        calls.call_method(m, ManagerValue(model), "count", [], {}, None)
        page = calls.call_method(m, ManagerValue(model), "limit", [Const(bound)], {}, None)
        page = calls.call_method(m, page, "all", [], {}, None)
    is_rest = any(b.rpartition(".")[2] == "ModelRestApi" for b in m.project.external_bases(cls))
    with at_statement(m, cls, "list_columns"):
        loop, row = iteration.open_loop(m, page, None, "serializer", "", None)
        before = m.inside(loop)
        for name in sorted(texts(access.class_attribute(m, cls, "list_columns", args[0]))):
            if not ("." in name and is_rest):
                shown(m, row, name)
        m.cx.loops = before
    return UNKNOWN


def shown(m: Machine, row: Value, name: str) -> None:
    """One column of one row: a relation is loaded for it, a method of the model runs. An API joins `author.name`, a page does not."""
    value = row
    for part in name.split("."):
        value = access.get_attribute(m, value, part, None) if isinstance(value, Row) else UNKNOWN
    if isinstance(value, Func):
        calls.call_value(m, value, [], {}, None)


def got(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`appbuilder_got(view)`: the row of a page by its key."""
    if (waiting := forms.later(m, "appbuilder_got", args, node)) is not None:
        return waiting
    found = served(m, args[0])
    if found is None:
        return UNKNOWN
    with at_statement(m, found[0], "datamodel"):
        one = calls.call_method(m, ManagerValue(found[1]), "filter", [UNKNOWN], {}, None)
        return calls.call_method(m, one, "one_or_none", [], {}, None)


def changed(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`appbuilder_changed(view, "update", row)`: the project's `pre_update`, the statement, the commit, `post_update`."""
    if (waiting := forms.later(m, "appbuilder_changed", args, node)) is not None:
        return waiting
    view, done = args[0], args[1]
    found = served(m, view)
    if found is None or not isinstance(done, Const):
        return UNKNOWN
    row = args[2] if isinstance(args[2], Row) else Row(found[1], None, loops=m.current_loops(), fresh=True)
    verb = {"add": "INSERT", "update": "UPDATE", "delete": "DELETE"}[str(done.value)]
    for when in ("pre", "post"):
        method = m.project.method(found[0], f"{when}_{done.value}")
        if method is not None and method.module.role != "library":
            m.call_function(method, view, [row], {}, None)
        if when == "pre":
            with at_statement(m, found[0], "datamodel"):
                m.effect("sql", f"{verb} {found[1].name}", "write", cause="write", row=row)
                m.effect("transaction", "COMMIT", "write", cause="commit")
    return UNKNOWN


INTRINSICS: Final[dict[str, Callable[[Machine, list[Value], Node | None], Value]]] = {
    "appbuilder_list": rows,
    "appbuilder_got": got,
    "appbuilder_changed": changed,
}
