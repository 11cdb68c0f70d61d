"""A stretch of a file, and what it matters for."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["function", "model", "head", "template"]
"""`head` is the imports and constants of a module, or what a class says before its methods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Lines of a file, 1-based and inclusive."""

    file: str
    first: int
    last: int
    name: str
    """Dotted, for a person and to be asked for."""
    role: Role
    weight: float = 0.0
    """How much of the endpoint's cost goes through it; the piece with more is shown first."""
    marks: tuple[int, ...] = ()
    """Lines that matter most in it: calls on the way to an effect, effects, findings."""

    def holds(self, other: "Piece", /) -> bool:
        """Whether `other` lies inside it."""
        return self.file == other.file and self.first <= other.first and other.last <= self.last
