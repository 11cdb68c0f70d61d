"""What was found, where it stands, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SURE: Final = 0.8
"""From here on a value is taken without a question."""


@dataclass(frozen=True, slots=True)
class Clue(Generic[T_co]):
    """A value that the tree gives."""

    value: T_co
    place: str
    """``file:line`` in the tree, or what else it was told by."""
    confidence: float
    """0 to 1: how often such a clue is what an engineer would have written, by experience."""
    note: str = ""
    """What was changed on the way, or what to know about it."""


def best(clues: Sequence[Clue[T]], /) -> Clue[T] | None:
    """The surest; of equally sure ones the first."""
    return max(clues, key=lambda clue: clue.confidence, default=None)
