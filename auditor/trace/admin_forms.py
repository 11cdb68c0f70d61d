"""The form of a row in Django's admin: the choices of its fields, its inlines with a form for each of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_admin import is_refused
from auditor.index import ir
from auditor.index.symbols import Class
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Inst,
    Model,
    ModelValue,
    Query,
    Relation,
    Row,
    Size,
    Value,
    options,
)
from auditor.trace import access, calls, forms, hints, iteration, serializers
from auditor.trace.admin_columns import show_column
from auditor.trace.admin_options import asked, at_option, flat, is_own, model_of, said, texts
from auditor.trace.summary import Loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_EXTRA: Final = 3
"""Empty forms below an inline's rows where nothing says how many."""
_ALTERING: Final = (
    "get_form",
    "get_formset",
    "formfield_for_dbfield",
    "formfield_for_foreignkey",
    "formfield_for_manytomany",
)
"""What a project overrides to change a field: the ones that it names are left alone."""
_CHOOSING: Final = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField"})


def admin_form(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_form(admin, request, key)`: the page with the form; `key` None for one that adds."""
    if (waiting := forms.later(m, "admin_form", args, node)) is not None:
        return waiting
    admin, _, key = args
    model = model_of(m, admin)
    if not isinstance(admin, Inst) or model is None:
        return UNKNOWN
    is_new = isinstance(key, Const) and key.value is None
    row = Const(None) if is_new else asked(m, admin, "get_object", key)
    given: Value = row if isinstance(row, Row) else Const(None)
    with at_option(m, admin.cls, "readonly_fields"):
        read_only(m, admin, given)
    with at_option(m, admin.cls, ""):
        if isinstance(row, Row):
            access.shown(m, row, None)
    with at_option(m, admin.cls, "fieldsets" if is_own(m, admin.cls, "fieldsets") else "fields"):
        for relation in chosen(m, admin, model, given):
            if relation.many and isinstance(row, Row):
                current = access.get_attribute(m, row, relation.name, None)
                iteration.fetch(m, calls.call_method(m, current, "all", [], {}, None), None, "iterate")
            choose(m, admin, model, relation.name, given)
    for inline in flat(asked(m, admin, "get_inlines", given)):
        if isinstance(inline, ClassValue):
            show_inline(m, Inst(inline.cls), model, given)
    return UNKNOWN


def admin_changed(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`admin_changed(admin, request, row)`: the form comes back; `row` None for one that adds."""
    if (waiting := forms.later(m, "admin_changed", args, node)) is not None:
        return waiting
    admin, _, row = args
    model = model_of(m, admin)
    if not isinstance(admin, Inst) or model is None:
        return UNKNOWN
    given: Value = row if isinstance(row, Row) else Const(None)
    with at_option(m, admin.cls, ""):
        made = row if isinstance(row, Row) else calls.call_value(m, ModelValue(model), [], {}, None)
        relations = list(chosen(m, admin, model, given))
        for relation in relations:
            rows = related(m, model, relation)
            name, told = ("filter", "pk__in") if relation.many else ("get", "pk")
            found = calls.call_method(m, rows, name, [], {told: UNKNOWN}, None)
            iteration.fetch(m, found, None, "iterate")
        calls.call_method(m, admin, "save_model", [UNKNOWN, made, UNKNOWN, UNKNOWN], {}, None)
        for relation in relations:
            if relation.many:
                manager = access.get_attribute(m, made, relation.name, None)
                calls.call_method(m, manager, "set", [UNKNOWN], {}, None)
        calls.call_method(m, admin, "save_related", [UNKNOWN] * 4, {}, None)
        m.effect("sql", "LogEntry.objects.create", "write")
    return UNKNOWN


# -- fields --------------------------------------------------------------------------------------------------


def read_only(m: Machine, admin: Inst, row: Value) -> None:
    """What is shown as text; of a row that is still to come there is nothing to show."""
    columns = flat(asked(m, admin, "get_readonly_fields", row))
    listed = listed_fields(m, admin, row)
    for column in columns if isinstance(row, Row) else ():
        if listed is None or not isinstance(column, Const) or column.value in listed:
            show_column(m, admin, row, column)


def listed_fields(m: Machine, admin: Inst, row: Value) -> frozenset[str] | None:
    """The fields that the form has; None for all of them."""
    names: set[str] = set()
    for entry in flat(asked(m, admin, "get_fieldsets", row)):
        for option in options(entry):
            names |= texts(option.entries.get("fields", UNKNOWN)) if isinstance(option, Dictionary) else set()
    return frozenset(names) or texts(asked(m, admin, "get_fields", row)) or None


def chosen(m: Machine, admin: Inst, model: Model, row: Value) -> Iterator[Relation]:
    """The model's relations that the form lets choose in Django's own way."""
    form = form_of(m, admin)
    listed = listed_fields(m, admin, row)
    excluded = texts(asked(m, admin, "get_exclude", row))
    if form is not None:  # it decides where the admin itself says nothing
        listed = named_by(m, form) if listed is None else listed
        excluded = excluded or frozenset(serializers.meta_names(m, form, "exclude"))
    left_out = (
        excluded | texts(asked(m, admin, "get_readonly_fields", row)) | frozenset(altered(m, admin, form))
    )
    if is_own(m, admin.cls, "formfield_overrides") and names_relations(m, admin.cls):
        return
    for relation in model.relations.values():
        name = relation.name
        if name in left_out or (listed is not None and name not in listed) or relation.through:
            continue
        if relation.kind in forms.KINDS and forms.is_editable(m, model, name):
            yield relation


def form_of(m: Machine, admin: Inst) -> Class | None:
    """The class of the project's form; None where Django makes one."""
    form = access.class_attribute(m, admin.cls, "form", admin)
    return form.cls if isinstance(form, ClassValue) else None


def named_by(m: Machine, form: Class) -> frozenset[str] | None:
    """The fields that a form's `Meta.fields` names; None for all of them."""
    is_open = serializers.meta_class(m, form) is None or serializers.takes_all(m, form)
    return None if is_open else frozenset(serializers.meta_names(m, form, "fields"))


def altered(m: Machine, admin: Inst, form: Class | None) -> Iterator[object]:
    """Fields that the project's form declares or changes, or that a method names which makes the form's fields."""
    if form is not None:
        for base in m.project.mro(form):
            if isinstance(base, Class) and base.module.role != "library":
                yield from base.scope
        yield from forms.altered_fields(m, form)
        meta = serializers.meta_class(m, form)
        yield from () if meta is None else forms.own_widgets(m, meta)
    for name in _ALTERING:
        method = m.project.method(admin.cls, name)
        if method is not None and method.module.role != "library":
            yield from written_texts(method.body)


def written_texts(tree: object) -> Iterator[str]:
    """Every text that is written out in a body."""
    if not isinstance(tree, tuple):
        return
    if len(tree) == 3 and tree[0] == ir.CONST and isinstance(tree[2], str):
        yield tree[2]
    for part in tree:
        yield from written_texts(part)


def names_relations(m: Machine, cls: Class) -> bool:
    """Whether `formfield_overrides` names a kind of relation: its fields are shown in another way then."""
    found = m.project.member(cls, "formfield_overrides")
    value = None if found is None else getattr(found[1][-1], "value", None)
    return value is None or any(name in _CHOOSING for name in named(value))


def named(tree: object) -> Iterator[str]:
    """Every name and attribute in an expression."""
    if not isinstance(tree, tuple):
        return
    if len(tree) >= 3 and tree[0] in {ir.NAME, ir.ATTR} and isinstance(tree[-1], str):
        yield tree[-1]
    for part in tree:
        yield from named(part)


# -- choices -------------------------------------------------------------------------------------------------


def choose(m: Machine, admin: Inst, model: Model, name: str, row: Value) -> None:
    """One field of a form: a list of all rows there are, or only the one that is chosen."""
    relation = model.relations.get(name)
    if relation is None or relation.kind not in forms.KINDS:
        return
    by_key = name in texts(access.class_attribute(m, admin.cls, "raw_id_fields", admin))
    if not by_key and name not in texts(asked(m, admin, "get_autocomplete_fields")):
        show_all(m, related(m, model, relation), name)
    elif isinstance(row, Row) and not relation.many:
        show_one(m, related(m, model, relation))
    elif isinstance(row, Row) and not by_key:
        rows = calls.call_method(m, related(m, model, relation), "filter", [], {"pk__in": UNKNOWN}, None)
        show_all(m, rows, name)


def show_one(m: Machine, rows: Value) -> None:
    """The row that is chosen, as text beside its key."""
    found = hints.quietly(m, lambda: calls.call_method(m, rows, "get", [], {"pk": UNKNOWN}, None))
    if isinstance(found, Row):
        m.effect("sql", f"SELECT {found.model.name}", "read", cause="widget")
        access.shown(m, iteration.reborn(m, found), None)


def related(m: Machine, model: Model, relation: Relation) -> Value:
    target = m.orm(model.orm).by_key(relation.target)
    return UNKNOWN if target is None else forms.all_of(m, target)


def show_all(m: Machine, rows: Value, name: str) -> None:
    """Fetches rows and shows each as text."""
    if not isinstance(rows, Query):
        return
    loop, row = iteration.open_loop(m, rows, None, "serializer", name, None)
    before = m.inside(loop)
    access.shown(m, row, None)
    m.cx.loops = before


# -- inlines -------------------------------------------------------------------------------------------------


def show_inline(m: Machine, inline: Inst, parent: Model, row: Value) -> None:
    """The rows that belong to the one at hand, a form for each, and some empty ones below."""
    model = model_of(m, inline)
    if model is None:
        return
    back = key_to(m, inline, model, parent)
    hidden = back or said(m, inline, "ct_field") or "content_type"  # Django leaves either out of the form
    relations = [r for r in chosen(m, inline, model, Const(None)) if r.name != hidden]
    if is_refused(m.project, inline.cls, "has_change_permission"):
        relations = []
    if isinstance(row, Row):
        with at_option(m, inline.cls, "model"):
            rows = asked(m, inline, "get_queryset")
            rows = rows if isinstance(rows, Query) else forms.all_of(m, model)
            rows = calls.call_method(m, rows, "filter", [], {back or "object_id": UNKNOWN}, None)
            show_existing(m, inline, model, rows, relations)
    with at_option(m, inline.cls, "extra"):
        show_empty(m, inline, model, relations)


def show_existing(m: Machine, inline: Inst, model: Model, rows: Value, relations: list[Relation]) -> None:
    """A form for each row that is there."""
    loop, one = iteration.open_loop(m, rows, None, "serializer", "", None)
    before = m.inside(loop)
    read_only(m, inline, one)
    access.shown(m, one, None)
    for relation in relations:
        choose(m, inline, model, relation.name, one)
    m.cx.loops = before


def show_empty(m: Machine, inline: Inst, model: Model, relations: list[Relation]) -> None:
    """The forms below the rows, each with choices of its own."""
    empty = empty_forms(m, inline)
    if empty:
        loop = Loop(
            m.site(),
            Size("forms", empty, exact=True),
            None,
            None,
            "call",
            repeats=False,
            turns=(empty, empty),
        )
        before = m.inside(loop)
        for relation in relations:
            choose(m, inline, model, relation.name, Const(None))
        m.cx.loops = before


def empty_forms(m: Machine, inline: Inst) -> int:
    """Those to fill in, and the one that is copied when more are asked for; none where rows can't be added."""
    most, extra = said(m, inline, "max_num"), said(m, inline, "extra")
    if most == 0 or is_refused(m.project, inline.cls, "has_add_permission"):
        return 0
    return (extra if isinstance(extra, int) else _EXTRA) + 1


def key_to(m: Machine, inline: Inst, model: Model, parent: Model) -> str:
    """The relation by which an inline's rows belong to the row of the page."""
    told = said(m, inline, "fk_name")
    if isinstance(told, str):
        return told
    keys = {parent.key.lower(), *(p.key.lower() for p in parent.parents)}
    found = [r.name for r in model.relations.values() if r.kind in {"fk", "o2o"} and r.target.lower() in keys]
    return found[0] if found else ""
