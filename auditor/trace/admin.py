"""The pages of Django's admin: what the options of a `ModelAdmin` make it ask, for the list and for each row of it.

What is asked without any code of the project's is told at the option that asks for it (`list_display`, `inlines`), else at the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Ext,
    Func,
    Inst,
    Items,
    Model,
    Query,
    Row,
    Value,
    altered,
    options,
)
from auditor.trace import access, calls, forms, iteration
from auditor.trace.admin_columns import show_column
from auditor.trace.admin_forms import choose, show_all
from auditor.trace.admin_options import asked, at_option, flat, model_of, said, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_PAGE: Final = 100
"""Rows of a list where `list_per_page` says nothing."""
_TO_ONE: Final = frozenset({"fk", "o2o"})
_FEW: Final = ("Boolean", "Date", "Time")
"""Kinds of columns whose filters offer the same choices whatever the table holds."""
_OFFERING: Final = frozenset(
    {"RelatedFieldListFilter", "RelatedOnlyFieldListFilter", "AllValuesFieldListFilter"}
)
"""Filters of Django that fetch the rows of a relation, or the values of a column, to offer them."""
_ONLY_IN_USE: Final = frozenset({"RelatedOnlyFieldListFilter"})
"""The one of them that asks for those rows alone that the listed ones refer to."""


def admin_rows(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_rows(admin)`: the query of Django's own `get_queryset`."""
    if (waiting := forms.later(m, "admin_rows", args, node)) is not None:
        return waiting
    served = model_of(m, args[0])
    if served is None or not isinstance(args[0], Inst):
        return UNKNOWN
    with at_option(m, args[0].cls, ""):
        return forms.all_of(m, served)


def admin_list(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_list(admin, request)`: counts, filters, one page of rows, and what each row of it shows."""
    if (waiting := forms.later(m, "admin_list", args, node)) is not None:
        return waiting
    admin = args[0]
    model = model_of(m, admin)
    if not isinstance(admin, Inst) or model is None:
        return UNKNOWN
    columns = flat(asked(m, admin, "get_list_display"))
    root = asked(m, admin, "get_queryset")
    if not isinstance(root, Query):
        return UNKNOWN
    filters(m, admin, model, root)
    rows = joined(m, admin, model, root, columns)
    found = calls.call_method(m, admin, "get_search_results", [UNKNOWN, rows, UNKNOWN], {}, None)
    first = iteration.item_at(m, found, 0) if isinstance(found, Items) else rows
    rows = first if isinstance(first, Query) else rows
    with at_option(m, admin.cls, ""):
        calls.call_method(m, rows, "count", [], {}, None)
        if said(m, admin, "show_full_result_count") is not False:
            calls.call_method(m, root, "count", [], {}, None)
    with at_option(m, admin.cls, "date_hierarchy"):
        if isinstance(said(m, admin, "date_hierarchy"), str):
            calls.call_method(m, rows, "aggregate", [], {}, None)
            iteration.fetch(m, calls.call_method(m, rows, "dates", [], {}, None), None, "iterate")
    with at_option(m, admin.cls, "list_display"):
        show_rows(m, admin, model, rows, columns)
    return UNKNOWN


def show_rows(m: Machine, admin: Inst, model: Model, rows: Query, columns: list[Value]) -> None:
    """One page, row by row; columns that can be edited there show their choices anew for each row."""
    size = said(m, admin, "list_per_page")
    node: Node = (ir.CONST, m.cx.line, None)
    page = access.sliced(m, rows, Const(0), Const(size if isinstance(size, int) else _PAGE), node)
    edited = texts(access.class_attribute(m, admin.cls, "list_editable", admin))
    loop, row = iteration.open_loop(m, page, None, "serializer", "", None)
    before = m.inside(loop)
    for column in columns:
        if isinstance(column, Const) and column.value in edited:
            choose(m, admin, model, str(column.value), row)
        else:
            show_column(m, admin, row, column)
    m.cx.loops = before


def joined(m: Machine, admin: Inst, model: Model, rows: Query, columns: list[Value]) -> Query:
    """The rows with what Django joins by itself: only where the query joins nothing yet.

    A foreign key in `list_display` makes it follow every one that is never empty; one that may be empty stays out.
    """
    if rows.joined:
        return rows
    told = asked(m, admin, "get_list_select_related")
    names = texts(told)
    by_name = any(
        isinstance(c, Const) and (r := model.relations.get(c.value)) is not None and r.kind in _TO_ONE
        for c in columns
    )
    is_off = isinstance(told, Const) and not told.value
    if names:
        wanted: list[Value] = [Const(name) for name in names]
    elif (isinstance(told, Const) and told.value is True) or (is_off and by_name):
        wanted = []
    elif is_off or isinstance(told, Items):
        return rows
    else:
        return all_loaded(rows, model)
    with at_option(m, admin.cls, "list_select_related" if names else "list_display"):
        made = calls.call_method(m, rows, "select_related", wanted, {}, None)
    return made if isinstance(made, Query) else rows


def all_loaded(rows: Query, model: Model) -> Query:
    """Where nobody can tell what is joined, nothing is said to be missing."""
    return altered(rows, loaded=rows.loaded | frozenset(model.relations))


# -- filters -------------------------------------------------------------------------------------------------


def filters(m: Machine, admin: Inst, model: Model, rows: Query) -> None:
    """What the filters beside the list offer: the rows of a relation, the values of a column, what a class of its own looks up."""
    told = asked(m, admin, "get_list_filter")
    replaced = {id(field) for option in options(told) for field in replaced_in(m, option)}
    in_use = {id(field) for option in options(told) for field in with_filter(m, option, _ONLY_IN_USE)}
    for given in flat(told):
        with at_option(m, admin.cls, "list_filter"):
            if isinstance(given, ClassValue):
                offered_by(m, given.cls, admin, rows)
            elif isinstance(given, Const) and isinstance(given.value, str) and id(given) not in replaced:
                offered(m, model, given.value.split("__"), only_in_use=id(given) in in_use)


def replaced_in(m: Machine, option: Value) -> Iterator[Value]:
    """Fields of `("field", Filter)` where Django's filters that offer all rows or values have no part in that class."""
    for pair in option.items if isinstance(option, Items) else ():
        if isinstance(pair, Items) and len(pair.items) > 1 and not offers_all(m, pair.items[1]):
            yield pair.items[0]


def with_filter(m: Machine, option: Value, names: frozenset[str]) -> Iterator[Value]:
    """Fields of `("field", Filter)` whose filter is one of Django's of these names, or made from one."""
    for pair in option.items if isinstance(option, Items) else ():
        if isinstance(pair, Items) and len(pair.items) > 1 and is_made_from(m, pair.items[1], names):
            yield pair.items[0]


def offers_all(m: Machine, filter_class: Value) -> bool:
    """Whether it is, or makes use of, one of those of Django that fetch what they offer."""
    return is_made_from(m, filter_class, _OFFERING)


def is_made_from(m: Machine, filter_class: Value, names: frozenset[str]) -> bool:
    """Whether a filter is one of these names, or a class of the project's that keeps their choices."""
    if isinstance(filter_class, ClassValue):
        named = (b.name.rpartition(".")[2] for b in m.project.mro(filter_class.cls))
        method = m.project.method(filter_class.cls, "field_choices")
        return method is None and not names.isdisjoint(named)
    return isinstance(filter_class, Ext) and filter_class.name.rpartition(".")[2] in names


def offered_by(m: Machine, cls: Class, admin: Inst, rows: Query) -> None:
    """A filter class of the project's: its `lookups`, then its `queryset`."""
    made = Inst(cls)
    for name, given in (("lookups", [UNKNOWN, admin]), ("queryset", [UNKNOWN, rows])):
        method = m.project.method(cls, name)
        if method is not None and method.module.role != "library":
            found = m.call_function(method, made, given, {}, None)
            if name == "lookups":
                iteration.fetch(m, found, None, "iterate")


def offered(m: Machine, model: Model, path: list[str], *, only_in_use: bool = False) -> None:
    """A field by name: the rows behind a relation, each as text; all values of a column that has no choices."""
    at: Model | None = model
    for n, part in enumerate(path):
        relation = None if at is None else at.relations.get(part)
        if at is None or relation is None:
            break
        at = m.orm(at.orm).by_key(relation.target)
        if n == len(path) - 1 and at is not None:
            rows: Value = forms.all_of(m, at)
            if only_in_use:
                rows = calls.call_method(m, rows, "filter", [], {"pk__in": UNKNOWN}, None)
            show_all(m, rows, part)
            return
    column = None if at is None or len(path) != n + 1 else at.columns.get(path[-1])
    if at is None or column is None or not column.type or any(kind in column.type for kind in _FEW):
        return
    declared = m.project.member(at.cls, path[-1])
    binding = None if declared is None else declared[1][-1]
    call = binding.value if isinstance(binding, Assigned) else None
    if call is None or call[0] != ir.CALL or ir.argument(call, "choices") is not None:
        return
    values = calls.call_method(
        m, forms.all_of(m, at), "values_list", [Const(path[-1])], {"flat": Const(value=True)}, None
    )
    iteration.fetch(m, calls.call_method(m, values, "distinct", [], {}, None), None, "iterate")


# -- other pages ---------------------------------------------------------------------------------------------


def admin_run(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_run(admin, request)`: the project's actions, each on the rows that were ticked: one of them runs."""
    if (waiting := forms.later(m, "admin_run", args, node)) is not None:
        return waiting
    admin = args[0]
    rows = asked(m, admin, "get_queryset")
    if not isinstance(admin, Inst) or not isinstance(rows, Query):
        return UNKNOWN
    named = flat(access.class_attribute(m, admin.cls, "actions", admin))
    actions = [made for one in named if (made := action_of(m, admin, one)) is not None]
    cx = m.cx
    branch = cx.branch
    with at_option(m, admin.cls, "list_editable"):
        if flat(access.class_attribute(m, admin.cls, "list_editable", admin)):
            iteration.fetch(
                m, calls.call_method(m, rows, "filter", [], {"pk__in": UNKNOWN}, None), None, "iterate"
            )
    with at_option(m, admin.cls, "actions"):
        ticked = calls.call_method(m, rows, "filter", [], {"pk__in": UNKNOWN}, None)
        for n, action in enumerate(actions):
            cx.branch = (*branch, (id(admin.cls), n))
            given = [UNKNOWN, ticked] if action.receiver is not None else [admin, UNKNOWN, ticked]
            calls.call_value(m, action, given, {}, None)
        cx.branch = branch
    return UNKNOWN


def action_of(m: Machine, admin: Inst, value: Value) -> Func | None:
    """An action by its name on the admin, or the function itself."""
    if isinstance(value, Const) and isinstance(value.value, str):
        found = m.project.member(admin.cls, value.value)
        value = (
            UNKNOWN
            if found is None or found[0].module.role == "library"
            else access.get_attribute(m, admin, value.value, None)
        )
    return value if isinstance(value, Func) else None


def admin_deleted(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_deleted(admin, row)`: the page that asks once more lists what would go too, a query a relation."""
    if (waiting := forms.later(m, "admin_deleted", args, node)) is not None:
        return waiting
    admin, row = args
    if isinstance(admin, Inst) and isinstance(row, Row):
        with at_option(m, admin.cls, ""):
            access.shown(m, row, None)
            for relation in row.model.relations.values():
                if relation.kind in {"reverse-fk", "m2m"}:
                    related = access.get_attribute(m, row, relation.name, None)
                    iteration.fetch(m, calls.call_method(m, related, "all", [], {}, None), None, "iterate")
    return UNKNOWN


def admin_story(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_story(admin, row)`: what was done to a row, a page of it; the user of each entry comes with it."""
    if (waiting := forms.later(m, "admin_story", args, node)) is not None:
        return waiting
    admin, row = args
    if isinstance(admin, Inst) and isinstance(row, Row):
        with at_option(m, admin.cls, ""):
            access.shown(m, row, None)
            m.effect("sql", "LogEntry.objects.count", "read")
            m.effect("sql", "LogEntry.objects", "read")
    return UNKNOWN
