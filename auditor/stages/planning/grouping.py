"""Findings that a senior engineer would treat in one commit, together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.model.report import Finding
from auditor.model.rule import RuleInfo
from auditor.stages.planning.remedies import remedy_for
from auditor.stages.planning.remedy import Remedy

Key = tuple[str | int, ...]
FILES = 2
"""Where the edit is made in the loops, one change spans at most so many files: what a general accessor is asked for in loops all
over a project is one cause by name alone, and nobody could review it, ship it or take it back at once."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The findings of one change, in source order, never empty; one remedy treats them all."""

    rule: RuleInfo
    remedy: Remedy
    findings: tuple[Finding, ...]

    @cached_property
    def functions(self) -> frozenset[tuple[str, str]]:
        """The (file, function) pairs at fault."""
        return frozenset((finding.file, finding.function) for finding in self.findings)


def group_findings(findings: Iterable[Finding], rules: Mapping[str, RuleInfo]) -> tuple[Group, ...]:
    """One group for each change, in source order; refuted findings are left out.

    Raises KeyError for a finding whose rule is not in `rules`.
    """
    by_key: dict[Key, list[Finding]] = {}
    for finding in sorted(findings, key=_source_order):
        if finding.status != "refuted":
            by_key.setdefault(_key(finding, rules[finding.rule]), []).append(finding)
    groups = (_group(found, rules) for found in by_key.values())
    return _merge_single_functions((part for group in groups for part in _shippable(group, rules)), rules)


def _shippable(group: Group, rules: Mapping[str, RuleInfo]) -> Iterable[Group]:
    """The group, or its parts by file where it is edited in more files than one change may span."""
    by_file: dict[str, list[Finding]] = {}
    for finding in group.findings:
        by_file.setdefault(finding.file, []).append(finding)
    if not group.remedy.edits_loops or len(by_file) <= FILES:
        return (group,)
    return (_group(found, rules) for found in by_file.values())


def _group(findings: Iterable[Finding], rules: Mapping[str, RuleInfo]) -> Group:
    ordered = tuple(sorted(findings, key=_source_order))
    rule = rules[ordered[0].rule]
    return Group(rule=rule, remedy=remedy_for(rule), findings=ordered)


def _source_order(finding: Finding) -> tuple[str, int, str]:
    return finding.file, finding.line, finding.id


def _key(finding: Finding, rule: RuleInfo) -> Key:
    remedy = remedy_for(rule)
    if remedy.sharing == "subject" and finding.subject:
        return remedy.name, "subject", finding.subject
    if remedy.sharing == "origin":
        origin = next((place for place in finding.related if place.role == "query"), None)
        if origin is not None:
            return remedy.name, "origin", origin.file, origin.line
    return remedy.name, "function", finding.file, finding.function


def _merge_single_functions(groups: Iterable[Group], rules: Mapping[str, RuleInfo]) -> tuple[Group, ...]:
    """Join groups of one remedy that lie in one and the same function.

    A group that spans several functions stays as it is: joining along shared functions would chain unrelated
    edits into one change nobody could review.
    """
    joined: dict[Key, list[Finding]] = {}
    for position, group in enumerate(groups):
        single = len(group.functions) == 1 and group.remedy.sharing == "origin"
        where: Key = next(iter(group.functions)) if single else (position,)
        joined.setdefault((group.remedy.name, *where), []).extend(group.findings)
    return tuple(_group(found, rules) for found in joined.values())
