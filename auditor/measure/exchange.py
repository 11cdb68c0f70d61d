"""A request with all that is known of how it went."""

from dataclasses import dataclass

from auditor.measure.answer import Answer
from auditor.measure.records import ProbeRecord
from auditor.measure.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What the database's side counted: it does not depend on the probe."""

    statements: int
    transactions: int

    def since(self, before: "Witnessed", /) -> "Witnessed":
        """What came after `before`."""
        return Witnessed(
            statements=self.statements - before.statements,
            transactions=self.transactions - before.transactions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request, its answer, and what the probe and the witness saw of it."""

    request: Request
    answer: Answer
    record: ProbeRecord | None = None
    """With what it did late. None when the probe was off, or when the record did not come: then `lost`."""
    lost: bool = False
    """A record was waited for in vain. That is a failure and not a zero."""
    witnessed: Witnessed | None = None
    """Only where requests are sent one at a time past a witness."""
