"""One change at a time: apply, take through the gates, keep or go back, find out why, try what is left.

Nothing here knows how a gate is run. The order of what is written is what makes a crash harmless: a trial is recorded before it runs,
a verdict before anything follows from it, and known-good only ever changes by a recorded `kept`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from auditor.model.constraint import Constraint
from auditor.model.trial import GateName, GateResult, Verdict
from auditor.model.trial_events import (
    ConstraintLearnt,
    ConstraintLearntData,
    GateFinished,
    TrialEnded,
    TrialEndedData,
    TrialStarted,
    TrialStartedData,
)
from auditor.repo.decode import decode
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.isolation import Isolation, Outcome, isolate, suspected, whole
from auditor.trial.learning import learn
from auditor.trial.ledger import title_of_rest
from auditor.trial.lessons import Lessons, unit_form
from auditor.trial.making import patch_between
from auditor.trial.memory import FailedPatch
from auditor.trial.patching import Refused, apply_patch
from auditor.trial.proposal import Proposal, declared_by, proposal_of, says_more, terms_of
from auditor.trial.recorder import Recorder
from auditor.trial.repeating import normal_form
from auditor.trial.trees import Tree, TreeStore
from auditor.trial.units import Unit, units_of, with_units, without_leftovers

MAX_ATTEMPTS: Final = 3
"""Of one proposal, each with what is left of the one before."""


class Gate(Protocol):
    """One gate. `tree` is known-good with the candidate's patch; nothing of it is read as instructions."""

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """What the gate says; `Fault` when it can't be asked at all."""


class Trials:
    """Takes proposals through the gates, one after the other."""

    def __init__(
        self,
        recorder: Recorder,
        store: TreeStore,
        gates: Sequence[tuple[GateName, Gate]],
        *,
        lessons: Lessons | None = None,
        begun: Callable[[Tree], None] | None = None,
    ) -> None:
        """`gates` in the order in which they are asked; `lessons` of other runs, where there are any; `begun` is told each tree that is tried."""
        self._recorder = recorder
        self._store = store
        self._gates = tuple(gates)
        self._lessons = lessons
        self._begun = begun

    def attempt(self, proposal: Proposal, /) -> Verdict:
        """Tries the proposal, and after a failure what is left of it without the culprit.

        Returns the verdict on the last attempt.
        """
        verdict = Verdict(verdict="refused", text="was never tried")
        for _ in range(MAX_ATTEMPTS):
            verdict, rest = self._once(proposal)
            if rest is None:
                break
            proposal = rest
        return verdict

    def examine(self, candidate: Candidate, tree: Tree, names: Collection[GateName], /) -> GateResult | None:
        """The first failure among the gates that are named, in their order; nothing is recorded."""
        for name, gate in self._gates:
            if name in names and not (result := gate(candidate, tree)).lets_through:
                return result
        return None

    def _once(self, proposal: Proposal) -> tuple[Verdict, Proposal | None]:
        base = self._recorder.ledger.known_good
        assert base is not None, "a baseline is taken before anything is tried"
        applied = apply_patch(proposal.patch, lambda path: self._store.read(base, path))
        if isinstance(applied, Refused):
            reasons = "; ".join(str(reason) for reason in applied.reasons)
            return Verdict(verdict="refused", text=f"the patch does not fit: {reasons}"), None
        misplaced = self._store.misplaced(base, applied.files)
        if misplaced:
            return Verdict(verdict="refused", text=f"the patch does not fit: {misplaced}"), None
        candidate = self._candidate(proposal, base, applied.files)
        form = normal_form(candidate.files)
        failed = [one for one in self._recorder.ledger.failed if one.normal_form == form]
        if not all(says_more(proposal, one) for one in failed):
            return Verdict(verdict="refused", text="the same patch has failed already"), None
        before, units = _parts(candidate)
        known = self._lessons.refusal(form, units, before) if self._lessons and not failed else None
        if known is not None:
            rest = self._left(proposal, base, before, units, known.rest)
            return Verdict(verdict="refused", text=known.text), rest
        tree = self._begin(proposal, base, applied.files)
        failure = self._first_failure(candidate, tree)
        if failure is None:
            results = self._recorder.ledger.open.results if self._recorder.ledger.open else ()
            verdict = Verdict(
                verdict="kept",
                text=f"passed {len(self._gates)} gates",
                gains=tuple(gain for result in results for gain in result.gains),
                shown=tuple(line for result in results for line in result.shown),
            )
            self._end(proposal, verdict, "")
            return verdict, None
        if failure.outcome == "void":
            verdict = Verdict(verdict="void", gate=failure.gate, text=failure.text)
            self._end(proposal, verdict, "")
            return verdict, None
        return self._after_failure(proposal, candidate, base, failure, form)

    def _candidate(self, proposal: Proposal, base: Tree, files: Mapping[str, bytes]) -> Candidate:
        endpoints = proposal.endpoints or {}
        beneath = self._recorder.ledger.kept
        return Candidate(
            change=proposal.change,
            patch=proposal.patch,
            files=tuple(
                Edited(path, self._store.read(base, path), files[path], endpoints.get(path, frozenset()))
                for path in sorted(files)
            ),
            allowed=proposal.allowed,
            promises=proposal.promises,
            declared=proposal.declared.also(declared_by(beneath)),
            constant_rise=proposal.constant_rise,
            risen_before=tuple(rise for one in beneath for rise in proposal_of(one).constant_rise),
            constraints=self._recorder.ledger.constraints,
            may_touch=proposal.may_touch,
        )

    def _begin(self, proposal: Proposal, base: Tree, files: Mapping[str, bytes]) -> Tree:
        number = self._recorder.ledger.attempts(proposal.change) + 1
        tree = self._store.derive(base, files, name=f"{self._recorder.run}/{proposal.change}/{number}")
        started = TrialStartedData(
            attempt=number,
            title=proposal.title,
            patch=proposal.patch,
            terms=terms_of(proposal),
            commit=tree.commit,
            tree=tree.id,
        )
        self._recorder.emit(TrialStarted, started, change=proposal.change)
        if self._begun is not None:
            self._begun(tree)
        return tree

    def _first_failure(self, candidate: Candidate, tree: Tree) -> GateResult | None:
        for _, gate in self._gates:
            result = gate(candidate, tree)
            self._recorder.emit(GateFinished, result, change=candidate.change)
            if not result.lets_through:
                return result
        return None

    def _after_failure(
        self, proposal: Proposal, candidate: Candidate, base: Tree, failure: GateResult, form: str
    ) -> tuple[Verdict, Proposal | None]:
        before, units = _parts(candidate)
        found = whole(units) if failure.whole else self._isolate(proposal, base, before, units, failure)
        culprit = [units[index] for index in sorted(found.culprit)]
        verdict = Verdict(
            verdict="refused" if failure.outcome == "refused" else "reverted",
            gate=failure.gate,
            text=failure.text,
            root_error="\n".join(failure.evidence),
            culprit=tuple(unit.summary for unit in culprit),
        )
        constraint = None
        if failure.outcome == "failed":
            broken = with_units(before, culprit)
            constraint = _lesson(proposal, candidate, failure, broken, verdict.culprit)
            if self._lessons:  # first, so that what a verdict says is known is known
                self._remember(
                    proposal, failure, constraint, form, tuple(unit_form(unit, before) for unit in culprit)
                )
        rest = self._left(proposal, base, before, units, without_leftovers(units, found.passing))
        self._end(proposal, verdict, form, left=rest)
        if constraint is not None:
            learnt = ConstraintLearntData(constraint=constraint)
            self._recorder.emit(ConstraintLearnt, learnt, change=proposal.change)
        return verdict, rest

    def _left(
        self,
        proposal: Proposal,
        base: Tree,
        before: Mapping[str, str | None],
        units: Sequence[Unit],
        chosen: frozenset[int],
    ) -> Proposal | None:
        """The proposal with some of its units alone; None when there are none."""
        if not chosen:
            return None
        left = with_units(before, [units[index] for index in sorted(chosen)])
        original = {path: self._store.read(base, path) for path in left}
        patch = patch_between(original, left, base_tree=base.id)
        return replace(proposal, title=title_of_rest(proposal.title), patch=patch)

    def _isolate(
        self,
        proposal: Proposal,
        base: Tree,
        before: Mapping[str, str | None],
        units: tuple[Unit, ...],
        failure: GateResult,
    ) -> Isolation:
        def run(chosen: frozenset[int]) -> Outcome:
            files = with_units(before, [units[index] for index in sorted(chosen)])
            original = {path: self._store.read(base, path) for path in files}
            part = replace(proposal, patch=patch_between(original, files, base_tree=base.id))
            applied = apply_patch(part.patch, original.get)
            if isinstance(applied, Refused):
                return "unresolved"
            tree = self._store.derive(base, applied.files, name=f"{self._recorder.run}/part")
            candidate = replace(self._candidate(part, base, applied.files), sought=failure)
            return self._outcome(candidate, tree, failure)

        return isolate(units, run, suspects=suspected(units, failure.text))

    def _outcome(self, candidate: Candidate, tree: Tree, failure: GateResult) -> Outcome:
        for name, gate in self._gates:
            result = gate(candidate, tree)
            if not result.lets_through:
                same = name == failure.gate and result.signature == failure.signature
                return "fails" if same else "unresolved"
            if name == failure.gate:
                return "passes"
        return "passes"

    def _remember(
        self,
        proposal: Proposal,
        failure: GateResult,
        constraint: Constraint | None,
        form: str,
        part: tuple[str, ...],
    ) -> None:
        assert self._lessons is not None
        if constraint is not None:
            self._lessons.learnt(constraint)
        failed = FailedPatch(
            form=form,
            change=proposal.change,
            title=proposal.title,
            gate=failure.gate,
            because=failure.text,
            part=part,
            taught=constraint.id if constraint else None,
        )
        self._lessons.failed(failed, failure.gate)

    def _end(self, proposal: Proposal, verdict: Verdict, form: str, *, left: Proposal | None = None) -> None:
        ended = TrialEndedData(verdict=verdict, normal_form=form, left=left.patch if left else None)
        self._recorder.emit(TrialEnded, ended, change=proposal.change)


def _parts(candidate: Candidate) -> tuple[dict[str, str | None], tuple[Unit, ...]]:
    before = {
        file.path: None if file.before is None else decode(file.before).text for file in candidate.files
    }
    return before, units_of(before, {file.path: decode(file.after).text for file in candidate.files})


def _lesson(
    proposal: Proposal,
    candidate: Candidate,
    failure: GateResult,
    broken: Mapping[str, str],
    summary: Sequence[str],
) -> Constraint | None:
    files = tuple(
        Edited(file.path, file.before, broken[file.path].encode(), file.endpoints)
        for file in candidate.files
        if file.path in broken
    )
    return learn(failure, files, change=proposal.change, summary=summary)
