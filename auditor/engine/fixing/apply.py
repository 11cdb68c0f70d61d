"""`auditor apply`: what a run has kept, brought home as patch files."""

from dataclasses import dataclass
from pathlib import Path

from auditor.config.user import UserSettings
from auditor.engine.fixing.fix import EVENTS, RUNS, TREES
from auditor.measure.running.bench import target_folder
from auditor.model.fault import Fault
from auditor.model.trial_events import event_of
from auditor.trial.delivery import Delivered, deliver, edited_since
from auditor.trial.event_file import read_events
from auditor.trial.ledger import Ledger, fold
from auditor.trial.trees import TreeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """What can be brought home."""

    run: str
    patches: tuple[Delivered, ...]
    edited: tuple[str, ...]
    """Files that the user has edited since: their patches may not apply."""


def bring(path: Path, user: UserSettings, /, *, run: str | None = None) -> Bringing:
    """The kept changes of the last run, or of the one that is named.

    Raises:
        Fault: there is no such run, or it has kept nothing.
    """
    try:
        root = path.resolve(strict=True)
    except OSError as error:
        raise Fault("there is no such folder", where=str(path)) from error
    folder = target_folder(user.state_dir, root)
    runs = sorted(entry for entry in (folder / RUNS).glob("*") if (entry / EVENTS).exists())
    if run is not None:
        runs = [entry for entry in runs if entry.name == run]
    if not runs:
        raise Fault("there is no run", where=run or str(path), hint="`auditor fix` makes one")
    ledger = _ledger(runs[-1])
    if not ledger.kept:
        raise Fault("nothing was kept, so there is nothing to apply", where=runs[-1].name)
    store = TreeStore(folder / TREES)

    def read(name: str) -> bytes | None:
        file = root / name
        return file.read_bytes() if file.is_file() and not file.is_symlink() else None

    return Bringing(
        run=runs[-1].name, patches=deliver(ledger, store), edited=edited_since(ledger, store, read)
    )


def _ledger(folder: Path) -> Ledger:
    return fold(event_of(line) for line in read_events(folder / EVENTS))
