"""What somebody who looks on is told while a question is answered."""

from collections.abc import Callable
from dataclasses import dataclass

from auditor.llm.exchange import Event


@dataclass(frozen=True, slots=True)
class Retrying:
    """A call broke off and is made again."""

    why: str
    pause_s: float


@dataclass(frozen=True, slots=True)
class Repairing:
    """The answer can't be used, and the model is told why."""

    problems: tuple[str, ...]


Seen = Event | Retrying | Repairing
Watch = Callable[[Seen], None]


def nobody(_: Seen, /) -> None:
    """For when nobody looks on."""
