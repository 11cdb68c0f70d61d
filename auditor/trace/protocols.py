"""What `with` and `+` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import UNKNOWN, Const, ExtInst, Inst, Items, Many, Size, Text, Value
from auditor.trace import iteration, joining, libraries

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def enter(m: Machine, value: Value, node: Node | None) -> Value:
    """What `with value as x` binds."""
    if isinstance(value, Many) and value.kind in {"gen", "batches"}:
        return value.elem
    if isinstance(value, Inst):
        for name in ("__enter__", "__aenter__"):
            function = m.project.method(value.cls, name)
            if function is not None:
                return m.call_function(function, value, [], {}, node)
        return value
    if isinstance(value, ExtInst):
        for orm in m.orms:
            hook = getattr(orm, "library_method", None)
            given = None if hook is None else hook(m, value, "__enter__", [], {}, node)
            if given is not None:
                return given  # type: ignore[no-any-return]  # optional hook
        kind = m.knowledge.types.get(value.type)
        if kind is not None:
            fact = kind.methods.get("__enter__") or kind.methods.get("__aenter__")
            if fact is not None:
                libraries.apply_fact(m, fact, f"{value.type}.__enter__", [], {}, node)
            if kind.enters is not None:
                return ExtInst(kind.enters)
    return value


def leave(m: Machine, value: Value, node: Node | None) -> None:
    """What happens at the end of `with value`."""
    if isinstance(value, Inst):
        for name in ("__exit__", "__aexit__"):
            function = m.project.method(value.cls, name)
            if function is not None:
                m.call_function(function, value, [UNKNOWN] * 3, {}, node)
                return
    elif isinstance(value, ExtInst):
        for orm in m.orms:
            hook = getattr(orm, "library_method", None)
            if hook is not None and hook(m, value, "__exit__", [], {}, node) is not None:
                return
        kind = m.knowledge.types.get(value.type)
        if kind is not None:
            fact = kind.methods.get("__exit__") or kind.methods.get("__aexit__")
            if fact is not None and fact.effect is not None:
                libraries.apply_fact(m, fact, f"{value.type}.__exit__", [], {}, node)


def extended(m: Machine, before: Value, more: Value) -> Value:
    """A list or tuple with more added to it."""
    items = [before, more]
    if isinstance(before, Items) and isinstance(more, Items):
        return Items(before.kind, [*before.items, *more.items], before.count + more.count)
    iteration.fetch(m, more, None, "materialise")
    elements = [iteration.element(m, i) for i in items]
    sizes = [i.size for i in items if isinstance(i, Many) and i.size is not None]
    size: Size | None = sizes[0] if sizes else None
    return Many(joining.join_all(elements), size)


def concatenated(left: Value, right: Value) -> Value:
    def text(v: Value) -> str:
        if isinstance(v, Text):
            return v.template
        return str(v.value) if isinstance(v, Const) and isinstance(v.value, str) else "{}"

    if (
        isinstance(left, Const)
        and isinstance(right, Const)
        and isinstance(left.value, str)
        and isinstance(right.value, str)
    ):
        return Const(left.value + right.value)
    return Text(text(left) + text(right))
