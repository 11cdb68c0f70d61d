"""What a person would call a query's rows, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import Size

if TYPE_CHECKING:
    from auditor.index.values import Query


def subject(query: Query) -> str:
    """What a query is about, for a label: `Book`, `Book via books`."""
    if query.relation is not None:
        return f"{query.model.name} via {query.relation}"
    return query.model.name


def size(query: Query) -> Size:
    """How many results, by a name that a person would use."""
    model = query.model
    if query.relation is not None and not query.relation.endswith("_set"):
        name = query.relation
    else:
        name = plural(snake(model.name))
    return Size(name, bound=query.bound, table=model.table, file=model.cls.module.path, line=model.cls.line)


def snake(name: str) -> str:
    """`HTTPServer` → `http_server`."""
    out: list[str] = []
    for n, letter in enumerate(name):
        starts = n and letter.isupper()
        if starts and (not name[n - 1].isupper() or (n + 1 < len(name) and name[n + 1].islower())):
            out.append("_")
        out.append(letter.lower())
    return "".join(out).replace("__", "_").strip("_")


def plural(name: str) -> str:
    """The plural of a name in snake case; a name that is one already stays."""
    if name.endswith("s") and not name.endswith(("ss", "us", "is", "as")):
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in {"a", "e", "i", "o", "u"}:
        return f"{name[:-1]}ies"
    return f"{name}s"
