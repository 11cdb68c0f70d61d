"""Which findings a playbook treats, and which playbook treats a finding."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.playbook import Playbook
from auditor.model.report import Finding


def treats(playbook: Playbook, finding: Finding, /) -> bool:
    """Whether the precondition holds for a finding; a playbook without rules is for whole endpoints."""
    return finding.rule in playbook.rules


def applicable(
    playbooks: Iterable[Playbook], findings: Iterable[Finding], /
) -> dict[str, tuple[Finding, ...]]:
    """Name of each playbook that applies → the findings it treats, in the order of the playbooks."""
    every = tuple(findings)
    matched = {one.name: tuple(f for f in every if treats(one, f)) for one in playbooks}
    return {name: found for name, found in matched.items() if found}
