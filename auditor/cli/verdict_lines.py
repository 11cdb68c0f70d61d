"""What a run tells while it goes on: each trial, each gate, each verdict, a line each on standard error."""

from collections.abc import Callable

from auditor.cli.command import Console
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


def teller(form: str, console: Console, /) -> Callable[[RunEvent], None]:
    """For `jsonl` the events themselves, on standard output."""

    def tell(event: RunEvent) -> None:
        if form == "jsonl":
            console.output.write(event.model_dump_json(by_alias=True))
            return
        for line in _lines(event):
            console.narration.say(line)

    return tell


def _lines(event: RunEvent) -> list[str]:
    match event:
        case TrialStarted(data=data, change=change):
            return [f"{change}, attempt {data.attempt}: {data.title}"]
        case GateFinished(data=result) if result.outcome != "passed":
            return [f"  {result.gate}: {result.outcome}: {result.text}"]
        case GateFinished(data=result):
            return [f"  {result.gate}: {result.text}"]
        case TrialEnded(data=data):
            return [*(f"  culprit: {line}" for line in data.verdict.culprit), f"  {data.verdict.verdict}"]
        case ConstraintLearnt(data=data):
            return [f"  learnt: {data.constraint.rule.kind}: {data.constraint.because}"]
        case ChangeUndone(data=data, change=change):
            return [f"{change} is taken out: {data.because}"]
        case KnownGoodConfirmed(data=data):
            return [f"known-good stands before the whole workload, {data.requests} requests"]
        case SentBack(data=data):
            aside = f", and {', '.join(data.set_aside)} comes last" if data.set_aside else ""
            return [f"{len(data.failures)} changes in a row came to nothing: the tree is read anew{aside}"]
        case _:
            return []
