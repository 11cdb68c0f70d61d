"""What is asked of every tree of a run: chosen once, and the same ever after; what users have seen break is always in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.engine.measuring.adding import new_requests, with_added
from auditor.engine.measuring.edge_rows import ROWS, load_rows, save_rows
from auditor.engine.measuring.recorded import recorded_workload
from auditor.engine.measuring.survey import Surveyed
from auditor.engine.measuring.trying import choose_and_try
from auditor.engine.request import Notes
from auditor.execution.databases.tables import NewRow
from auditor.measure.request import Request
from auditor.measure.running.bench import Bench
from auditor.measure.running.identities import identities_of
from auditor.measure.workload import Workload, load_workload, parse_requests
from auditor.model.fault import Fault
from auditor.trial.memory import write_whole

ADDED: Final = "added.jsonl"
"""In the target's folder: requests that broke once (`auditor blame`)."""
REQUESTS: Final = "requests.jsonl"
"""In the run's folder: what it has asked from the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked of every tree of a run, and on which data."""

    workload: Workload
    rows: tuple[NewRow, ...] = ()
    """What is put beside the target's own data."""
    notes: tuple[str, ...] = ()
    """What there is to say of how it was chosen."""


def workload_of_run(
    run: Path,
    bench: Bench,
    surveyed: tuple[Surveyed, ...],
    notes: Notes,
    /,
    *,
    file: Path | None,
    edges: bool,
    more: Iterable[Request] = (),
    env: Mapping[str, str],
    allowed: tuple[str, ...] = (),
) -> Asking:
    """The run's own, else the recorded one, else as `record` would choose it; with what was added, and `more`.

    `allowed` are the names of `env` that identities may take secrets from.

    Raises:
        Fault: a file can't be used, or requests don't go together.
    """
    said: tuple[str, ...] = ()
    chosen: Asking | None = None
    if file is None and (run / REQUESTS).exists():
        chosen = Asking(workload=load_workload(run / REQUESTS), rows=load_rows(run / ROWS))
    elif file is None:
        recorded, said = recorded_workload(bench)
        if recorded is not None:
            chosen = Asking(workload=recorded, rows=load_rows(bench.folder / ROWS), notes=said)
    if chosen is None:
        with bench.world(bench.settings.database.small) as world:
            world.prepare()
            identities = identities_of(bench.settings.identities, env=env, allowed=allowed)
            made, rows = choose_and_try(
                world, bench, identities, surveyed, file=file, edges=edges, step=notes.step
            )
        chosen = Asking(workload=made.workload, rows=rows, notes=(*said, *made.notes))
    together = with_added(chosen.workload, (*added_requests(bench.folder), *more))
    save_rows(run / ROWS, chosen.rows)
    write_whole(run / REQUESTS, together.render().encode())
    return replace(chosen, workload=together)


def added_requests(folder: Path, /) -> tuple[Request, ...]:
    """What was added by earlier calls of `auditor blame`; `folder` is the target's."""
    try:
        return parse_requests((folder / ADDED).read_bytes(), name=str(folder / ADDED))[0]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(folder / ADDED)) from error


def add_requests(folder: Path, requests: Iterable[Request], /) -> None:
    """Keeps them for every run from now on; one that is there already is not added again."""
    known = added_requests(folder)
    every = (*known, *new_requests(known, requests))
    if every != known:
        content = Workload(every, {}).render()
        write_whole(folder / ADDED, content.encode())
