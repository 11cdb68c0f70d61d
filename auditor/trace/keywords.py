"""What a function puts into its own `**kwargs` before it hands them on: `kwargs["session"] = made`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.values import Const, Sym
from auditor.trace import flow, joining

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.values import Value
    from auditor.trace.machine import Machine


def put_into(m: Machine, holder: Node, held: Value, key: Value, value: Value) -> bool:
    """Binds the name `holder` to its keywords and this one, from here on; False where it holds no keywords of callers.

    What stands below an `if` is left out: it is for those who did not give it.
    """
    function = m.cx.function
    if holder[0] != ir.NAME or not isinstance(held, Sym) or function is None:
        return False
    is_own = any(name == holder[2] and kind == "**" for name, kind, _, _ in function.params)
    if not is_own or not isinstance(key, Const) or not isinstance(key.value, str):
        return False
    if any(arm != flow.GUARDED and _is_if(m, guard) for guard, arm in m.cx.branch):
        return False
    m.cx.env[holder[2]] = Sym("merged", held, {key.value: joining.inexact(value)})
    return True


def _is_if(m: Machine, identity: int) -> bool:
    guard = m.guards.get(identity)
    return guard is not None and guard.node[0] == ir.IF
