"""The options of a `ModelAdmin` or an inline: what they hold, and where the project writes them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.symbols import Class, Function
from auditor.index.values import UNKNOWN, Const, Inst, Items, Model, ModelValue, Value, options
from auditor.trace import access, calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def model_of(m: Machine, admin: Value) -> Model | None:
    """The model that an admin, or an inline, stands for."""
    told = access.class_attribute(m, admin.cls, "model", admin) if isinstance(admin, Inst) else UNKNOWN
    return told.model if isinstance(told, ModelValue) else None


def asked(m: Machine, admin: Value, name: str, *more: Value) -> Value:
    """What one of the admin's `get_…` methods gives for a request; the project's own runs."""
    return calls.call_method(m, admin, name, [UNKNOWN, *more], {}, None)


def said(m: Machine, admin: Inst, name: str) -> object:
    """A plain option as it is written; None where it can't be told."""
    told = access.class_attribute(m, admin.cls, name, admin)
    return told.value if isinstance(told, Const) else None


def flat(value: Value) -> list[Value]:
    """The entries of a list or a tuple, those of lists in it too; of several such all, each name once."""
    found: list[Value] = []
    for option in options(value):
        for item in option.items if isinstance(option, Items) else ():
            found += flat(item) if isinstance(item, Items) else [item]
    named: dict[object, Value] = {(v.value if isinstance(v, Const) else id(v)): v for v in reversed(found)}
    return list(reversed(named.values()))


def texts(value: Value) -> frozenset[str]:
    """The names among the entries."""
    return frozenset(v.value for v in flat(value) if isinstance(v, Const) and isinstance(v.value, str))


def is_own(m: Machine, cls: Class, name: str) -> bool:
    """Whether the project has something under a name, in place of what Django has."""
    found = m.project.member(cls, name)
    return found is not None and found[0].module.role != "library"


@contextmanager
def at_option(m: Machine, cls: Class, name: str) -> Iterator[None]:
    """What is asked inside is told at the option of that name, or at the class where nothing sets it."""
    cx = m.cx
    before = cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end
    if cx.function is not None and cx.function.body:  # no option is asked through another
        cx.frames = (*cx.frames, (cx.function, cx.line or cx.start))
    place = place_of(m, cls, name)
    cx.function, cx.module = place, place.module
    cx.line = cx.start = place.line
    cx.end = place.end_line
    try:
        yield
    finally:
        cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end = before


def place_of(m: Machine, cls: Class, name: str) -> Function:
    """Stands for the code that Django has in place of the project: `shop.admin.BookAdmin.list_display`."""
    known: dict[str, Function] = m.shapes.setdefault(id(cls), {})
    if name not in known:
        owner, start, end = span(m, cls, name)
        module = m.project.by_path.get(owner.module.path, owner.module)
        qualname = f"{owner.qualname}.{name}" if name else owner.qualname
        node: Node = (ir.DEF, start, end, name or owner.name, (), (), (), None, 0)
        known[name] = Function(module, owner, None, name or owner.name, qualname, node)
    return known[name]


def span(m: Machine, cls: Class, name: str) -> tuple[Class, int, int]:
    """The class that sets an option, with the lines of the statement; else the first line of the project's class."""
    ours = [b for b in m.project.mro(cls) if isinstance(b, Class) and b.module.role != "library"]
    for base in ours if name else ():
        for s in base.body:
            if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == name for t in s[3]):
                return base, s[1], s[2]
    named = next((b for b in ours if b.body), cls)
    return named, named.line, named.line
