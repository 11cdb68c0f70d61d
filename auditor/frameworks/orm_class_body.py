"""What the body of a model's class writes out: its fields, and the options of its inner `Meta`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.project import Project

_FIELD: Final = ("Field", "ForeignKey")


def fields_of(
    project: Project, cls: Class, packages: Sequence[str]
) -> Iterator[tuple[Class, str, str, Node]]:
    """(class, name, kind, call) of every field, the nearest of a name; fields are what `packages` call so."""
    seen: set[str] = set()
    for base in project.mro(cls):
        for name, bindings in base.scope.items() if isinstance(base, Class) else ():
            last = bindings[-1]
            if (
                name in seen
                or not isinstance(last, Assigned)
                or last.value is None
                or not isinstance(base, Class)
            ):
                continue
            seen.add(name)
            kind = kind_of(project, base, last.value, packages)
            if kind:
                yield base, name, kind, last.value


def kind_of(project: Project, owner: Class, made: Node, packages: Sequence[str]) -> str:
    """`CharField` for a call that makes such a field; of a project's own kind the one that it is made of."""
    if made[0] != ir.CALL:
        return ""
    symbol = project.resolve_expression(owner.module, made[2])
    above = project.mro(symbol) if isinstance(symbol, Class) else (symbol,)
    for base in above:
        if isinstance(base, External) and base.name.partition(".")[0] in packages:
            tail = base.name.rpartition(".")[2]
            return tail if tail.endswith(_FIELD) or tail == "DeferredForeignKey" else ""
    return ""


def meta_option(cls: Class, *names: str) -> Node | None:
    """The first of these options that the class's own `Meta` sets."""
    meta = cls.scope.get("Meta", [None])[-1]
    for name in names if isinstance(meta, Class) else ():
        binding = meta.scope.get(name, [None])[-1] if isinstance(meta, Class) else None
        if isinstance(binding, Assigned) and binding.value is not None:
            return binding.value
    return None


def constant(node: Node | None) -> object:
    """What is written out; None for anything else."""
    return node[2] if node is not None and node[0] == ir.CONST else None


def written(node: Node | None) -> object:
    """A constant, or a tuple of such; None for what is not written out."""
    return (
        tuple(written(item) for item in node[3]) if node is not None and node[0] == ir.SEQ else constant(node)
    )
