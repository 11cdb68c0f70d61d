"""Django's `{% regroup rows by path as groups %}`: the same rows again, in groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.index.ir import Node

_GROUPED: Final = re.compile(r"(?P<rows>.+?)\s+by\s+(?P<path>.+?)\s+as\s+(?P<name>\w+)\s*$", re.DOTALL)
_ROW: Final = "__regrouped_row__"


def regrouped(text: str, line: int, expression: Callable[[str, int], Node]) -> list[Node]:
    """Reads the path of every row, then binds the groups: one stands for all, and lists the rows of all.

    `expression` turns a template's expression into IR; [] for a tag that Django refuses.
    """
    found = _GROUPED.match(text)
    if found is None:
        return []
    rows, row = (ir.NAME, line, found["name"]), (ir.NAME, line, _ROW)
    read = (ir.FSTR, line, "{}", (expression(f"{_ROW}.{found['path'].strip()}", line),))
    group: Node = (
        ir.DICT,
        line,
        (((ir.CONST, line, "grouper"), (ir.CONST, line, None)), ((ir.CONST, line, "list"), rows)),
        2,
    )
    return [
        (ir.ASSIGN, line, line, (rows,), expression(found["rows"], line)),
        (ir.FOR, line, line, row, rows, ((ir.EXPR, line, line, read),), (), False),
        (ir.ASSIGN, line, line, (rows,), (ir.SEQ, line, "list", (group,), 1)),
    ]
