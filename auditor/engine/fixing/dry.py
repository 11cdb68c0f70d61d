"""`auditor fix --dry-run`: what would be tried. Nothing is run, nothing is recorded, and no jail or way to boot is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from auditor.config.target import load_target_settings
from auditor.config.user import UserSettings
from auditor.engine.fixing.given import given_proposals
from auditor.engine.fixing.proposing import Proposed, examined_tree, proposals
from auditor.engine.fixing.runs import TREES, last_run, ledger_of, state_of
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.copies import copy_tree
from auditor.execution.guest import guest_identity
from auditor.model.constraint import Constraint
from auditor.model.result import ChangeResult, ProposedChange, Result
from auditor.model.trial import GateName
from auditor.repo.scratch import scratch
from auditor.trial.candidate import Candidate
from auditor.trial.constraints import violations
from auditor.trial.constraints.edited import Edited
from auditor.trial.ledger import Ledger
from auditor.trial.memory import Memory
from auditor.trial.patching import Applied, apply_patch
from auditor.trial.proposal import Proposal
from auditor.trial.static_gates import static_gates
from auditor.trial.trees import Tree, TreeStore, entries_of


def dry_run(
    request: AuditRequest,
    user: UserSettings,
    notes: Notes,
    /,
    *,
    resume: bool,
    patches: tuple[Path, ...] = (),
) -> tuple[Result, Path, Ledger]:
    """What codemods propose for the tree as it stands, or for what the last run has made of it; where patches are handed in, those.

    What the text of a patch shows to be wrong is refused here as well.

    Raises:
        Fault: there is no such tree or run, or its settings can't be used.
    """
    root, folder = state_of(request.path, user)
    settings = load_target_settings(root)
    held = Memory(folder).holding(settings.constraints, today=datetime.now(UTC).date())
    made: list[ProposedChange] = []
    declined: list[tuple[str, str]] = []
    refused: list[ChangeResult] = []
    given = given_proposals(patches)
    with _tree(root, folder, resume=resume) as (store, tree, workshop, ledger):
        for proposal in given:
            failure = _failure(proposal, store, tree, held)
            if failure is not None:
                refused.append(failure)
            else:
                made.append(
                    ProposedChange(
                        id=proposal.change, title=proposal.title, finding="", codemod="", patch=proposal.patch
                    )
                )
        every = replace(request, endpoints=(), ref=None)
        for one in (
            () if given else proposals(examined_tree(every, store, tree, workshop, notes), store, tree)
        ):
            why = "" if not isinstance(one, Proposed) else _forbidden(one.proposal, store, tree, held)
            if not isinstance(one, Proposed):
                declined.append((one.finding.id, one.reason))
            elif why:
                declined.append((one.finding.id, f"{one.codemod}: {why}"))
            else:
                made.append(
                    ProposedChange(
                        id=one.proposal.change,
                        title=one.proposal.title,
                        finding=one.finding.id,
                        codemod=one.codemod,
                        endpoints=one.finding.endpoints,
                        patch=one.proposal.patch,
                    )
                )
    result = Result(
        run=ledger.run,
        target=str(request.path),
        target_ms=request.target_ms,
        proposed=tuple(made),
        changes=tuple(refused),
        declined=tuple(sorted(declined)),
        notes=("a dry run: nothing of the target was run, so nothing here is verified",),
    )
    return result, folder, ledger


def _failure(
    proposal: Proposal, store: TreeStore, tree: Tree, held: tuple[Constraint, ...]
) -> ChangeResult | None:
    """What stops a patch that is handed in before anything is run; None where nothing does."""

    def refused(text: str, gate: GateName | None = None) -> ChangeResult:
        return ChangeResult(
            id=proposal.change, title=proposal.title, verdict="refused", gate=gate, text=text, attempts=0
        )

    read = partial(store.read, tree)
    applied = apply_patch(proposal.patch, read)
    if not isinstance(applied, Applied):
        return refused("the patch does not fit: " + "; ".join(str(reason) for reason in applied.reasons))
    if misplaced := store.misplaced(tree, applied.files):
        return refused(f"the patch does not fit: {misplaced}")
    candidate = Candidate(
        change=proposal.change,
        patch=proposal.patch,
        files=tuple(Edited(path, read(path), applied.files[path]) for path in sorted(applied.files)),
        allowed=proposal.allowed,
        constraints=held,
        may_touch=proposal.may_touch,
    )
    results = (check(candidate) for _, check in static_gates(store, tree))
    return next((refused(one.text, one.gate) for one in results if not one.lets_through), None)


def _forbidden(proposal: Proposal, store: TreeStore, tree: Tree, held: tuple[Constraint, ...]) -> str:
    """The first constraint that the patch breaks."""
    read = partial(store.read, tree)
    applied = apply_patch(proposal.patch, read)
    if not isinstance(applied, Applied):
        return "; ".join(str(reason) for reason in applied.reasons)
    endpoints = proposal.endpoints or {}
    edited = [
        Edited(path, read(path), content, endpoints.get(path, frozenset()))
        for path, content in applied.files.items()
    ]
    return next((str(one) for one in violations(edited, held)), "")


@contextmanager
def _tree(root: Path, folder: Path, /, *, resume: bool) -> Iterator[tuple[TreeStore, Tree, Path, Ledger]]:
    with scratch("dry") as workshop:
        if resume:
            ledger = ledger_of(last_run(folder))
            assert ledger.known_good is not None
            yield TreeStore(folder / TREES), ledger.known_good, workshop, ledger
            return
        copy = workshop / "copy"
        copy_tree(root, copy, guest=guest_identity())
        store = TreeStore(workshop / TREES)
        yield store, store.store(entries_of(copy), name="dry"), workshop, Ledger()
