"""What is asked of every tree of a run: chosen once, and the same ever after; what users have seen break is always in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.engine.measuring.edge_rows import ROWS, TriedRows, load_rows, save_rows, try_rows
from auditor.engine.measuring.recorded import recorded_workload
from auditor.engine.measuring.survey import Surveyed
from auditor.engine.measuring.workload import choose_workload
from auditor.engine.measuring.writes import TriedWrites, try_writes
from auditor.execution.databases.tables import NewRow
from auditor.measure.request import Request
from auditor.measure.running.bench import Bench
from auditor.measure.running.identities import identities_of
from auditor.measure.workload import Workload, load_workload, parse_requests, workload_of
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
    notes: tuple[str, ...] = ()
    chosen: Asking | None = None
    if file is None and (run / REQUESTS).exists():
        chosen = Asking(workload=load_workload(run / REQUESTS), rows=load_rows(run / ROWS))
    elif file is None:
        recorded, notes = recorded_workload(bench)
        if recorded is not None:
            chosen = Asking(workload=recorded, rows=load_rows(bench.folder / ROWS), notes=notes)
    if chosen is None:
        with bench.world(bench.settings.database.small) as world:
            world.prepare()
            identities = identities_of(bench.settings.identities, world, env=env, allowed=allowed)
            data = world.dump()
            made = choose_workload(bench, surveyed, data, file=file, edges=edges)
            tried = try_rows(world, made.workload, identities, surveyed) if edges else TriedRows()
            reads = with_added(made.workload, tried.requests)
            writes = TriedWrites()
            if edges and made.proposed:
                skip = bench.settings.workload.skip
                writes = try_writes(world, reads, identities, surveyed, data, skip=skip)
        chosen = Asking(
            workload=with_added(reads, writes.requests),
            rows=tried.put,
            notes=(*notes, *made.notes, *tried.notes, *writes.notes),
        )
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


def with_added(workload: Workload, requests: Iterable[Request], /) -> Workload:
    """The workload with those that it lacks, at its end."""
    more = new_requests(workload.requests, requests)
    return workload_of((*workload.requests, *more)) if more else workload


def new_requests(known: Iterable[Request], requests: Iterable[Request], /) -> tuple[Request, ...]:
    """Those that ask something else than `known`; an id that is taken gets a number."""
    asked = {_asks(one): one.id for one in known}
    ids = set(asked.values())
    called: dict[str, str] = {}
    """Their ids, and what they are called here."""
    fresh: list[Request] = []
    for request in requests:
        there = asked.get(_asks(request))
        if there is not None:
            called[request.id] = there
            continue
        name, number = request.id, 2
        while name in ids:
            name, number = f"{request.id}-{number}", number + 1
        ids.add(name)
        called[request.id] = asked[_asks(request)] = name
        after = tuple(called.get(id_, id_) for id_ in request.after)
        fresh.append(request.model_copy(update={"id": name, "after": after}))
    return tuple(fresh)


def _asks(request: Request) -> str:
    """All of it but its name: a request that sequences need by its id is another one."""
    return request.model_dump_json(exclude={"id", "roles"})
