"""What a witness saw."""

from dataclasses import dataclass
from typing import Final

_CONTROL: Final = frozenset({
    "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED",
    "SAVEPOINT", "RELEASE",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenStatement:
    """One statement that the server executed, or refused."""

    connection: int
    """Number of the connection, from 1, in the order in which they came."""
    text: str
    """As it was sent; of several in one message, all of them, and `part` says which."""
    part: int
    tag: str
    """What the server said it did: ``SELECT``, ``INSERT``, ``BEGIN``; empty for an error or an empty statement."""
    rows: int
    """Sent to the target."""
    affected: int
    """By the tag: what INSERT, UPDATE, DELETE and COPY touched; for SELECT what it gave."""
    bytes_in: int
    """Of the messages that asked for it, parameters included."""
    bytes_out: int
    """Of its rows."""
    began_s: float
    """When the message that asked for it came; `time.monotonic`."""
    ended_s: float
    error: str | None = None
    """SQLSTATE."""
    prepared: bool = False
    """Whether it was executed by the name of a statement that had been executed before."""
    continued: bool = False
    """Whether these are only further rows of one before."""

    @property
    def controls(self) -> bool:
        """Whether it only begins or ends a transaction or a part of one; of one that failed its first word says it."""
        return self.tag in _CONTROL or (
            not self.tag and self.text.strip().partition(" ")[0].upper() in _CONTROL
        )

    @property
    def begins(self) -> bool:
        """Whether it began a transaction."""
        return self.tag in {"BEGIN", "START TRANSACTION"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Running sums since the witness began: the difference of two is what happened between them."""

    queries: int = 0
    """Statements that don't just control a transaction, those refused included."""
    transactions: int = 0
    """Begun by a statement."""
    rows: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    connections: int = 0

    def with_statement(self, statement: SeenStatement) -> "Totals":
        """And one more."""
        return Totals(
            queries=self.queries + (not (statement.controls or statement.continued)),
            transactions=self.transactions + statement.begins,
            rows=self.rows + statement.rows,
            bytes_in=self.bytes_in + statement.bytes_in,
            bytes_out=self.bytes_out + statement.bytes_out,
            connections=self.connections,
        )

    def since(self, before: "Totals") -> "Totals":
        """What was added to `before`."""
        return Totals(
            queries=self.queries - before.queries,
            transactions=self.transactions - before.transactions,
            rows=self.rows - before.rows,
            bytes_in=self.bytes_in - before.bytes_in,
            bytes_out=self.bytes_out - before.bytes_out,
            connections=self.connections - before.connections,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What passed between two moments."""

    statements: tuple[SeenStatement, ...]
    """In the order of their ends."""
    connections: int
    """Opened between the two."""
    dropped: int = 0
    """Statements of the whole run that were too many to be kept: the window may lack them."""

    @property
    def queries(self) -> int:
        """Statements that don't just control a transaction, those refused included."""
        return sum(not (statement.controls or statement.continued) for statement in self.statements)

    @property
    def transactions(self) -> int:
        """Transactions that were begun by a statement."""
        return sum(statement.begins for statement in self.statements)

    @property
    def rows(self) -> int:
        """Sent to the target."""
        return sum(statement.rows for statement in self.statements)

    @property
    def bytes_in(self) -> int:
        """Sent by the target for statements."""
        return sum(statement.bytes_in for statement in self.statements)

    @property
    def bytes_out(self) -> int:
        """Of rows."""
        return sum(statement.bytes_out for statement in self.statements)
