"""Django's forms: rows that are looked up when a form is checked, and the choices that its fields show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Dictionary,
    Inst,
    ManagerValue,
    Model,
    ModelValue,
    Query,
    Sym,
    Value,
    altered,
    options,
)
from auditor.trace import access, calls, hints, iteration, serializers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_ONE: Final = "ModelChoiceField"
_MANY: Final = "ModelMultipleChoiceField"
_SHOWING: Final = frozenset({"Select", "SelectMultiple", "RadioSelect", "CheckboxSelectMultiple"})
"""Widgets that show every choice; others (a key as text, a search of their own) may show one or none."""
KINDS: Final = frozenset({"fk", "o2o", "m2m"})


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A field whose choices are rows."""

    name: str
    rows: Query | ManagerValue
    many: bool
    is_shown: bool
    """Its widget shows each of them."""

    def choices(self, m: Machine) -> Query | None:
        """The query that one form asks; another form has its own."""
        rows = rows_in(m, self.rows)
        return rows if rows is not self.rows or rows is None else altered(rows, fetched=[], kept={})


def form_rows(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`form_rows(form)`: `cleaned_data`, with the rows that were chosen; looking them up is a query a field."""
    if (waiting := later(m, "form_rows", args, node)) is not None:
        return waiting
    chosen: dict[object, Value] = {}
    for field in fields_of(m, args[0]):
        rows = field.choices(m) or UNKNOWN
        if field.many:
            found = calls.call_method(m, rows, "filter", [], {"pk__in": UNKNOWN}, node)
            iteration.fetch(m, found, node, "iterate")
        else:
            found = calls.call_method(m, rows, "get", [], {"pk": UNKNOWN}, node)
        chosen[field.name] = found
    return Dictionary(chosen, other=UNKNOWN) if chosen else Dictionary({})


def form_shown(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`form_shown(form)`: each field of choices asks for its rows, and shows each as text."""
    if (waiting := later(m, "form_shown", args, node)) is not None:
        return waiting
    for field in fields_of(m, args[0]):
        show(m, field, node)
    return UNKNOWN


def shows_field(m: Machine, form: Inst, name: str, node: Node | None, *, shows: bool) -> bool:
    """Shows one field where a template names it: `{{ form.author }}`; False where that is no field of choices.

    `shows` is false where it is only asked about: `{{ form.author.errors }}`.
    """
    if not is_form(m, form.cls):
        return False
    found = next((field for field in fields_of(m, form) if field.name == name), None)
    if found is not None and shows:
        show(m, found, node)
    return found is not None


def show(m: Machine, field: ChoiceField, node: Node | None) -> None:
    if not field.is_shown:
        return
    loop, row = iteration.open_loop(m, field.choices(m) or UNKNOWN, node, "call", field.name, None)
    before = m.inside(loop)
    access.shown(m, row, node)
    m.cx.loops = before


def later(m: Machine, name: str, args: list[Value], node: Node | None) -> Value | None:
    """The intrinsic's result where only callers know the form; None where it is known."""
    if not any(isinstance(option, Sym) for option in options(args[0])):
        return None
    return m.later(f"auditor_intrinsics.{name}", args, {}, node)


def is_form(m: Machine, cls: Class) -> bool:
    return any(
        isinstance(base, Class) and base.module.role == "library" and base.name == "BaseForm"
        for base in m.project.mro(cls)
    )


def fields_of(m: Machine, form: Value) -> tuple[ChoiceField, ...]:
    """The fields of choices of a form, those first that its classes declare."""
    cls = form.cls if isinstance(form, (Inst, ClassValue)) else None
    if cls is None or not is_form(m, cls):
        return ()
    known = m.form_fields.get(id(cls))
    if known is None:
        known = m.form_fields[id(cls)] = found_in(m, cls)
    return known


def found_in(m: Machine, cls: Class) -> tuple[ChoiceField, ...]:
    altered = frozenset(altered_fields(m, cls))
    declared = {field.name: field for field in declared_fields(m, cls)}
    found = [*declared.values(), *(f for f in model_fields(m, cls) if f.name not in declared)]
    return tuple(field for field in found if field.name not in altered)


def declared_fields(m: Machine, cls: Class) -> Iterator[ChoiceField]:
    """`author = forms.ModelChoiceField(queryset=…)`, of the nearest class that has the name."""
    met: set[str] = set()
    for base in m.project.mro(cls):
        if not isinstance(base, Class) or base.module.role == "library":
            continue
        for name, bindings in base.scope.items():
            binding = bindings[-1]
            if name in met or not isinstance(binding, Assigned) or binding.value is None:
                continue
            met.add(name)
            call = binding.value
            kind = kind_of(m, base, call) if call[0] == ir.CALL else ""
            given = ir.argument(call, "queryset") or (call[3][0] if call[3] else None) if kind else None
            rows = None if given is None else hints.at_import(m, base.module, given)
            if isinstance(rows, (Query, ManagerValue)) and rows_in(m, rows) is not None:
                yield ChoiceField(
                    name, rows, kind == _MANY, is_shown=shows_all(m, base, ir.argument(call, "widget"))
                )


def kind_of(m: Machine, owner: Class, call: Node) -> str:
    """Which of the two kinds of fields a call makes; "" for any other."""
    symbol = m.project.resolve_expression(owner.module, call[2])
    above = m.project.mro(symbol) if isinstance(symbol, Class) else [symbol]
    tails = {base.name.rpartition(".")[2] for base in above if isinstance(base, (External, Class))}
    return _MANY if _MANY in tails else _ONE if _ONE in tails else ""


def shows_all(m: Machine, owner: Class, widget: Node | None) -> bool:
    """Whether a widget lists every choice: the usual one does."""
    if widget is None:
        return True
    symbol = m.project.resolve_expression(owner.module, widget[2] if widget[0] == ir.CALL else widget)
    return isinstance(symbol, External) and symbol.name.rpartition(".")[2] in _SHOWING


def model_fields(m: Machine, cls: Class) -> Iterator[ChoiceField]:
    """The relations of a model form's model that `Meta.fields` names, each a choice among all rows."""
    meta = serializers.meta_class(m, cls)
    if meta is None:
        return
    model = access.class_attribute(m, meta, "model", ClassValue(meta))
    if not isinstance(model, ModelValue):
        return
    listed, excluded = serializers.meta_names(m, cls, "fields"), serializers.meta_names(m, cls, "exclude")
    every = serializers.takes_all(m, cls)
    special = own_widgets(m, meta)
    for relation in model.model.relations.values():
        name = relation.name
        is_named = name in listed or (every and name not in excluded)
        if not is_named or relation.kind not in KINDS or not is_editable(m, model.model, name):
            continue
        orm = m.orm(model.model.orm)
        target = orm.by_key(relation.target)
        if target is None:
            continue
        rows = hints.at_line(m, meta.module, meta.line, lambda t=target: all_of(m, t))  # type: ignore[misc]  # bound as default
        if isinstance(rows, (Query, ManagerValue)) and rows_in(m, rows) is not None:
            yield ChoiceField(name, rows, relation.many, is_shown=name not in special)


def own_widgets(m: Machine, meta: Class) -> frozenset[object]:
    """The fields that `Meta.widgets` names: what these show, nobody can tell."""
    widgets = access.class_attribute(m, meta, "widgets", ClassValue(meta))
    return frozenset(widgets.entries) if isinstance(widgets, Dictionary) else frozenset()


def all_of(m: Machine, model: Model) -> Value:
    manager = m.orm(model.orm).class_attribute(m, model, "_default_manager", None) or UNKNOWN
    return calls.call_method(m, manager, "all", [], {}, None)


def is_editable(m: Machine, model: Model, name: str) -> bool:
    """Whether the model itself declares the relation, and lets forms change it."""
    found = m.project.member(model.cls, name)
    binding = None if found is None else found[1][-1]
    if not isinstance(binding, Assigned) or binding.value is None or binding.value[0] != ir.CALL:
        return False
    told = ir.argument(binding.value, "editable")
    return told is None or told[0] != ir.CONST or told[2] is not False


def rows_in(m: Machine, value: Value | None) -> Query | None:
    """The query that a field chooses from."""
    if isinstance(value, ManagerValue):
        manager = value
        value = hints.quietly(m, lambda: calls.call_method(m, manager, "all", [], {}, None))
    return value if isinstance(value, Query) else None


def altered_fields(m: Machine, cls: Class) -> Iterator[str]:
    """Fields that a constructor gives other rows, or takes away: `self.fields["author"].queryset = …`."""
    for base in m.project.mro(cls):
        init = base.scope.get("__init__", [None])[-1] if isinstance(base, Class) else None
        if init is not None and isinstance(base, Class) and base.module.role != "library":
            yield from named_fields(getattr(init, "body", ()))


def named_fields(tree: object) -> Iterator[str]:
    """The texts by which a body picks from `….fields`."""
    if not isinstance(tree, tuple):
        return
    if len(tree) >= 4 and tree[0] == ir.SUB and is_fields(tree[2]) and tree[3][0] == ir.CONST:
        yield str(tree[3][2])
    if len(tree) == 5 and tree[0] == ir.CALL and tree[2][0] == ir.ATTR and is_fields(tree[2][2]):
        yield from (str(a[2]) for a in tree[3] if a[0] == ir.CONST)
    for part in tree:
        yield from named_fields(part)


def is_fields(node: object) -> bool:
    return isinstance(node, tuple) and len(node) == 4 and node[0] == ir.ATTR and node[3] == "fields"
