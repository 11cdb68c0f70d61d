"""What every engine offers a world."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from auditor.execution.databases.access import Access
from auditor.execution.databases.tables import NewRow, Refused, Table
from auditor.execution.supervised import Relay

Row = Mapping[str, object]
"""Column and value, as JSON has them."""
Rows = Mapping[str, Sequence[Row]]
"""Rows by table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the target finds its database, inside: the placeholders of its settings and their values."""

    values: Mapping[str, str]
    relays: tuple[Relay, ...] = ()
    """From its port to the database's socket."""


class Database(Protocol):
    """One database of one world. The target must not run while it is set back."""

    @property
    def name(self) -> str:
        """The engine with its version."""

    @property
    def is_users(self) -> bool:
        """Whether the data is the user's own: it is not seeded, and nothing of it outlives the run."""

    @property
    def place(self) -> Place:
        """Where the target finds it."""

    def start_empty(self) -> None:
        """Makes an empty one."""

    def mark(self) -> None:
        """Makes what it holds now the template."""

    def store(self, folder: Path, /) -> None:
        """Writes the template to the new folder `folder`; what it holds is the template again."""

    def take(self, folder: Path, /) -> None:
        """Instead of `start_empty`: makes what `store` wrote the template and the present state."""

    def reset(self) -> None:
        """Back to the template."""

    def dump(self) -> dict[str, tuple[Row, ...]]:
        """Every row by table, in an order that depends on the rows alone."""

    def mark_of_state(self) -> str:
        """The same as before only where nothing at all was written in between; another one may also be nothing's doing."""

    def indexes(self) -> frozenset[str]:
        """What makes each index that there is now."""

    def tables(self) -> tuple[Table, ...]:
        """What is declared of each table."""

    def put_rows(self, rows: Sequence[NewRow], /) -> tuple[Refused, ...]:
        """Puts rows into the template, which is its state then; those that it does not take are given back.

        Not for data that is the user's own.
        """

    def take_rows(self, rows: Sequence[NewRow], /) -> None:
        """Takes rows that were put out of the template again, which is its state then."""

    def empty(self, tables: Sequence[str], /) -> bool:
        """Takes every row of these tables out of the template, which is its state then, in this order; False, and all rows stay, where one may not go.

        Not for data that is the user's own.
        """

    def add_indexes(self, statements: Collection[str], /) -> bool:
        """Makes indexes, by what `indexes` told of another one of its kind, in the template, which is its state then.

        False, and none is made, where one can't be. Not for data that is the user's own.
        """

    def explain(self, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
        """How it would go about each statement that only reads; those that it can't plan are left out. Nothing is run."""

    def check(self) -> None:
        """`Fault` when it has died: what was measured since is void."""

    def close(self) -> None:
        """Ends what was started."""


class NoDatabase:
    """For a target that stores nothing."""

    name = "none"
    is_users = False
    place = Place(values={})

    def start_empty(self) -> None:
        """Nothing."""

    def mark(self) -> None:
        """Nothing."""

    def store(self, folder: Path, /) -> None:
        folder.mkdir(mode=0o700)

    def take(self, folder: Path, /) -> None:
        """Nothing."""

    def reset(self) -> None:
        """Nothing."""

    def dump(self) -> dict[str, tuple[Row, ...]]:
        return {}

    def mark_of_state(self) -> str:
        return ""

    def indexes(self) -> frozenset[str]:
        return frozenset()

    def tables(self) -> tuple[Table, ...]:
        return ()

    def put_rows(self, rows: Sequence[NewRow], /) -> tuple[Refused, ...]:
        return tuple(Refused(row=row, reason="there is no database") for row in rows)

    def take_rows(self, rows: Sequence[NewRow], /) -> None:
        """Nothing."""

    def empty(self, tables: Sequence[str], /) -> bool:
        return not tables

    def add_indexes(self, statements: Collection[str], /) -> bool:
        return not statements

    def explain(self, _statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
        return {}

    def check(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
