"""The passes of an audit, in the order in which they run: this is the whole way from a tree to a report."""

from dataclasses import dataclass

from auditor.engine.as_asked import as_asked, ignored_rules, selected_rules
from auditor.engine.collecting import no_collection
from auditor.engine.coverage import coverage_of, target_of
from auditor.engine.request import Job, Notes
from auditor.engine.selection import check_rules, matching_endpoints
from auditor.engine.suppression import silence
from auditor.frameworks import discover, finders
from auditor.index.build import build_index
from auditor.knowledge.load import load
from auditor.model.report import Report
from auditor.model.stumbles import Stumbles
from auditor.repo.churn import read_churn
from auditor.report.build import build_report
from auditor.rules import rule_infos, run_rules
from auditor.rules.scene import Scene
from auditor.stages.plan import make_plan
from auditor.trace import endpoints as told
from auditor.trace.analysis import analyse as follow_calls
from auditor.trace.semantics import semantics_of


@dataclass(frozen=True, slots=True)
class Examined:
    """A report, and the trace that it was made of, for those who change what was found."""

    report: Report
    scene: Scene


def analyse(job: Job, notes: Notes, /) -> Report:
    """Reads the tree, follows every endpoint to its effects, judges what was found, and plans."""
    return examine(job, notes).report


@no_collection()
def examine(job: Job, notes: Notes, /) -> Examined:
    """As `analyse`, with the trace."""
    request, settings, snapshot = job.request, job.settings, job.snapshot
    rules = rule_infos()
    known = [rule.id for rule in rules]
    check_rules(request.select, known, where="--rule")
    check_rules(request.ignore, known, where="--ignore")
    check_rules(settings.rules_named, known, where="auditor.toml")

    notes.stage("analyze")
    notes.step("reading files")
    index = build_index(snapshot, jobs=request.jobs, cache_dir=request.cache_dir, progress=notes.progress)
    for warning in index.warnings:
        notes.warn(warning)
    notes.step("looking for endpoints")
    stumbles = Stumbles(go_on=True)
    entries = discover(index.project, stumbles)
    if request.endpoints:
        wanted = matching_endpoints(request.endpoints, [entry.id for entry in entries])
        entries = tuple(entry for entry in entries if entry.id in wanted)
    notes.step("following calls")
    knowledge = load()
    trace = follow_calls(
        index.project,
        entries,
        knowledge=knowledge,
        semantics=semantics_of(index),
        progress=notes.progress,
        stumbles=stumbles,
    )
    trace.settle()
    scene = Scene(trace, knowledge, history=lambda: read_churn(snapshot.root, snapshot.commit))
    endpoints, sizes = told.endpoints(trace, scene.costs)
    notes.step("judging")
    found = as_asked(
        run_rules(scene, select=selected_rules(job), ignore=ignored_rules(job), stumbles=stumbles), job
    )
    judged = silence(found, index.ignores, snapshot, rules=known)
    coverage = coverage_of(
        snapshot,
        index.coverage,
        endpoints,
        judged,
        unreached_effects=told.unreached_effects(trace),
        stumbles=stumbles.met,
        looked_for=sorted(finder.__module__.rpartition(".")[2].replace("_", " ") for finder in finders()),
    )
    if stumbles.met:
        notes.warn(
            f"what could not be looked at for {'a fault' if len(stumbles.met) == 1 else f'{len(stumbles.met)} faults'} of "
            "auditor's own stands at the report's end, among what was not looked at: please report it"
        )

    notes.stage("plan")
    plan = make_plan(
        findings=judged.kept,
        endpoints=endpoints,
        sizes=sizes,
        rules=rules,
        target_ms=request.target_ms or settings.target_ms,
        coverage=coverage,
    )
    report = build_report(
        target=target_of(job),
        coverage=coverage,
        endpoints=endpoints,
        findings=judged.kept,
        sizes=sizes,
        plan=plan,
        rules=rules,
    )
    return Examined(report, scene)
