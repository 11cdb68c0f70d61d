"""What trials are told in: gates, verdicts, and why something failed."""

from typing import Final, Literal, get_args

from pydantic import Field

from auditor.model.value import Value

GateName = Literal[
    "parse",
    "constraints",
    "policy",
    "boot",
    "contract",
    "side-effects",
    "counts",
    "tests",
    "latency",
    "scaling",
    "load",
]
GATE_NAMES: Final[tuple[GateName, ...]] = get_args(GateName)
"""In the order in which a change meets them."""

GateOutcome = Literal["passed", "failed", "refused", "void", "skipped"]
"""`failed`: the change is at fault. `refused`: it may not even be tried. `void`: something else went wrong (the database died, the
machine is too noisy), and nothing is said about the change. `skipped`: there was nothing to run, and the text says why."""

VerdictName = Literal["kept", "reverted", "refused", "void"]


class Gain(Value):
    """What one change gained by itself, against the known-good before it."""

    endpoint: str
    kind: str
    """A key of the vector: `sql`, `latency_ms`."""
    before: float
    after: float
    low: float | None = None
    """Of the difference, where it was estimated and not counted."""
    high: float | None = None


class GateResult(Value):
    """What one gate says of one candidate."""

    gate: GateName
    outcome: GateOutcome
    text: str
    """In one sentence, without a final full stop."""
    evidence: tuple[str, ...] = ()
    signature: str = ""
    """Equal for failures of the same cause: exception type and innermost frame, a difference's path and kind, a counter's name."""
    gains: tuple[Gain, ...] = ()
    """What it was seen to gain, by the gate that counts."""
    shown: tuple[str, ...] = ()
    """What a person is to look at although it stops nothing, a sentence each."""
    whole: bool = False
    """Whether the patch as a whole is at fault, so that no part of it is looked for: what gains nothing gains nothing in parts."""
    requests: tuple[str, ...] = ()
    """Ids of the workload at which it failed, where it was at requests."""
    at_once: bool = False
    """Whether these were sent eight at a time."""
    seconds: float = Field(default=0.0, ge=0)

    @property
    def lets_through(self) -> bool:
        """Whether the next gate is asked."""
        return self.outcome in {"passed", "skipped"}


class Verdict(Value):
    """How a trial ended."""

    verdict: VerdictName
    gate: GateName | None = None
    """The one that stopped it; None when it was kept."""
    text: str
    root_error: str = ""
    """The first error out of the whole log, where something ran and broke."""
    culprit: tuple[str, ...] = ()
    """The smallest part of the patch that was seen to fail, a line each."""
    gains: tuple[Gain, ...] = ()
    shown: tuple[str, ...] = ()
    """What the gates left for a person to look at."""
