"""What every gate gives back."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

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


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What one gate says of one candidate."""

    gate: GateName
    outcome: Literal["passed", "failed", "refused", "void", "skipped"]
    """`failed`: the change is at fault. `refused`: it may not even be tried. `void`: something else went wrong (the database died, the
    machine is too noisy), and nothing is said about the change. `skipped`: there was nothing to run, and `text` says why."""
    text: str
    """In one sentence, without a final full stop."""
    evidence: tuple[str, ...] = ()
    signature: str = ""
    """Equal for failures of the same cause: exception type and the innermost frame, a difference's path and kind, a counter's name."""
    seconds: float = 0.0

    @property
    def lets_through(self) -> bool:
        """Whether the next gate is asked."""
        return self.outcome in {"passed", "skipped"}
