"""One way in which something no longer does what the contract says, and how a person reads it."""

from typing import Literal

from pydantic import Field

from auditor.measure.contract.comparing import What
from auditor.model.text import code
from auditor.model.value import Value

Part = Literal["request", "status", "headers", "body", "effects", "deferred", "database", "freshness"]


class Difference(Value):
    """A difference at one place, or at the like places of a list together."""

    request: str | None = None
    """Id in the workload; None for what is left behind at the end."""
    part: Part
    what: What | Literal["vanished", "stale", "ending", "form"]
    """`vanished`: a request, its answer or its observation is not there. `stale`: what was written is not read.
    `ending`: no whole answer came. `form`: a body of another form (no JSON any more)."""
    place: str = "$"
    """Within the part; `[*]` for several items of a list."""
    before: str = ""
    """Shortened for reading, as are all of them."""
    after: str = ""
    count: int = Field(default=1, ge=1)
    """At how many places."""
    first: str = ""
    """The first of them, where there are several."""
    allowed: str = ""
    """Why it is no failure: what was declared. Empty for a failure."""

    def sentence(self) -> str:
        """For a person; names between backticks."""
        subject = f"{code(self.request)}: " if self.request is not None else ""
        places = f" (at {self.count} places, first {code(self.first)})" if self.count > 1 else ""
        declared = f" – declared: {self.allowed}" if self.allowed else ""
        return f"{subject}{self._said()}{places}{declared}"

    def _said(self) -> str:
        thing, before, after = self._thing(), code(self.before), code(self.after)
        match self.what:
            case "vanished" | "ending":
                return f"{self.before}, and now {self.after}"
            case "stale":
                return f"still reads as before {before}: what was written is not read"
            case "form":
                return f"the body was {before} and is {after}"
            case "missing":
                return f"{thing} is missing, it was {before}"
            case "extra":
                return f"{thing} is new: {after}"
            case "order":
                return f"{thing} holds the same items in another order"
            case "fewer":
                return f"{thing} lacks {before}"
            case "more":
                return f"{thing} has {after} too many"
            case _:
                return f"{thing} was {before} and is {after}"

    def _thing(self) -> str:
        if self.part == "status":
            return "the status"
        name = {"headers": "header", "body": "", "effects": "effect", "deferred": "later effect"}.get(
            self.part, self.part
        )
        return f"{name} {code(self.place)}".strip()


def failures(differences: tuple[Difference, ...], /) -> tuple[Difference, ...]:
    """Those that were not declared."""
    return tuple(difference for difference in differences if not difference.allowed)
