"""What a person would call the rows of a query, and how many there can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import Size

if TYPE_CHECKING:
    from auditor.index.values import Model, Query


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


def of_model(model: Model) -> Size:
    """How many rows of a model there are."""
    name = model.plural or plural(snake(model.name)) or "rows"
    return Size(name, None, model.table or None, model.cls.module.path or None, model.cls.line or None)


def size_of(query: Query) -> Size:
    """How many rows a query gives, by the name of its relation or model; bound where the code says so."""
    model = query.model
    name = query.relation.rpartition(".")[2] if query.relation else model.plural or plural(snake(model.name))
    return Size(
        name or "rows",
        query.bound,
        model.table or None,
        model.cls.module.path or None,
        model.cls.line or None,
        unnamed=not query.relation and not model.name,
    )
