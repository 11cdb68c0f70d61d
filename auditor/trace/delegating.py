"""Objects that hand on what they lack: `def __getattr__(self, name): return getattr(self._session, name)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.values import UNKNOWN, Value
from auditor.trace import access

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Class, Function
    from auditor.index.values import Inst
    from auditor.trace.machine import Machine


def delegate(m: Machine, value: Inst, name: str) -> Value | None:
    """What an object asks for an attribute that it lacks itself; None where it hands nothing on."""
    if name.startswith("__"):
        return None
    field = handed_on(m, value.cls)
    if field is None or field == name:
        return None
    found = access.get_attribute(m, value, field, None)
    return None if found is UNKNOWN or found is value else found


def handed_on(m: Machine, cls: Class) -> str | None:
    """The field that the class's `__getattr__` asks for everything."""
    function = m.project.method(cls, "__getattr__")
    if function is None or len(function.params) != 2 or not function.body:
        return None
    last = function.body[-1]
    return asked_field(function, last[3]) if last[0] == ir.RETURN and last[3] is not None else None


def asked_field(function: Function, node: Node) -> str | None:
    """The `field` of `getattr(self.field, name)`."""
    if node[0] != ir.CALL or node[2][0] != ir.NAME or node[2][2] != "getattr" or len(node[3]) < 2:
        return None
    (holder, asked), (receiver, wanted) = node[3][:2], (p[0] for p in function.params)
    if holder[0] != ir.ATTR or holder[2][0] != ir.NAME or holder[2][2] != receiver:
        return None
    return str(holder[3]) if asked[0] == ir.NAME and asked[2] == wanted else None
