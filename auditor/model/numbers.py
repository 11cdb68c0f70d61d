"""A figure together with how it came about."""

from typing import Literal, Self

from pydantic import Field, model_validator

from auditor.model.value import Value


class Number(Value):
    """A figure that says whether it was measured, estimated or is unknown; an unknown one has no value."""

    value: float | None = None
    kind: Literal["measured", "estimated", "unknown"] = "unknown"
    n: int = Field(default=0, ge=0)
    """How many samples it stands on; 0 for an estimate."""
    low: float | None = None
    high: float | None = None
    basis: str = ""
    """What it was taken from, in words: `static cost of 3 terms`, `20 replays, cold`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.kind == "unknown") != (self.value is None):
            message = f"a {self.kind} number with value {self.value!r}"
            raise ValueError(message)
        if self.kind == "measured" and self.n == 0:
            message = "a measured number needs n >= 1"
            raise ValueError(message)
        return self
