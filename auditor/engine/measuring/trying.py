"""What is asked of a target, and on which data: what was chosen, with the rows and the writes that known-good lives through."""

from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.engine.measuring.edge_rows import try_rows
from auditor.engine.measuring.survey import Surveyed
from auditor.engine.measuring.workload import Chosen, choose_workload
from auditor.engine.measuring.writes import try_writes
from auditor.execution.databases.tables import NewRow
from auditor.execution.world import World
from auditor.measure.identity import Identity
from auditor.measure.running.bench import Bench


def choose_and_try(
    world: World,
    bench: Bench,
    identities: Sequence[Identity],
    surveyed: tuple[Surveyed, ...],
    /,
    *,
    file: Path | None,
    edges: bool,
    step: Callable[[str], None],
) -> tuple[Chosen, tuple[NewRow, ...]]:
    """The workload, and the rows that stand beside the target's own; `world` is prepared, and has them when this returns.

    Without `edges` nothing is tried; requests that write are tried only where nobody wrote the workload.

    Raises:
        Fault: a file can't be used, there is nothing to ask, or the target does not live through what it is asked.
    """
    data = world.dump()
    chosen = choose_workload(bench, surveyed, data, file=file, edges=edges)
    if not edges:
        return chosen, ()
    step("trying rows at the edges")
    rows = try_rows(world, chosen.workload, identities, surveyed)
    chosen = chosen.with_more(rows.requests, rows.notes, surveyed)
    if chosen.proposed:
        step("trying requests that write")
        skip = bench.settings.workload.skip
        writes = try_writes(world, chosen.workload, identities, surveyed, data, skip=skip)
        chosen = chosen.with_more(writes.requests, writes.notes, surveyed)
    return chosen, rows.put
