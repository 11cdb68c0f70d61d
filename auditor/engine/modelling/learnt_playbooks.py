"""The playbooks that runs on one target were distilled into: which rules one treats, and which ones an endpoint begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.stages.playbook.shelf import playbooks_in

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.report import Report
    from auditor.stages.judging import Judged

PLAYBOOKS: Final = "playbooks"
"""Their folder, beside what the target's runs have learnt."""
_MOST: Final = 2


def playbook_for(shelf: Path, endpoint: str, report: Report, /) -> str:
    """The newest that treat a rule found on `endpoint`, as one text."""
    rules = {one.rule for one in report.findings if endpoint in one.endpoints}
    learnt = [one for one in playbooks_in(shelf) if not one.rules or rules.intersection(one.rules)]
    return "\n".join(one.body for one in sorted(learnt, key=lambda one: one.learnt_from)[-_MOST:])


def treated_rules(judged: Judged, /) -> tuple[str, ...]:
    """The rules whose findings the endpoint's plan treats."""
    rules = {finding.id: finding.rule for finding in judged.findings}
    treated = (name for _, change in judged.planned.changes for name in change.findings)
    return tuple(sorted({rules[name] for name in treated if name in rules}))
