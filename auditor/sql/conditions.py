"""Takes conditions apart: which column is compared how with a value, which columns have to be equal."""

from collections.abc import Iterator, Mapping
from typing import Final

from auditor.sql.parse import HOLE_NAME, Node, part
from auditor.sql.scope import Scope
from auditor.sql.statement import Filter, Join, Operator

_COMPARISONS: Final[Mapping[str, Operator]] = {
    "eq": "=", "nullsafeeq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "neq": "!=",
}  # fmt: skip
_SWAPPED: Final[Mapping[Operator, Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PATTERNS: Final = frozenset(
    {"ilike", "regexplike", "regexpilike", "similarto", "glob", "likeany", "ilikeany"}
)
_NEGATED: Final[Mapping[Operator, Operator]] = {
    "=": "!=", "in": "not in", "is null": "is not null",
    "!=": "=", "not in": "in", "is not null": "is null",
}  # fmt: skip
_TRANSPARENT: Final = frozenset({"paren", "collate"})
"""What can stand around a column without an index on it being lost."""


def filters(
    condition: Node, scope: Scope, *, required: bool = True, negated: bool = False
) -> Iterator[Filter]:
    """The comparisons in a condition, through AND, OR, NOT and parentheses."""
    key = condition.key
    if key in {"and", "or"}:
        below = required and (key == "and") != negated
        for side in _sides(condition):
            yield from filters(side, scope, required=below, negated=negated)
    elif key in {"paren", "not"}:
        for side in _sides(condition):
            yield from filters(side, scope, required=required, negated=negated != (key == "not"))
    else:
        found = _comparison(condition)
        if found is None:
            return
        side, operator = found
        column, wrapped_by = _unwrapped(side)
        if column is not None and column.name != HOLE_NAME:
            use = scope.column(column)
            # Some dialects of the parser put a NOT around `IS NULL`, others a flag on it.
            turned = negated != bool(condition.args.get("negate"))
            operator = _NEGATED.get(operator, "other") if turned else operator
            yield Filter(
                table=use.table,
                column=use.column,
                operator=operator,
                wrapped_by=wrapped_by,
                required=required,
            )


def _sides(node: Node) -> Iterator[Node]:
    """The operands of a node: both, one or, where the text broke off, none."""
    return (side for side in (part(node, "this"), part(node, "expression")) if side is not None)


def _comparison(node: Node) -> tuple[Node, Operator] | None:
    """The side of a comparison that is a column, and how it is compared; None if that is no filter."""
    key, side, other = node.key, part(node, "this"), part(node, "expression")
    if key == "column":
        return node, "="  # a boolean column by itself
    if side is None:
        return None
    if key in {"in", "between"}:
        return side, "in" if key == "in" else "between"
    if key in _PATTERNS:
        return side, "pattern"
    if other is None:
        return None
    if key == "is":
        return side, _is(other)
    if key == "like":
        return side, _like(other)
    operator = _COMPARISONS.get(key)
    return _oriented(side, operator, other) if operator else None


def _oriented(side: Node, operator: Operator, other: Node) -> tuple[Node, Operator] | None:
    """A comparison with its column on the left; None if both sides have one."""
    left, right = _unwrapped(side)[0], _unwrapped(other)[0]
    if left is None or left.name == HOLE_NAME:
        return other, _SWAPPED.get(operator, operator)
    if right is not None and right.name != HOLE_NAME:
        return None
    return side, "in" if operator == "=" and other.key == "any" else operator


def _is(value: Node) -> Operator:
    """IS NULL, IS TRUE and their negations, which the parser puts around the value."""
    inner = part(value, "this")
    if value.key == "not" and inner is not None:
        return _NEGATED[_is(inner)]
    return "is null" if value.key == "null" else "="


def _like(pattern: Node) -> Operator:
    """Whether a LIKE can be looked up by how it begins; a parameter may begin with anything."""
    text = str(pattern.this) if pattern.key == "literal" else ""
    return "prefix" if text and text[0] not in "%_" else "pattern"


def _unwrapped(node: Node) -> tuple[Node | None, str | None]:
    """The column inside `node` and the function around it; no column if there is none, or several."""
    while node.key in _TRANSPARENT and (inner := part(node, "this")) is not None:
        node = inner
    if node.key == "column":
        return node, None
    if node.key in {"select", "subquery", "case"}:
        return None, None
    columns = [inner for inner in node.walk() if inner.key == "column"][:2]
    if len(columns) != 1 or columns[0].name == HOLE_NAME:
        return None, None
    return columns[0], str(node.name if node.key == "anonymous" else node.key).lower()


def joins(condition: Node, scope: Scope) -> Iterator[Join]:
    """The pairs of columns that a condition says are equal; those under OR or NOT are not sure."""
    key = condition.key
    sides = list(_sides(condition))
    if key in {"and", "paren"}:
        for side in sides:
            yield from joins(side, scope)
    elif key == "eq" and len(sides) == 2 and all(s.key == "column" and s.name != HOLE_NAME for s in sides):
        yield Join(left=scope.column(sides[0]), right=scope.column(sides[1]))
