"""How a question ended: with data, or without and why; either way with its bill."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, Literal

from auditor.llm.exchange import OutputT
from auditor.llm.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a question took, all its calls together: repairs, and calls that broke off."""

    usage: Usage = field(default_factory=Usage)
    usd: Decimal | None = Decimal(0)
    """None when the price of any of it is unknown; never 0 for that."""
    calls: int = 0
    """That were sent."""

    def __add__(self, other: "Bill") -> "Bill":
        """Both together."""
        known = self.usd is not None and other.usd is not None
        return Bill(
            usage=self.usage + other.usage,
            usd=(self.usd or Decimal(0)) + (other.usd or Decimal(0)) if known else None,
            calls=self.calls + other.calls,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Generic[OutputT]):
    """The data, which its model and the asker's own check have accepted."""

    data: OutputT
    text: str
    """The answer as it came, for `Request.followed_by`."""
    bill: Bill
    repairs: int = 0
    """How often the model had to be told what was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """There is no data, and nothing of the text may be used."""

    reason: Literal["truncated", "refused", "invalid"]
    """Cut at `max_tokens` or at the model's window; the model or the service would not; not what was asked for,
    also after the repairs."""
    detail: str
    """For a person: the words of the refusal, the problems found last."""
    text: str
    bill: Bill
    repairs: int = 0


Answer = Answered[OutputT] | Unanswered
