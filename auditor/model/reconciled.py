"""What an observation adds to a report: figures beside each endpoint, and what the trace did not know."""

from typing import Literal

from pydantic import Field

from auditor.model.effect import EffectKind
from auditor.model.numbers import Number
from auditor.model.value import Value
from auditor.model.vector import Vector


class Untraced(Value):
    """Something that requests did and the trace has not."""

    kind: EffectKind
    text: str
    """As in an observation: a statement's fingerprint, a URL, a template."""
    file: str
    line: int = Field(ge=0)
    """Of the innermost application frame; 0 and no file where there was none: a library did it on its own."""
    function: str
    observed: Number
    """How often one request did it."""


class EndpointMeasured(Value):
    """What the requests for one endpoint did, of those that may be used."""

    requests: tuple[str, ...]
    """Their ids."""
    vector: Vector
    """The mean over them, cold."""
    worst: Vector
    untraced: tuple[Untraced, ...] = ()
    """Seen and not traced, the most frequent first."""


class Measured(Value):
    """Where measured figures come from."""

    requests: int
    void: int = 0
    """Of them, those that may not be used."""
    witnessed: bool = False
    same_tree: bool | None = None
    """Whether the code that was measured is the code that was read; None when the observation does not say."""
    source: Literal["workload", "tests"] = "workload"
    """`workload`, or `tests` where the target's own tests sent the requests."""
    environment: dict[str, str] = Field(default_factory=dict)
    unreached: tuple[str, ...] = ()
    """Endpoints of the report that no usable request is for."""
    notes: tuple[str, ...] = ()
