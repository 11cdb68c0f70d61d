"""How the changes of a run ended, as its result tells them."""

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.model.result import ChangeResult
from auditor.model.trial import Verdict
from auditor.trial.ledger import Ledger
from auditor.trial.totals import running_totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is remembered of one change beside what the ledger holds."""

    title: str
    verdict: Verdict
    finding: str = ""
    """The finding that it treats."""
    codemod: str = ""


def change_results(ledger: Ledger, ended: Mapping[str, Tried], /) -> tuple[ChangeResult, ...]:
    """Those that failed, those that were kept, and those that were refused without a run; `ended` is of this process alone."""
    listed = [(one.change, _title(one.change, ledger, ended), one.verdict) for one in ledger.failed]
    listed += [(one.change, one.title, one.verdict) for one in ledger.kept]
    known = {change for change, _, _ in listed}
    listed += [(change, one.title, one.verdict) for change, one in ended.items() if change not in known]
    totals = running_totals([(one.change, one.verdict.gains) for one in ledger.kept])
    return tuple(
        ChangeResult(
            id=change,
            title=title,
            verdict=verdict.verdict,
            gate=verdict.gate,
            root_error=verdict.root_error,
            culprit=verdict.culprit,
            text=verdict.text,
            attempts=ledger.attempts(change),
            finding=ended[change].finding if change in ended else "",
            codemod=ended[change].codemod if change in ended else "",
            gain=verdict.gains,
            total=totals.get(change, ()) if verdict.verdict == "kept" else (),
            shown=verdict.shown,
        )
        for change, title, verdict in listed
    )


def _title(change: str, ledger: Ledger, ended: Mapping[str, Tried]) -> str:
    """Of one that failed: as it was tried in this process, else as what was left of it was kept, else its id."""
    if change in ended:
        return ended[change].title
    return next((one.title for one in ledger.kept if one.change == change), change)
