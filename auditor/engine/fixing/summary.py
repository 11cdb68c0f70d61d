"""What a run came to: each change with its verdict, each endpoint before and after."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.engine.fixing.tried import change_results
from auditor.engine.modelling.unasked import without_model_words
from auditor.measure.counts import REPEATS
from auditor.model.result import Result

if TYPE_CHECKING:  # which is summed up
    from auditor.engine.fixing.run import Run


def summed_up(run: "Run", /, *, timed: Sequence[str] | None = None, once_before: bool = False) -> Result:
    """The result of `run` as it stands; `timed` endpoints are given their times, whatever the gates asked.

    With `once_before` the baseline is timed on one fresh server only.
    """
    ledger = run.recorder.ledger
    if timed is None:
        timed = _timed(run) if run.request.time else ()
    if timed:
        run.notes.step("timing endpoints before and after, cold")
    endpoints = run.target.judged(
        (run.baseline, run.player.counted(run.baseline, repeats=REPEATS)),
        (run.known_good, run.player.counted(run.known_good, repeats=REPEATS)),
        run.endpoint_by_request,
        wanted=run.wanted,
        timed=timed,
        once_before=once_before,
    )
    met = [one.target_met for one in endpoints if one.target_met is not None]
    return Result(
        run=run.recorder.run,
        target=str(run.request.audit.path),
        engine=run.player.world(run.baseline).engine,
        target_ms=run.target.aim.target_ms,
        target_met=all(met) if met else None,
        endpoints=endpoints,
        changes=change_results(ledger, run.ended),
        constraints=ledger.constraints,
        declined=tuple(sorted(run.agenda.declined.items())),
        notes=tuple(_notes(run)),
        transfers=run.agenda.transfers(run.wanted),
        model=run.model,
    )


def _notes(run: "Run") -> list[str]:
    notes = [*run.asking.notes, *run.test_notes]
    if run.stopped:
        notes.append(run.stopped)
    if not run.request.time:
        notes.append("no change was judged by time: counts and plans alone decided")
    if run.request.model is None and not run.given:
        notes.append(without_model_words(len(run.agenda.declined)))
    return notes


def _timed(run: "Run") -> tuple[str, ...]:
    """Endpoints of which the times are told: those with a target, those asked for, those that something was gained for."""
    if run.target.aim.target_ms is not None or run.request.audit.endpoints:
        return run.target.aim.endpoints
    return tuple(sorted({gain.endpoint for one in run.recorder.ledger.kept for gain in one.verdict.gains}))
