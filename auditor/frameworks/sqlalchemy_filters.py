"""Conditions of a query, read off the expressions that it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_text import constant
from auditor.index import ir
from auditor.index.symbols import Class, tail_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model, Site

_COMPARISONS: Final = {"==": "exact", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_MIRRORED: Final = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
_METHODS: Final = {
    "in_": "in",
    "not_in": "notin",
    "notin_": "notin",
    "is_": "exact",
    "is_not": "ne",
    "isnot": "ne",
    "like": "like",
    "ilike": "ilike",
    "contains": "contains",
    "icontains": "icontains",
    "startswith": "startswith",
    "istartswith": "istartswith",
    "endswith": "endswith",
    "iendswith": "iendswith",
    "between": "range",
    "is_distinct_from": "ne",
    "regexp_match": "regex",
    "any_": "contains",
}
_FOLDING: Final = frozenset({"lower", "upper"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: its names are looked up from here."""

    registry: Registry
    site: Site

    def attribute(self, node: Node) -> tuple[Model, str] | None:
        """(model, attribute) of `Model.attribute`, also through `cls` in a method of the model."""
        if node[0] != ir.ATTR:
            return None
        holder = self.model(node[2])
        return None if holder is None else (holder, node[3])

    def model(self, node: Node) -> Model | None:
        """The model that a name or a dotted name means; `cls` means the class of the method."""
        function, module = self.site.function, self.site.module
        if (
            node[0] == ir.NAME
            and node[2] in {"cls", "self"}
            and function is not None
            and function.owner is not None
        ):
            return self.registry.model(function.owner) if node[2] == "cls" else None
        if node[0] not in {ir.NAME, ir.ATTR}:
            return None
        symbol = self.registry.project.resolve_expression(module, node, function)
        return self.registry.model(symbol) if isinstance(symbol, Class) else None


def first_model(scope: Scope, node: Node, depth: int = 0) -> Model | None:
    """The first model that an expression mentions."""
    found = scope.model(node)
    if found is not None or depth > 8:  # expressions nest no deeper in practice
        return found
    for part in node[2:]:
        for inner in _nodes(part):
            found = first_model(scope, inner, depth + 1)
            if found is not None:
                return found
    return None


def _nodes(part: object) -> Iterator[Node]:
    if isinstance(part, tuple) and part:
        if isinstance(part[0], int) and len(part) > 1 and isinstance(part[1], int):
            yield part
        else:
            for inner in part:
                yield from _nodes(inner)


def conditions(scope: Scope, model: Model, node: Node) -> Iterator[tuple[str, str]]:
    """(column path, lookup) of each condition that every row of `model` has to pass.

    A column of a joined model counts where exactly one relation leads to it: `author.name`.
    """
    op = node[0]
    if op == ir.CMP and len(node[2]) == 1 and node[2][0] in _COMPARISONS:
        lookup = _COMPARISONS[node[2][0]]
        for mine, other, kind in (
            (node[3][0], node[3][1], lookup),
            (node[3][1], node[3][0], _MIRRORED.get(lookup, lookup)),
        ):
            found = _column(scope, model, mine)
            if found is not None:
                path, folded = found
                if _column(scope, model, other) is None:
                    yield path, _exact(kind, other, folded=folded)
                return
    elif op == ir.BIN and node[2] == "&":
        yield from conditions(scope, model, node[3])
        yield from conditions(scope, model, node[4])
    elif op == ir.CALL and tail_name(node[2]) == "and_":
        for a in node[3]:
            yield from conditions(scope, model, a)
    elif op == ir.CALL and node[2][0] == ir.ATTR and node[2][3] in _METHODS:
        found = _column(scope, model, node[2][2])
        if found is not None:
            path, folded = found
            yield path, _method(node, folded=folded)
    elif (op == ir.ATTR and (found := _column(scope, model, node)) is not None) or (
        op in {ir.UNARY, ir.NOT} and (found := _column(scope, model, node[2])) is not None
    ):
        yield found[0], "exact"


def _exact(kind: str, other: Node, *, folded: bool) -> str:
    if other[0] == ir.CONST and other[2] is None:
        return "isnull"
    return "iexact" if folded and kind == "exact" else kind


def _method(node: Node, *, folded: bool) -> str:
    lookup = _METHODS[node[2][3]]
    first = node[3][0] if node[3] else None
    if (
        node[2][3] in {"is_", "is_not", "isnot"}
        and first is not None
        and first[0] == ir.CONST
        and first[2] is None
    ):
        return "isnull"
    if lookup in {"like", "ilike"}:
        text = constant(first)
        if isinstance(text, str) and not text.startswith(("%", "_")):
            lookup = "startswith" if lookup == "like" else "istartswith"
    return f"i{lookup}" if folded and lookup in {"exact", "startswith", "contains"} else lookup


def _column(scope: Scope, model: Model, node: Node) -> tuple[str, bool] | None:
    """(path, whether its case is folded) of a column expression."""
    if node[0] == ir.CALL and tail_name(node[2]) in _FOLDING and node[3]:
        inner = _column(scope, model, node[3][0])
        return None if inner is None else (inner[0], True)
    found = scope.attribute(node)
    if found is None:
        return None
    holder, name = found
    relation = holder.relations.get(name)
    name = relation.column if relation is not None and relation.column is not None else name
    if name not in holder.columns:
        return None
    if scope.registry.is_a(holder, model):
        return name, False
    leading = [r.name for r in model.relations.values() if r.target == holder.key]
    return (f"{leading[0]}.{name}", False) if len(leading) == 1 else None
