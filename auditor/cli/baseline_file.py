"""The earlier report that `--baseline` names: a file, or a git revision that is audited for it."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from auditor.cli.finished import Finished, find_finished
from auditor.cli.given_file import given_text
from auditor.cli.narration import Narration
from auditor.engine.baseline import EarlierReport, read_earlier
from auditor.engine.request import AuditRequest
from auditor.model.fault import Fault

_PATH_LIKE: Final = (".json", ".sarif", ".md")


def earlier_report(named: str, request: AuditRequest, narration: Narration, /) -> EarlierReport:
    """The report in the file `named`, or that of the revision `named` of the tree that `request` is about.

    Raises:
        Fault: it is neither, or can't be used.
    """
    file = Path(named)
    if file.is_dir():
        raise Fault(
            "is a folder, not a report",
            where=f"--baseline {named}",
            hint="name a JSON report or a git revision",
        )
    if file.exists():
        return read_earlier(given_text(file, what="a report"), source=named)
    if not named or named.startswith("-") or file.name.casefold().endswith(_PATH_LIKE):
        raise Fault(
            "there is no such file",
            where=f"--baseline {named}",
            hint="`auditor audit --format json --output FILE` writes a baseline",
        )
    return read_earlier(_audited(named, request, narration), source=named)


def _audited(revision: str, request: AuditRequest, narration: Narration) -> str:
    """The report of the revision, from the cache where it was audited before."""
    before = replace(request, ref=revision, endpoints=(), observation=None, baseline=None)
    try:
        found = find_finished(before)
    except Fault as fault:
        raise Fault(
            f"is neither a file nor a revision that can be audited: {fault.what}",
            where=f"--baseline {revision}",
            hint=fault.hint,
        ) from fault
    if isinstance(found, Finished):
        return found.report
    narration.say(f"auditing {revision} for the baseline")
    from auditor.cli.follow import follow  # noqa: PLC0415  builds the types of events

    return follow(before, narration, job=found).report
