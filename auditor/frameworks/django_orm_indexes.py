"""`models.Index(...)` and `models.UniqueConstraint(...)`, as written in a `class Meta` or in a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.constants import fold
from auditor.frameworks.orm_text import source
from auditor.index import ir
from auditor.sql.schema import Index, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_METHODS: Final = {
    "Index": None,
    "BTreeIndex": "btree",
    "GinIndex": "gin",
    "GistIndex": "gist",
    "BrinIndex": "brin",
    "HashIndex": "hash",
    "SpGistIndex": "spgist",
    "BloomIndex": "bloom",
    "OpClass": None,
}


def read_index(project: Project, module: Module, node: Node, column: Callable[[str], str]) -> Index | None:
    """The index that an expression declares; None for anything else (checks, exclusions, what is computed).

    `column` gives the column of a field by the field's name.
    """
    if node[0] != ir.CALL:
        return None
    name = node[2][2] if node[2][0] == ir.NAME else node[2][3] if node[2][0] == ir.ATTR else ""
    is_unique = name == "UniqueConstraint"
    if not is_unique and name not in _METHODS:
        return None
    given = dict(node[4])
    fields = fold(project, module, given.get("fields"))
    if isinstance(fields, (list, tuple)) and all(isinstance(f, str) for f in fields):
        columns = tuple(column(f.lstrip("-")) for f in fields)
    else:
        columns = tuple(_expression(argument, column) for argument in node[3])
    if not columns:
        return None
    named = fold(project, module, given.get("name"))
    condition = given.get("condition")
    return Index(
        columns=columns,
        name=named if isinstance(named, str) else None,
        unique=is_unique,
        condition=None if condition is None else source(condition),
        method=None if is_unique else _METHODS[name],
        source=Source(module.path, node[1]),
    )


def _expression(node: Node, column: Callable[[str], str]) -> str:
    """A bare column for `"name"`, `F("name")` and `F("name").desc()`; else the text of the expression."""
    if node[0] == ir.CONST and isinstance(node[2], str):
        return column(node[2].lstrip("-"))
    inner = node
    while inner[0] == ir.CALL and inner[2][0] == ir.ATTR and inner[2][3] in {"asc", "desc"}:
        inner = inner[2][2]
    if inner[0] == ir.CALL and inner[3] and source(inner[2]).rpartition(".")[2] == "F":
        return _expression(inner[3][0], column)
    return source(node)


def listed(node: Node | None) -> Iterator[Node]:
    """The items of a list that is written out, through `+` of lists."""
    if node is None:
        return
    if node[0] == ir.SEQ:
        yield from node[3]
    elif node[0] == ir.BIN:
        yield from listed(node[3])
        yield from listed(node[4])
