"""Work that may fail without anybody noticing: a `try` that catches everything and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import turns

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.values import Site

_BROAD: Final = frozenset({"Exception", "BaseException"})


def is_best_effort(site: Site) -> bool:
    """Whether every error of a place is caught in its own function, which then goes on as if nothing had happened.

    What fails in a caller's session leaves that session's transaction failed; with a session of its own it does not.
    """
    function = site.function
    return function is not None and any(
        s[0] == ir.TRY and s[3][0][1] <= site.start <= s[3][-1][2] and goes_on(s)
        for s in turns.own_nodes(function.body)
    )


def goes_on(tried: Node) -> bool:
    """Whether a handler catches everything, and neither raises nor gives the caller the error."""
    for kind, name, body in tried[4]:
        if kind is not None and turns.name_of(kind) not in _BROAD:
            continue
        inner = list(turns.nodes(body))
        raises = any(n[0] == ir.RAISE for n in inner)
        told = any(n[0] == ir.RETURN and n[3] is not None and name in turns.free_names(n[3]) for n in inner)
        return not (raises or told)
    return False
