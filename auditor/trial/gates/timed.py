"""What the gates that take time go by, and the words for what it says: `latency`, `scaling` and, in part, `load`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from auditor.execution.boot import NotBooted
from auditor.measure.latency import Question
from auditor.model.trial import GateName, GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.concerned import Concerned
from auditor.trial.timing import Timed, Timing
from auditor.trial.trees import Tree
from auditor.trial.winnings import Won

WinningsOf = Callable[[Candidate, Tree], Won]
ConcernedBy = Callable[[Candidate, Tree], tuple[Concerned, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """On which data time is taken, for which requests, and what a change has won without it."""

    small: Timing
    full: Timing
    """The same as `small` where there is one scale."""
    known_good: Callable[[], Tree]
    winnings: WinningsOf
    concerned: ConcernedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What timing says of one endpoint's request."""

    endpoint: str
    request: str
    question: Question
    timed: Timed

    @property
    def line(self) -> str:
        """For a person."""
        verdict, ratio = self.timed.verdict, self.timed.verdict.ratio
        what = f"`{self.request}` of {self.endpoint}"
        if verdict.verdict == "too noisy":
            return f"{what} was not timed: {verdict.reason}"
        word = (
            f"not shown to be {_SOUGHT[self.question]}"
            if verdict.verdict == "undecided"
            else _WORDS[verdict.verdict]
        )
        if ratio.value is None:
            return f"{what} is {word}: {verdict.reason}"
        how = f"{ratio.value:.2f} of the time ({ratio.low} to {ratio.high}, {ratio.basis})"
        return f"{what} is {word}: {how}; {verdict.reason}"


_WORDS: Final = {"faster": "faster", "slower": "slower", "no harm": "not slower"}
_SOUGHT: Final[dict[Question, str]] = {"faster": "faster", "harm": "slower"}


def judged(
    gate: GateName, said: list[Said], /, *, demanded: bool, scale: int, ledger: bool, left_out: int = 0
) -> GateResult:
    """The gate's word from what timing says of each request; with `ledger` its gains are those that the ledger keeps."""
    lines = tuple(one.line for one in said)
    slower = [one for one in said if one.timed.verdict.verdict == "slower"]
    faster = [one for one in said if one.timed.verdict.verdict == "faster"]
    noisy = [one for one in said if one.timed.verdict.verdict == "too noisy"]
    at = f" at scale {scale}"
    more = f"; {left_out} more endpoints were not timed" if left_out else ""
    if slower:
        return GateResult(
            gate=gate, outcome="failed", text=f"{slower[0].line}{at}", evidence=lines, whole=True,
            signature=f"{gate}:slower:{slower[0].endpoint}",
        )  # fmt: skip
    if demanded and not faster:
        if noisy:
            return GateResult(
                gate=gate, outcome="void", text=f"{noisy[0].timed.verdict.reason}{at}", evidence=lines
            )
        text = f"no count fell, and {lines[0] if lines else 'nothing could be timed'}{at}"
        return GateResult(
            gate=gate, outcome="failed", text=text, evidence=lines, whole=True, signature=f"{gate}:no gain"
        )
    gains = (
        tuple(gain for one in said if (gain := one.timed.gain(one.endpoint)) is not None) if ledger else ()
    )
    text = (faster or said)[0].line if said else "nothing could be timed"
    return GateResult(gate=gate, outcome="passed", text=f"{text}{at}{more}", evidence=lines, gains=gains)


def not_booted(gate: GateName, fault: NotBooted, seconds: float, /) -> GateResult:
    """It came up at the scale of the contract, and does not at this one."""
    root = fault.report.root_error
    return GateResult(
        gate=gate, outcome="failed", text=str(root) if root else fault.report.text, signature=f"{gate}:not booted",
        evidence=tuple(root.excerpt.splitlines()[-40:]) if root else (fault.report.text,), whole=True, seconds=seconds,
    )  # fmt: skip
