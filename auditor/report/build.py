"""Putting a report together, in an order that does not depend on how the parts were found."""

from collections.abc import Iterable, Mapping

from auditor.model.plan import Plan
from auditor.model.report import Coverage, Endpoint, Finding, Report, Size, Target
from auditor.model.rule import RuleInfo


def build_report(
    *,
    target: Target,
    coverage: Coverage,
    endpoints: Iterable[Endpoint],
    findings: Iterable[Finding],
    sizes: Mapping[str, Size],
    plan: Plan,
    rules: Iterable[RuleInfo] = (),
) -> Report:
    """Everything one audit knows; of `rules`, those that a finding names."""
    found = tuple(sorted((_ordered(finding) for finding in findings), key=_source_order))
    named = {finding.rule for finding in found}
    return Report(
        target=target,
        coverage=coverage.model_copy(
            update={
                "unparsed": tuple(sorted(coverage.unparsed, key=lambda entry: (entry.file, entry.reason)))
            }
        ),
        sizes=dict(sorted(sizes.items())),
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: (endpoint.id, endpoint.handler))),
        findings=found,
        rules=tuple(sorted((rule for rule in rules if rule.id in named), key=lambda rule: rule.id)),
        plan=plan,
    )


def _ordered(finding: Finding) -> Finding:
    return finding.model_copy(update={"endpoints": tuple(sorted(set(finding.endpoints)))})


def _source_order(finding: Finding) -> tuple[str, int, str, str]:
    return finding.file, finding.line, finding.rule, finding.id
