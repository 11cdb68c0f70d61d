"""Where the runs of a target are kept, and how one is found again."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from auditor.config.user import UserSettings
from auditor.measure.running.bench import target_folder
from auditor.model.fault import Fault, full_disk
from auditor.repo.root import root_of
from auditor.trial.holding import held
from auditor.trial.ledger import Ledger, fold
from auditor.trial.memory import write_whole
from auditor.trial.recorder import run_events

RUNS: Final = "runs"
EVENTS: Final = "events.jsonl"
TREES: Final = "trees.git"
STATE: Final = "state.json"
STATE_SCHEMA: Final = "auditor/state@1"


@contextmanager
def at_work(folder: Path, /, *, doing: str) -> Iterator[None]:
    """The target's state is ours to write while this lasts.

    Raises:
        Fault: another process is at work on it, it was written by another version, something in it is out of place, or the disk
            is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Fault(
            f"can't be made: {error.strerror or error}",
            where=str(error.filename or folder),
            hint="--state names another folder",
        ) from error
    try:
        with held(folder, doing=doing):
            _check_version(folder)
            yield
    except OSError as error:
        fault = full_disk(error) or _out_of_place(error, folder)
        if fault is None:
            raise
        fault.where = fault.where or str(folder)
        raise fault from error


def state_of(path: Path, user: UserSettings, /) -> tuple[Path, Path]:
    """The target's folder, resolved, and that of its state; `Fault` when there is no target."""
    root = root_of(path)
    return root, target_folder(user.state_dir, root)


def new_run(folder: Path, /) -> Path:
    """The folder of a run that begins now."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    runs = folder / RUNS
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    return runs / name


def last_run(folder: Path, /, *, run: str | None = None) -> Path:
    """The folder of the last run, or of the one that is named.

    Raises:
        Fault: there is none.
    """
    runs = all_runs(folder)
    if run is not None:
        runs = [entry for entry in runs if entry.name == run]
    if not runs:
        what = f"there is no run {run!r}" if run else "there is no run to go on with"
        raise Fault(what, where=str(folder / RUNS), hint="`auditor fix` makes one")
    return runs[-1]


def run_with_changes(folder: Path, /, *, run: str | None = None) -> Path:
    """As `last_run`, but for runs that have kept nothing: there is nothing in them to undo or to apply."""
    last = last_run(folder, run=run)
    if run is not None:
        return last
    for found in reversed(all_runs(folder)):
        ledger = ledger_of(found)
        if ledger.kept or ledger.pending or ledger.delivered:
            return found
    return last


def all_runs(folder: Path, /) -> list[Path]:
    """Folders of the runs of a target, oldest first."""
    return sorted(entry for entry in (folder / RUNS).glob("*") if (entry / EVENTS).exists())


def ledger_of(run: Path, /) -> Ledger:
    """What a run has come to; nothing is written, and another process may be at work on it."""
    return fold(run_events(run / EVENTS))


def _out_of_place(error: OSError, folder: Path) -> Fault | None:
    """The fault of something in the state that is not as we left it; None for what lies elsewhere."""
    file = error.filename
    if not isinstance(file, str | bytes) or not Path(os.fsdecode(file)).is_relative_to(folder):
        return None
    hint = f"the state may be damaged: move {folder} away, then a new one is begun"
    return Fault(f"can't be used: {error.strerror or error}", where=os.fsdecode(file), hint=hint)


def _check_version(folder: Path) -> None:
    path = folder / STATE
    try:
        schema = json.loads(path.read_bytes()).get("schema")
    except FileNotFoundError:
        write_whole(path, json.dumps({"schema": STATE_SCHEMA}).encode())
        return
    except (OSError, ValueError, AttributeError) as error:
        hint = "move the folder away: then a new one is begun"
        raise Fault("can't be read, so the state may be damaged", where=str(path), hint=hint) from error
    if schema != STATE_SCHEMA:
        raise Fault(
            f"was written by another version of auditor ({schema!r}, this one writes {STATE_SCHEMA!r})",
            where=str(folder),
            hint="use that version, or name another folder by --state",
        )
