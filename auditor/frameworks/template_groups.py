"""Django's `{% regroup rows by path as groups %}`: the same rows again, in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.index.ir import Node

_ROW: Final = "__regrouped_row__"


def regrouped(text: str, line: int, expression: Callable[[str, int], Node]) -> list[Node]:
    """Reads the path of every row, then binds the groups: one stands for all, and lists the rows of all.

    `expression` turns a template's expression into IR; [] for a tag that Django refuses.
    """
    words = text.split()
    by = words.index("by") if "by" in words else 0
    if not 0 < by < len(words) - 3 or words[-2] != "as" or not words[-1].isidentifier():
        return []
    rows, row = (ir.NAME, line, words[-1]), (ir.NAME, line, _ROW)
    read = (ir.FSTR, line, "{}", (expression(f"{_ROW}.{' '.join(words[by + 1 : -2])}", line),))
    group: Node = (
        ir.DICT,
        line,
        (((ir.CONST, line, "grouper"), (ir.CONST, line, None)), ((ir.CONST, line, "list"), rows)),
        2,
    )
    return [
        (ir.ASSIGN, line, line, (rows,), expression(" ".join(words[:by]), line)),
        (ir.FOR, line, line, row, rows, ((ir.EXPR, line, line, read),), (), False),
        (ir.ASSIGN, line, line, (rows,), (ir.SEQ, line, "list", (group,), 1)),
    ]
