"""What a run tells while it goes on: each trial, each gate that has something to say, each verdict, a line each on standard error."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from auditor.cli.command import Console
from auditor.model.constraint import Constraint, NoNewImport
from auditor.model.trial_events import (
    ChangeUndone,
    ConstraintLearnt,
    GateFinished,
    KnownGoodConfirmed,
    RunEvent,
    SentBack,
    TrialEnded,
    TrialStarted,
)

_STATIC: Final = ("parse", "constraints", "policy")
"""Gates that run nothing. That all of them were passed is one line."""


def teller(form: str, console: Console, /) -> Callable[[RunEvent], None]:
    """For `jsonl` the events themselves, on standard output."""
    lines = VerdictLines()

    def tell(event: RunEvent) -> None:
        if form == "jsonl":
            console.output.write(event.model_dump_json(by_alias=True))
            return
        for line in lines.of(event):
            console.narration.say(line)
        if console.narration.is_terminal and isinstance(event, TrialStarted):
            console.narration.progress(f"trying {event.change}: {event.data.title}", 0, None)

    return tell


class VerdictLines:
    """The lines of one run; what is skipped for the same reason every time is said once."""

    def __init__(self) -> None:
        self._skipped: set[str] = set()
        self._began: datetime | None = None

    def of(self, event: RunEvent, /) -> list[str]:
        """Those of one event, in order."""
        match event:
            case TrialStarted():
                self._began = event.time
            case GateFinished(data=result) if result.outcome == "skipped":
                known = f"{result.gate}: {result.text}" in self._skipped
                self._skipped.add(f"{result.gate}: {result.text}")
                return [] if known else _lines(event)
            case TrialEnded(data=data):
                took = f", {(event.time - self._began).total_seconds():.0f} s" if self._began else ""
                return [
                    *(f"  culprit: {line}" for line in data.verdict.culprit),
                    f"  {data.verdict.verdict}{took}",
                ]
            case _:
                pass
        return _lines(event)


def _lines(event: RunEvent) -> list[str]:
    match event:
        case TrialStarted(data=data, change=change):
            again = f", attempt {data.attempt}" if data.attempt > 1 else ""
            return [f"{change}{again}: {data.title}"]
        case GateFinished(data=result) if result.outcome != "passed":
            return [f"  {result.gate}: {result.outcome}: {result.text}"]
        case GateFinished(data=result) if result.gate in _STATIC:
            return [f"  {', '.join(_STATIC)}: passed"] if result.gate == _STATIC[-1] else []
        case GateFinished(data=result):
            return [f"  {result.gate}: {result.text}"]
        case ConstraintLearnt(data=data):
            return [f"  learnt: {_rule(data.constraint)}: {data.constraint.because}"]
        case ChangeUndone(data=data, change=change):
            return [f"{change} is taken out: {data.because}"]
        case KnownGoodConfirmed(data=data):
            return [f"known-good stands before the whole workload, {data.requests} requests"]
        case SentBack(data=data):
            aside = f", and {', '.join(data.set_aside)} comes last" if data.set_aside else ""
            return [f"{len(data.failures)} changes in a row came to nothing: the tree is read anew{aside}"]
        case _:
            return []


def _rule(constraint: Constraint) -> str:
    rule = constraint.rule
    if isinstance(rule, NoNewImport):
        return f"{rule.kind} of {', '.join(rule.modules) or 'anything'}"
    return rule.kind
