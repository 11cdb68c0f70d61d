"""What the library models ask of the machine: rendering templates, serialising objects, applying filter sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import (
    UNKNOWN,
    Const,
    Inst,
    Items,
    ManagerValue,
    Model,
    ModelValue,
    Query,
    Row,
    Sym,
    Text,
    Value,
    options,
)
from auditor.trace import (
    calls,
    forms,
    hints,
    response_models,
    schemas,
    serializers,
    validating,
)

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def call(m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    """An intrinsic by name; one that nobody defined does nothing."""
    if name == "serialize":
        return serializers.serialize(m, args, kwargs, node)
    if name == "serialize_fields":
        return serializers.serialize_fields(m, args, node)
    if name == "validate_fields":
        return validated(m, args, node)
    if name == "form_rows":
        return forms.form_rows(m, args, node)
    if name == "form_shown":
        return forms.form_shown(m, args, node)
    if name == "dump":
        return schemas.dump(m, args, node)
    if name == "signed_in":
        return signed_in(m) or UNKNOWN
    if name == "either":
        return either(m, args, node)
    if name == "model_text":
        return model_text(m, args, node)
    if name == "pages":
        return pages(m, args, node)
    if name == "made":
        return made(m, args, node)
    if name == "paged":
        return paged(m, args, node)
    if name == "read_attributes":
        return response_models.read_attributes(m, args, node)
    if name == "read_field":
        return response_models.read_field(m, args, node)
    handler = m.intrinsics.get(name)
    return UNKNOWN if handler is None else handler(m, args, kwargs, node)


def validated(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`validate_fields(serializer)`: what validating each field of what was sent asks for."""
    if any(isinstance(o, Sym) for o in options(args[0])):
        return later(m, "validate_fields", args, node)
    for option in options(args[0]):
        if isinstance(option, Inst):
            validating.validate(m, option, node)
    return UNKNOWN


def later(m: Machine, name: str, args: list[Value], node: Node | None) -> Sym:
    """The intrinsic's result where callers know the arguments."""
    return m.later(f"auditor_intrinsics.{name}", args, {}, node)


def pages(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`pages(size, paginate, rows)`: (paginator, page, its rows, True), or the rows as they are where no size is set."""
    size, paginate, rows = args
    if any(isinstance(o, Sym) for a in args for o in options(a)):
        return later(m, "pages", args, node)
    if isinstance(size, Const) and not size.value:
        return Items("tuple", [Const(None), Const(None), rows, Const(value=False)], 4)
    return calls.call_value(m, paginate, [rows, size], {}, node)


def made(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`made(cls)`: an instance of the class, None where there is none."""
    if any(isinstance(o, Sym) for o in options(args[0])):
        return later(m, "made", args, node)
    return args[0] if isinstance(args[0], Const) else calls.call_value(m, args[0], [], {}, node)


def paged(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`paged(page, rows)`: the page, or all rows where it is None."""
    page, rows = args
    if any(isinstance(o, Sym) for a in args for o in options(a)):
        return later(m, "paged", args, node)
    return rows if page is UNKNOWN or isinstance(page, Const) else page


def either(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`either(given, otherwise)`: what was given, unless that is None or not known."""
    given, otherwise = args
    if any(isinstance(o, Sym) for o in options(given)):
        return later(m, "either", args, node)
    return otherwise if given is UNKNOWN or (isinstance(given, Const) and given.value is None) else given


def model_text(m: Machine, args: list[Value], node: Node | None) -> Value:
    """A text that is made of a model's names: `model_text(rows, "{app_label}/{model_name}", suffix, ...)`."""
    if any(isinstance(o, Sym) for a in args for o in options(a)):
        return later(m, "model_text", args, node)
    model = next((found for option in options(args[0]) if (found := model_of(option)) is not None), None)
    parts = [a.value for a in args[1:] if isinstance(a, Const) and isinstance(a.value, str)]
    if model is None or len(parts) < len(args) - 1:
        return Text("{}")
    label = model.key.rpartition(".")[0]
    return Const("".join(parts).format(app_label=label, model_name=model.name.lower()))


def model_of(value: Value) -> Model | None:
    """The model whose rows these are, or which this is."""
    return value.model if isinstance(value, (Query, Row, ModelValue, ManagerValue)) else None


def signed_in(m: Machine) -> Value | None:
    """The row of the user who is logged in, where an ORM knows which model that is."""
    return next((user for orm in m.orms if (user := hints.user_of(orm)) is not None), None)
