"""`auditor apply`: what a run has kept, brought home: as commits on a branch of its own, or as patch files."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditor.config.user import UserSettings
from auditor.engine.fixing.moved import edited_files, moved_since
from auditor.engine.fixing.runs import EVENTS, TREES, at_work, ledger_of, run_with_changes, state_of
from auditor.engine.fixing.standing import Standing
from auditor.engine.request import AuditRequest, Notes
from auditor.model.fault import Fault
from auditor.model.trial_events import ChangesDelivered, ChangesDeliveredData, DeliveredCommit
from auditor.repo.branching import AUTHOR, NewCommit, UserRepository
from auditor.trial.carrying import Carried, carry_over
from auditor.trial.delivery import Delivered, deliver, message
from auditor.trial.ledger import Ledger
from auditor.trial.recorder import Recorder
from auditor.trial.trees import TreeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """What can be brought home as files."""

    run: str
    patches: tuple[Delivered, ...]
    edited: tuple[str, ...]
    """Files that the user has edited since: their patches may not apply."""
    moved: tuple[str, ...]
    """What else the user has done since, a sentence each."""
    waiting: tuple[str, ...] = ()
    """Changes that are not proved on the whole workload, and were left where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branched:
    """What was brought home as commits."""

    run: str
    branch: str | None
    """None where there is nothing that HEAD does not have."""
    commits: tuple[tuple[str, Carried], ...]
    """The id of each, and what it holds, in order."""
    already: tuple[Carried, ...]
    refused: tuple[Carried, ...]
    moved: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    """As of `Bringing`."""


def bring(path: Path, user: UserSettings, /, *, run: str | None = None, proved: bool = False) -> Bringing:
    """The kept changes of the last run, or of the one that is named, as patch files; `proved` leaves out what waits to be proved.

    Raises:
        Fault: there is no such run, or it has kept nothing.
    """
    root, folder = state_of(path, user)
    found = run_with_changes(folder, run=run)
    whole = ledger_of(found)
    ledger = _worth(whole, found.name, proved=proved)
    if not ledger.kept:
        raise Fault(
            "nothing is kept any more, so there is no patch to write",
            where=found.name,
            hint="without --output, `auditor apply` takes back what was delivered",
        )
    store = TreeStore(folder / TREES)
    return Bringing(
        run=found.name,
        patches=deliver(ledger, store),
        edited=edited_files(ledger, store, root),
        moved=moved_since(ledger, root),
        waiting=_waiting(whole),
    )


def branch(
    request: AuditRequest,
    user: UserSettings,
    notes: Notes,
    /,
    *,
    run: str | None = None,
    name: str | None = None,
    author: str = AUTHOR,
    proved: bool = False,
) -> Branched:
    """The same as commits on a new branch that begins where the user stands; work tree, index and branches stay as they are.

    What was delivered before and is there is left alone; what was delivered and undone since is taken back. With `proved` what waits to
    be proved on the whole workload is left where it is.

    Raises:
        Fault: there is no such run, it has kept nothing, nothing can be carried over, or no branch can be written.
    """
    root, folder = state_of(request.path, user)
    with at_work(folder, doing="auditor apply"):
        found = run_with_changes(folder, run=run)
        with Recorder(found / EVENTS, run=found.name) as recorder, UserRepository(root) as repository:
            ledger = _worth(recorder.ledger, found.name, proved=proved)
            store = TreeStore(folder / TREES)
            with Standing(
                replace(request, path=root), ledger, store, repository, folder / "workshop", notes
            ) as standing:
                carried = carry_over(ledger, store, repository.read, stands=standing.why_not)
            given = [one for one in carried if one.what in {"added", "taken back"}]
            refused = tuple(one for one in carried if one.what == "refused")
            if refused and not given:
                raise Fault(
                    f"no change applies to what is checked out now: {refused[0].kept.change}: {refused[0].reason}",
                    where=repository.commit[:12],
                    hint="`auditor fix` begins a new run on the tree as it is",
                )
            branched = Branched(
                run=found.name,
                branch=None,
                commits=(),
                already=tuple(one for one in carried if one.what == "there already"),
                refused=refused,
                moved=moved_since(ledger, root),
                waiting=_waiting(recorder.ledger),
            )
            if not given:
                return branched
            made = [_commit(one, ledger) for one in given]
            written, ids = repository.branch(name or f"auditor/{found.name}", made, author=author)
            _record(recorder, repository.commit, written, tuple(zip(ids, given, strict=True)))
            return replace(branched, branch=written, commits=tuple(zip(ids, given, strict=True)))


def _waiting(ledger: Ledger) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.change for one in (*ledger.unconfirmed, *ledger.pending)))


def _worth(ledger: Ledger, run: str, *, proved: bool) -> Ledger:
    if proved:
        first = next(iter(_waiting(ledger)), None)
        ledger = ledger.proved
        if first is not None and not ledger.kept and not ledger.delivered:
            raise Fault(
                f"nothing is proved on the whole workload yet: {first} is the first that waits",
                where=run,
                hint="`auditor fix --resume` goes on with that",
            )
    if ledger.pending:
        raise Fault(
            f"{len(ledger.pending)} changes wait to be proved again since one was undone",
            where=run,
            hint="`auditor undo` goes on with them; `auditor apply --proved` leaves them where they are",
        )
    if ledger.unconfirmed:
        raise Fault(
            f"{ledger.unconfirmed[0].change} and what follows it are not proved on the whole workload yet",
            where=run,
            hint="`auditor fix --resume` goes on with that; `auditor apply --proved` leaves them where they are",
        )
    if not ledger.kept and not ledger.delivered:
        raise Fault("nothing was kept, so there is nothing to apply", where=run)
    return ledger


def _commit(one: Carried, ledger: Ledger) -> NewCommit:
    undone = next((two.at for two in reversed(ledger.undone) if two.kept.change == one.kept.change), None)
    at = undone if one.what == "taken back" else one.kept.at
    return NewCommit(
        message=message(one.kept, ledger, taken_back=one.reason if one.what == "taken back" else None),
        files=one.files,
        at=at or datetime.fromtimestamp(0, UTC),
    )


def _record(recorder: Recorder, base: str, branch_: str, made: tuple[tuple[str, Carried], ...]) -> None:
    """Once: the same commits again are no news."""
    added = tuple(
        DeliveredCommit(change=one.kept.change, commit=id_) for id_, one in made if one.what == "added"
    )
    known = {one.commit for one in recorder.ledger.delivered}
    if added and not {one.commit for one in added} <= known:
        recorder.emit(ChangesDelivered, ChangesDeliveredData(branch=branch_, base=base, commits=added))
