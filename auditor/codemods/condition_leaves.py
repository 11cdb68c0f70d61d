"""A single test of a row's column, as SQLAlchemy or Django says it: true of the same rows, and of no other."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.column_kinds import Stored, stored
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.codemods.value_kinds import Values
    from auditor.index.values import Model
    from auditor.rules.scene import Scene

_ORDER: Final[dict[type[ast.cmpop], tuple[str, str, type[ast.cmpop], type[ast.cmpop]]]] = {
    ast.Lt: ("<", "lt", ast.GtE, ast.Gt),
    ast.LtE: ("<=", "lte", ast.Gt, ast.GtE),
    ast.Gt: (">", "gt", ast.LtE, ast.Lt),
    ast.GtE: (">=", "gte", ast.Lt, ast.LtE),
}
"""The sign, Django's lookup, the opposite, and the same with its sides exchanged."""
_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
} | {op: row[2] for op, row in _ORDER.items()}
_ODD: Final = frozenset({"__bool__", "__len__"})


class UnpushableError(Exception):
    """Why a condition stays in Python, for a person."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What goes into `filter()`; of Django `name=value`, or what several `Q` are joined to."""

    text: str
    negated: bool = False
    """Django: it goes into `exclude()`, which keeps NULL as Python's `not` does."""
    joined: str = ""
    """`and` or `or`, where it is made of several."""
    is_query: bool = True
    """Django: it is written as `name=value`."""
    compared: bool = False
    """SQLAlchemy: it is a comparison, which binds less than `&` and `|`."""

    def operand(self, how: str) -> str:
        """It as a part of several joined by `and` or `or`."""
        if self.joined:
            return self.text if self.joined == how else f"({self.text})"
        if self.compared:
            return f"({self.text})"
        return f"{'~' if self.negated else ''}Q({self.text})" if self.is_query else self.text


@dataclass(frozen=True, slots=True)
class Leaves:
    """Tests of the rows of one model."""

    model: "Model"
    variable: str
    entity: str
    """SQLAlchemy: how the source names the model."""
    method: str
    """SQLAlchemy: `filter` or `where`."""
    scene: "Scene"
    values: "Values"

    @property
    def is_django(self) -> bool:
        return self.model.orm == "django"

    def test(self, node: ast.expr, given: frozenset[str], *, negated: bool) -> Leaf:
        """One test; `given` is the source of what is known not to be None.

        Raises:
            UnpushableError: the database may see it otherwise.
        """
        match node:
            case ast.Attribute():
                return self._truth(node, negated=negated)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                kind = _OPPOSITE[type(op)] if negated else type(op)
                if (
                    row_reads(right, self.variable)
                    and not row_reads(left, self.variable)
                    and kind not in {ast.In, ast.NotIn}
                ):
                    left, right, kind = right, left, _ORDER[kind][3] if kind in _ORDER else kind
                if row_reads(right, self.variable):
                    raise UnpushableError(f"`{ast.unparse(node)}` compares a row with itself")
                return self._compared(left, kind, right, given)
            case _:
                raise UnpushableError(f"`{ast.unparse(node)}` is no plain test of a column")

    def _column(self, node: ast.expr) -> Stored:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == self.variable:
                found = stored(self.model, attr, self.scene)
                if found is None:
                    raise UnpushableError(f"`{ast.unparse(node)}` is not known to be what a column holds")
                return found
            case _:
                raise UnpushableError(f"`{ast.unparse(node)}` is no column of the row")

    def _comparable(self, node: ast.expr) -> Stored:
        found = self._column(node)
        if found.kind == "other":
            raise UnpushableError(f"not every database compares `{ast.unparse(node)}` as Python does")
        return found

    def _truth(self, node: ast.Attribute, *, negated: bool) -> Leaf:
        if (relation := self._relation(node)) is not None:
            return self._null(relation, is_null=negated)
        column = self._comparable(node)
        if column.kind == "date":
            return self._null(column.name, is_null=negated)
        if column.kind == "bool":
            return self._is_bool(column, value=True, negated=negated)
        if not negated and not self.is_django:
            return Leaf(f"{self.entity}.{column.name} != 0", compared=True)  # which NULL is not, either
        if not negated:
            plain = self._equal(column, "0", negated=True)
            return self._together("and", [plain, self._null(column.name, is_null=False)], column)
        return self._together("or", [self._equal(column, "0"), self._null(column.name, is_null=True)], column)

    def _together(self, how: str, leaves: list[Leaf], column: Stored) -> Leaf:
        """Both of a column that may be NULL; else the first alone."""
        if not column.nullable:
            return leaves[0]
        sign = " & " if how == "and" else " | "
        return Leaf(sign.join(one.operand(how) for one in leaves), joined=how)

    def _compared(
        self, left: ast.expr, kind: type[ast.cmpop], right: ast.expr, given: frozenset[str]
    ) -> Leaf:
        is_none = isinstance(right, ast.Constant) and right.value is None
        if is_none and kind in {ast.Is, ast.IsNot, ast.Eq, ast.NotEq}:
            relation = self._relation(left) if kind in {ast.Is, ast.IsNot} else None
            return self._null(relation or self._column(left).name, is_null=kind in {ast.Is, ast.Eq})
        column = self._comparable(left)
        is_truth = isinstance(right, ast.Constant) and isinstance(right.value, bool)
        if is_truth and column.kind == "bool" and kind in {ast.Is, ast.IsNot, ast.Eq, ast.NotEq}:
            assert isinstance(right, ast.Constant)
            return self._is_bool(column, value=bool(right.value), negated=kind in {ast.IsNot, ast.NotEq})
        if kind in {ast.In, ast.NotIn}:
            return self._among(column, right, negated=kind is ast.NotIn)
        text = self._value(column, right)
        if kind in {ast.Eq, ast.NotEq}:
            return self._equal(column, text, negated=kind is ast.NotEq)
        if kind not in _ORDER:
            raise UnpushableError(f"`{ast.unparse(left)}` is compared by identity")
        if column.nullable and ast.unparse(left) not in given:
            raise UnpushableError(f"`{ast.unparse(left)}` may be NULL, which Python refuses to compare")
        value = self.values.of(right)
        if value is None or (value.optional and ast.unparse(right) not in given):
            raise UnpushableError(f"`{ast.unparse(right)}` may be None, which Python refuses to compare")
        if column.kind == "bool":
            raise UnpushableError("not every database orders truth values")
        sign, lookup, _, _ = _ORDER[kind]
        if self.is_django:
            return Leaf(f"{column.name}__{lookup}={text}")
        return Leaf(f"{self.entity}.{column.name} {sign} {text}", compared=True)

    def _value(self, column: Stored, node: ast.expr) -> str:
        """What a column is compared with, as source: of the column's kind, and asked for without doing anything."""
        found = self.values.of(node)
        if found is None or not _is_quiet(node):
            raise UnpushableError(f"of which type `{ast.unparse(node)}` is, is not known")
        if found.kind != column.kind:
            raise UnpushableError(f"`{ast.unparse(node)}` is no {column.kind} as `{column.name}` is")
        return ast.unparse(node)

    def _among(self, column: Stored, node: ast.expr, *, negated: bool) -> Leaf:
        match node:
            case (
                ast.Tuple(elts=[_, *_] as listed)
                | ast.List(elts=[_, *_] as listed)
                | ast.Set(elts=[_, *_] as listed)
            ):
                pass
            case _:
                raise UnpushableError(
                    f"`{ast.unparse(node)}` may hold more, or others, than a statement takes"
                )
        values: Callable[[ast.expr], object] = self.values.of
        if any(getattr(values(one), "optional", True) for one in listed):
            raise UnpushableError(f"`{ast.unparse(node)}` may hold None")
        text = f"[{', '.join(self._value(column, one) for one in listed)}]"
        if self.is_django:
            return Leaf(f"{column.name}__in={text}", negated=negated)
        plain = Leaf(f"{self.entity}.{column.name}.{'notin_' if negated else 'in_'}({text})", is_query=False)
        return (
            self._together("or", [plain, self._null(column.name, is_null=True)], column) if negated else plain
        )

    def _equal(self, column: Stored, text: str, *, negated: bool = False) -> Leaf:
        if self.is_django:
            return Leaf(f"{column.name}={text}", negated=negated)
        name = f"{self.entity}.{column.name}"
        if negated and column.nullable:
            return Leaf(f"{name}.is_distinct_from({text})", is_query=False)
        return Leaf(f"{name} {'!=' if negated else '=='} {text}", compared=True)

    def _is_bool(self, column: Stored, *, value: bool, negated: bool) -> Leaf:
        if negated and not column.nullable:
            value, negated = not value, False
        if self.is_django:
            return Leaf(f"{column.name}={value}", negated=negated)
        how = "is_distinct_from" if negated else "is_"
        return Leaf(f"{self.entity}.{column.name}.{how}({value})", is_query=False)

    def _null(self, name: str, *, is_null: bool) -> Leaf:
        if self.is_django:
            return Leaf(f"{name}__isnull={is_null}")
        return Leaf(f"{self.entity}.{name}.{'is_' if is_null else 'isnot'}(None)", is_query=False)

    def _relation(self, node: ast.expr) -> str | None:
        """A foreign key of Django by the name of its row, which is there where the key is."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if (
                self.is_django and name == self.variable
            ):
                relation = self.model.relations.get(attr)
            case _:
                return None
        if relation is None or relation.many or relation.kind not in {"fk", "o2o"} or relation.column is None:
            return None
        target = self.scene.trace.machine.orm("django").by_key(relation.target)
        above = [] if target is None else self.scene.project.mro(target.cls)
        if target is None or any(isinstance(one, Class) and _ODD & one.scope.keys() for one in above):
            return None
        return attr


def row_reads(node: ast.AST, variable: str, /) -> bool:
    """Whether an expression reads the row."""
    return any(isinstance(one, ast.Name) and one.id == variable for one in ast.walk(node))


def _is_quiet(node: ast.expr) -> bool:
    """Whether asking for it once, where no row is, can do or break nothing."""
    return all(
        isinstance(
            one,
            (
                ast.Name,
                ast.Constant,
                ast.Attribute,
                ast.UnaryOp,
                ast.unaryop,
                ast.expr_context,
                ast.BoolOp,
                ast.boolop,
            ),
        )
        or (isinstance(one, ast.BinOp) and isinstance(one.op, (ast.Add, ast.Sub, ast.Mult)))
        or isinstance(one, (ast.Add, ast.Sub, ast.Mult))
        for one in ast.walk(node)
    )
