"""From a group of findings to the change that treats it, with its worth."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from auditor.model.plan import Change, Effort
from auditor.model.report import Endpoint, Size
from auditor.model.severity import Severity
from auditor.stages.planning.expected import expected_texts, pays, stakes_on
from auditor.stages.planning.gain import may_be_spared, reach_of, removed_weight, waited_for, worth
from auditor.stages.planning.grouping import Group
from auditor.stages.planning.observed import not_seen_words, observed_counts, seen_words
from auditor.stages.planning.wording import doubts, filled, steps, unique, verification, why, words_for

_WIDER: dict[Effort, Effort] = {"small": "medium", "medium": "large", "large": "large"}
WIDE = 4
"""A change that touches so many functions takes more effort than its remedy usually does."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A change that has no place in the order yet."""

    change: Change
    group: Group
    worth: float
    is_sure: bool = False
    """Whether observation confirmed it, and it is no small matter."""
    is_waited_for: bool = False
    """Whether somebody waits for a request that pays, and it is no small matter."""


def draft_change(
    group: Group,
    *,
    change_id: str,
    endpoints: Mapping[str, Endpoint],
    sizes: Mapping[str, Size],
    weights: Mapping[str, float],
    unreached: Collection[str] = (),
) -> Draft:
    """The change that treats `group`; `endpoints` and their `weights` by id, `sizes` by name.

    `unreached` are the endpoints without a usable request, where something was measured.
    """
    reached = tuple(sorted({name for finding in group.findings for name in finding.endpoints}))
    worst = _worst(group, [endpoints[name] for name in reached if name in endpoints], sizes, weights)
    stakes = stakes_on(group, worst)
    words = words_for(group, worst=worst, endpoints=reached)
    observed = observed_counts(group.findings)
    measured = seen_words(group.findings) or not_seen_words(group.findings, unreached)
    effort = _WIDER[group.remedy.effort] if len(group.functions) >= WIDE else group.remedy.effort
    change = Change(
        id=change_id,
        title=filled(group.remedy.title, words),
        endpoints=_first(worst.id if worst else None, reached),
        findings=tuple(finding.id for finding in group.findings),
        files=_files(group),
        expected=expected_texts(stakes, group.remedy),
        observed=observed,
        why=" ".join(filter(None, [why(group, stakes, worst=worst), measured])),
        steps=steps(group, words),
        effort=effort,
        risk=filled(group.remedy.risk, words),
        could_be_wrong=doubts(group, words),
        playbook=next(
            iter(unique(finding.playbook or "" for finding in group.findings)), group.rule.playbook
        ),
        verify=verification(group.remedy, words),
        rollback=filled(group.remedy.rollback, words),
    )
    sure = any(finding.status == "confirmed" for finding in group.findings)
    value = worth(
        stakes,
        reach=reach_of(group.findings, [endpoints[name] for name in reached if name in endpoints]),
        confidence=1.0 if sure else max(finding.confidence for finding in group.findings),
        severity=max((finding.severity for finding in group.findings), key=lambda severity: severity.rank),
        effort=effort,
        sizes=sizes,
        observed=observed,
    )
    return Draft(
        change=change,
        group=group,
        worth=value,
        is_sure=_is_sure(group),
        is_waited_for=worst is not None and waited_for(worst) == 1.0 and _is_serious(group),
    )


def _is_serious(group: Group) -> bool:
    return any(f.severity.at_least(Severity.MEDIUM) for f in group.findings)


def _is_sure(group: Group) -> bool:
    return any(f.status == "confirmed" and f.severity.at_least(Severity.MEDIUM) for f in group.findings)


def _worst(
    group: Group, endpoints: Sequence[Endpoint], sizes: Mapping[str, Size], weights: Mapping[str, float]
) -> Endpoint | None:
    """The endpoint to name: one that pays, rather a request than a task, rather surely than under a condition.

    Among such the one that loses most by it, then the costliest, then the first by name.
    """
    terms = [finding.cost_term for finding in group.findings if finding.cost_term is not None]

    def pain(endpoint: Endpoint) -> tuple[bool, float, bool, float, float]:
        own = [
            finding.cost_term
            for finding in group.findings
            if finding.cost_term is not None and endpoint.id in finding.endpoints
        ]
        paid = [term for term in own if pays(endpoint, term)]
        removed = sum(removed_weight(stake, sizes) for stake in stakes_on(group, endpoint))
        return (
            bool(paid) or not terms,
            waited_for(endpoint),
            not any(may_be_spared(endpoint, term) for term in paid),
            removed,
            weights[endpoint.id],
        )

    return max(sorted(endpoints, key=lambda endpoint: endpoint.id), key=pain, default=None)


def _first(worst: str | None, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name != worst, name)))


def _files(group: Group) -> tuple[str, ...]:
    """Where the edit is made: the functions at fault, and the query their rows come from."""
    origins = {place.file for finding in group.findings for place in finding.related if place.role == "query"}
    return tuple(sorted(origins | {finding.file for finding in group.findings}))
