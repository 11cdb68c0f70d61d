"""An application that is mounted below a path of the deployment's, or served as it is: `if settings.base_url != "/": …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir

if TYPE_CHECKING:
    from auditor.frameworks.wiring import Call
    from auditor.index.ir import Node


def is_served_bare_too(call: Call) -> bool:
    """Whether the function that mounts an application returns that application itself on another way.

    A path that nobody knows is none by default then: the application answers at the addresses that it has by itself.
    """
    around = [f for f in call.module.functions if f.line <= call.line <= f.end_line]
    if not around:
        return False
    function = max(around, key=lambda f: f.line)
    mounted = {name for n in ir.walk(function.body) if (name := _mounted(n, call)) is not None}
    returned = {
        n[3][2]
        for n in ir.walk(function.body)
        if n[0] == ir.RETURN and n[3] is not None and n[3][0] == ir.NAME
    }
    return bool(mounted & returned)


def _mounted(node: Node, call: Call) -> str | None:
    """The name of what `….mount(path, name)` mounts, at the place of the call."""
    if node[0] != ir.CALL or node[1] != call.line or node[2][0] != ir.ATTR or node[2][3] != call.method:
        return None
    given = node[3][1] if len(node[3]) > 1 else ir.argument(node, "app")
    return str(given[2]) if given is not None and given[0] == ir.NAME else None
