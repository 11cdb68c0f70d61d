"""What is known of a statement once it has been read."""

from dataclasses import dataclass
from typing import Final, Literal

StatementKind = Literal["select", "insert", "update", "delete", "ddl", "other"]

Operator = Literal[
    "=", "in", "is null",
    "<", "<=", ">", ">=", "between", "prefix",
    "!=", "not in", "is not null", "pattern", "other",
]  # fmt: skip
"""`prefix`: LIKE with a beginning that is known; `pattern`: LIKE and its relatives otherwise."""

EQUALITIES: Final[frozenset[Operator]] = frozenset({"=", "in", "is null"})
RANGES: Final[frozenset[Operator]] = frozenset({"<", "<=", ">", ">=", "between", "prefix"})


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column, and the table it is read from; None where the text does not tell."""

    table: str | None
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A comparison of a column with something that is not a column of the statement."""

    table: str | None
    column: str
    operator: Operator
    wrapped_by: str | None = None
    """Function around the column, in small letters: an index on the bare column can't serve it."""
    required: bool = True
    """Every row has to pass it; False under an OR or a NOT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two columns that have to be equal."""

    left: ColumnUse
    right: ColumnUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """One step of an ORDER BY; without a column if it sorts by an expression or an alias of one."""

    table: str | None
    column: str | None
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement as far as its text tells. Names are as the database would see them, aliases resolved."""

    kind: StatementKind
    tables: tuple[str, ...] = ()
    """Real tables in order of appearance, subqueries included; names of CTEs left out."""
    filters: tuple[Filter, ...] = ()
    """Of the statement and its subqueries."""
    joins: tuple[Join, ...] = ()
    group_by: tuple[ColumnUse, ...] = ()
    order_by: tuple[Ordering, ...] = ()
    """Of the outermost SELECT, as are the fields below."""
    has_limit: bool = False
    limit: int | None = None
    """Rows at most, where it is written as a number."""
    selected: tuple[ColumnUse, ...] = ()
    star: bool = False
    """All columns of a table are selected."""
    aggregate: bool = False
    """An aggregate function is selected."""
    distinct: bool = False
    complete: bool = True
    """False: a hole stands where a table, a column or a clause may be, so there may be more than this."""

    @property
    def gives_one_row(self) -> bool:
        """Whether it can't give more than a row, whatever the data."""
        return self.limit == 1 or (self.aggregate and not self.group_by)

    def equality_columns(self, table: str) -> tuple[str, ...]:
        """Columns of `table` that every row must match exactly, in the order of the text."""
        return self._filtered(table, EQUALITIES)

    def range_columns(self, table: str) -> tuple[str, ...]:
        """Columns of `table` that every row must have within bounds, in the order of the text."""
        return self._filtered(table, RANGES)

    def _filtered(self, table: str, operators: frozenset[Operator]) -> tuple[str, ...]:
        usable = (f for f in self.filters if f.required and f.wrapped_by is None and f.operator in operators)
        return tuple(dict.fromkeys(f.column for f in usable if f.table == table))
