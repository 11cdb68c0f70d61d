"""The passes of an audit, in the order in which they run: this is the whole way from a tree to a report."""

import auditor.trace
from auditor.engine.request import Job, Notes
from auditor.engine.selection import check_rules, matching_endpoints
from auditor.frameworks import discover
from auditor.index.build import build_index
from auditor.model.report import Finding, Report
from auditor.report.build import build_report
from auditor.rules import rule_infos, run_rules
from auditor.stages.plan import make_plan


def analyse(job: Job, notes: Notes, /) -> Report:
    """Reads the tree, follows every endpoint to its effects, judges what was found, and plans."""
    request, settings = job.request, job.settings
    rules = rule_infos()
    known = [rule.id for rule in rules]
    check_rules(request.select, known, where="--rule")
    check_rules(request.ignore, known, where="--ignore")
    check_rules(settings.rules_named, known, where="auditor.toml")

    notes.stage("analyze")
    notes.step("reading files")
    index = build_index(job.snapshot, jobs=request.jobs, cache_dir=request.cache_dir, progress=notes.progress)
    notes.step("looking for endpoints")
    entries = discover(index)
    if request.endpoints:
        wanted = matching_endpoints(request.endpoints, [entry.id for entry in entries])
        entries = tuple(entry for entry in entries if entry.id in wanted)
    notes.step("following calls")
    trace = auditor.trace.analyse(index, entries, notes.progress)
    notes.step("judging")
    findings = run_rules(
        trace, select=request.select or settings.select, ignore=(*settings.ignore, *request.ignore)
    )
    if request.endpoints:
        findings = tuple(finding for finding in findings if finding.endpoints)
    findings = _with_severities(findings, job)

    notes.stage("plan")
    plan = make_plan(
        findings=findings,
        endpoints=trace.endpoints,
        sizes=trace.sizes,
        rules=rules,
        target_ms=request.target_ms or settings.target_ms,
        coverage=trace.coverage,
    )
    return build_report(
        target=trace.target,
        coverage=trace.coverage,
        endpoints=trace.endpoints,
        findings=findings,
        sizes=trace.sizes,
        plan=plan,
        rules=rules,
    )


def _with_severities(findings: tuple[Finding, ...], job: Job) -> tuple[Finding, ...]:
    """The severities that the target's settings give to rules, in place of the rules' own."""
    chosen = dict(job.settings.severities)
    return tuple(
        finding.model_copy(update={"severity": chosen[finding.rule]}) if finding.rule in chosen else finding
        for finding in findings
    )
