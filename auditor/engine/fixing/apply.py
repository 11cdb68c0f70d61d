"""`auditor apply`: what a run has kept, brought home as patch files."""

from dataclasses import dataclass
from pathlib import Path

from auditor.config.user import UserSettings
from auditor.engine.fixing.runs import TREES, last_run, ledger_of, state_of
from auditor.model.fault import Fault
from auditor.trial.delivery import Delivered, deliver, edited_since
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
    root, folder = state_of(path, user)
    found = last_run(folder, run=run)
    ledger = ledger_of(found)
    if not ledger.kept:
        raise Fault("nothing was kept, so there is nothing to apply", where=found.name)
    store = TreeStore(folder / TREES)

    def read(name: str) -> bytes | None:
        file = root / name
        return file.read_bytes() if file.is_file() and not file.is_symlink() else None

    return Bringing(run=found.name, patches=deliver(ledger, store), edited=edited_since(ledger, store, read))
