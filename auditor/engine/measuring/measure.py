"""`auditor measure`: what each request costs, counted at the small scale and timed at the full one."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import auditor
from auditor.config.user import UserSettings
from auditor.engine.measured import sources_digest
from auditor.engine.measuring.filled import told_of_rows
from auditor.engine.measuring.growing import Grown, grow
from auditor.engine.measuring.recorded import recorded_workload
from auditor.engine.measuring.survey import Surveyed, survey
from auditor.engine.measuring.workload import asked, choose_workload
from auditor.engine.observations import keep_observation
from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest, Notes
from auditor.engine.selection import matching_endpoints
from auditor.execution.world import World
from auditor.measure.identity import Identity
from auditor.measure.observe import Measured, Subject, observe
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.running.bench import Bench, open_bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.preparing import prepared_beside
from auditor.measure.running.rounds import Playing, Round, play_round
from auditor.measure.running.trouble import Steadying
from auditor.measure.sending import TIMED
from auditor.measure.workload import Workload, part_of, workload_of
from auditor.model.fault import Fault
from auditor.model.observation import Observation

FRESH_EACH: Final = 6
"""Up to so many endpoints each gets a fresh server of its own; of more, the cold figures are those of one server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRequest:
    """What is asked for."""

    audit: AuditRequest
    """The tree, and how it is read; its `endpoints` are those to be measured, all where there are none."""
    user: UserSettings
    workload: Path | None = None
    repeats: int = 3
    """Of counts and of times, cold and warm each."""
    time: bool = True
    growth: tuple[int, ...] = ()
    """Scales of the data at which the growth is measured; at least three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What came of it."""

    observation: Observation
    growth: tuple[Grown, ...]
    file: Path
    """Where the observation was kept."""
    notice: str


def measure(request: MeasureRequest, notes: Notes, /, *, env: Mapping[str, str] = os.environ) -> Measurement:
    """Measures and keeps the observation.

    Raises:
        Fault: whatever keeps the target from being measured, with what to do.
    """
    bench = open_bench(request.audit.path, request.user, env=env)
    scales = bench.settings.database
    if request.growth and not scales.scales:
        raise Fault(
            "growth needs data of several sizes",
            where="auditor.toml: database.seed",
            hint='a command with {scale} in it: seed = "python seed.py --scale {scale}"',
        )
    every = AuditRequest(path=request.audit.path, jobs=request.audit.jobs, cache_dir=request.audit.cache_dir)
    with ExitStack() as stack:
        full = _full(bench, stack) if request.time else None
        surveyed = survey(every, notes, parameters=False)
        with opened(every) as job:
            sources = sources_digest(job.snapshot)
        world = stack.enter_context(bench.world(scales.small))
        notes.step(f"preparing the data at scale {scales.small}")
        world.prepare()
        rows = told_of_rows(scales, world.tables(), world.dump())
        identities = identities_of(bench.settings.identities, env=env, allowed=request.user.secrets)
        workload, said = _workload(bench, request, surveyed, world)
        groups = _groups(workload, surveyed)
        counting = Playing(role="time", state=False, warm=True, limits=TIMED)
        noting = replace(counting, warm=False, lines=True)
        lined, _ = _rounds(world, groups, identities, noting, 1, notes)
        if full is not None:
            notes.step(f"preparing the data at scale {scales.full}")
            full()  # from here on nothing else goes on: what a processor does is measured, too
        counted, counted_warm = _rounds(world, groups, identities, counting, request.repeats, notes)
        tree, engine = world.copied.digest, world.engine
        timed: list[Replay] = []
        timed_warm: list[Replay] = []
        if full is not None:
            timing = replace(counting, probe=False)
            timed, timed_warm = _rounds(full(), groups, identities, timing, request.repeats, notes)
    grown = (
        tuple(grow(bench, request.growth, workload, identities, surveyed, notes)) if request.growth else ()
    )
    observation = observe(
        workload,
        Measured(counted=counted, counted_warm=counted_warm, lined=lined, timed=timed, timed_warm=timed_warm),
        subject=Subject(
            target=str(request.audit.path),
            tree=tree,
            sources=sources,
            environment=_environment(bench, engine, fresh_each=len(groups) > 1),
            endpoints=[one.id for one in surveyed],
        ),
    )
    observation = observation.model_copy(update={"notes": (*rows[0], *rows[1], *said, *observation.notes)})
    file = keep_observation(bench.folder, observation)
    return Measurement(observation=observation, growth=grown, file=file, notice=bench.notice)


def _full(bench: Bench, stack: ExitStack) -> Callable[[], World]:
    """The world in which time is taken, prepared by and by."""
    scales = bench.settings.database
    world = bench.world(scales.full)
    return stack.enter_context(
        prepared_beside(world, alone=scales.full == scales.small or not world.is_apart)
    )


def _rounds(
    world: World,
    groups: tuple[Workload, ...],
    identities: tuple[Identity, ...],
    playing: Playing,
    repeats: int,
    notes: Notes,
) -> tuple[list[Replay], list[Replay]]:
    """Cold and warm, as often as asked: each repeat is every group in a fresh server of its own."""
    cold: list[Replay] = []
    warm: list[Replay] = []
    steadying = Steadying()
    notes.step("noting lines" if playing.lines else "counting" if playing.probe else "timing")
    for number in range(repeats):
        played: list[Round] = []
        for at, group in enumerate(groups, 1):
            played.append(steadying.known_good(partial(play_round, world, group, identities, playing)))
            notes.progress(number * len(groups) + at, repeats * len(groups))
        cold.append(_together(one.replay for one in played))
        warm.append(_together(one.warm for one in played if one.warm is not None))
    return cold, warm


def _together(replays: Iterable[Replay]) -> Replay:
    parts = tuple(replays)
    return Replay(
        mode="in order",
        exchanges=tuple(exchange for part in parts for exchange in part.exchanges),
        outside=tuple(record for part in parts for record in part.outside),
    )


def _workload(
    bench: Bench, request: MeasureRequest, surveyed: tuple[Surveyed, ...], world: World
) -> tuple[Workload, tuple[str, ...]]:
    """The contract's, frozen, where there is one; else as `record` would choose it, without edges.

    What the measured requests need is sent too, and not measured.
    """
    kept, notes = recorded_workload(bench) if request.workload is None else (None, ())
    if kept is None:
        chosen = choose_workload(bench, surveyed, world.dump(), file=request.workload, edges=False)
        kept, notes = chosen.workload, (*notes, *chosen.notes)
    workload = kept
    timed = tuple(one for one in workload.requests if "time" in one.roles)
    if request.audit.endpoints:
        wanted = matching_endpoints(request.audit.endpoints, [one.id for one in surveyed])
        timed = tuple(
            one for one in timed if (found := asked(one, surveyed)) is not None and found.id in wanted
        )
    if not timed:
        raise Fault(
            "no request of the workload is for these endpoints",
            where=", ".join(request.audit.endpoints) or str(bench.root),
            hint="add one to the workload: `auditor record --workload FILE`",
        )
    return part_of(workload, [one.id for one in timed]), notes


def _groups(workload: Workload, surveyed: tuple[Surveyed, ...]) -> tuple[Workload, ...]:
    """One workload an endpoint while they are few, so that each is cold; else one for all."""
    by_endpoint: dict[str, list[Request]] = {}
    for one in workload.requests:
        found = asked(one, surveyed)
        by_endpoint.setdefault(found.id if found else one.path, []).append(one)
    if len(by_endpoint) > FRESH_EACH or any(workload.needs.values()):
        return (workload,)
    return tuple(workload_of(requests) for requests in by_endpoint.values())


def _environment(bench: Bench, engine: str, *, fresh_each: bool) -> dict[str, str]:
    scales = bench.settings.database
    return {
        "auditor": auditor.__version__,
        "jail": bench.jail.name,
        "database": engine,
        "scale of counts": str(scales.small),
        "scale of times": str(scales.full),
        "cold": "a fresh server for each endpoint"
        if fresh_each
        else "one fresh server for the whole workload",
    }
