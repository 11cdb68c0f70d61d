"""`auditor record`: what known-good answers and does, run twice, kept as a contract."""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import auditor
from auditor.config.user import UserSettings
from auditor.engine.fixing.runs import at_work
from auditor.engine.measuring.edge_rows import ROWS, save_rows
from auditor.engine.measuring.filled import told_of_rows
from auditor.engine.measuring.in_turn import Elsewhere, Hooks, in_turn
from auditor.engine.measuring.survey import survey
from auditor.engine.measuring.trying import choose_and_try
from auditor.engine.measuring.workload import Chosen
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.databases.tables import NewRow
from auditor.execution.world import World
from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.store import save_contract
from auditor.measure.exchange import Exchange
from auditor.measure.running.bench import Bench, open_bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.preparing import prepared_beside
from auditor.measure.running.rounds import Playing, Round, play_round
from auditor.measure.running.trouble import Steadying
from auditor.measure.worth import doubts, nothing_judged
from auditor.model.fault import Fault

CONTRACT = "contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """What is asked for."""

    audit: AuditRequest
    """The tree, and how it is read."""
    user: UserSettings
    workload: Path | None = None
    edges: bool = True
    runs: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What came of it."""

    folder: Path
    """Where the contract lies."""
    contract: Contract
    chosen: Chosen
    doubts: tuple[str, ...]
    """What it can't judge, a sentence each; to be said loudly."""
    self_differences: tuple[Difference, ...]
    """Of the last run against the contract made from all: none, or the noise could not be learnt."""
    boot_s: float
    jail: str
    notice: str


def record(request: RecordRequest, notes: Notes, /, *, env: Mapping[str, str] = os.environ) -> Recorded:
    """Boots the target, plays the workload at the small scale as often as asked, and keeps the contract.

    Raises:
        Fault: whatever keeps it from being recorded, with what to do; another process at work on the target, for one.
    """
    bench = open_bench(request.audit.path, request.user, env=env)
    with at_work(bench.folder, doing="auditor record"):
        return _recorded(bench, request, notes, env)


def _recorded(bench: Bench, request: RecordRequest, notes: Notes, env: Mapping[str, str]) -> Recorded:
    with prepared_beside(bench.world(bench.settings.database.small)) as prepared:
        surveyed = survey(request.audit, notes, parameters=request.edges)
        notes.step("preparing the data")
        world = prepared()
        warned, told = told_of_rows(bench.settings.database, world.tables(), world.dump())
        identities = identities_of(bench.settings.identities, env=env, allowed=request.user.secrets)
        chosen, rows = choose_and_try(
            world,
            bench,
            identities,
            surveyed,
            file=request.workload,
            edges=request.edges,
            step=notes.step,
        )
        rounds: list[Round] = []
        steadying = Steadying()
        playing = Playing(audit_loggers=frozenset(bench.settings.workload.audit_loggers))

        def play(world: World, number: int, hooks: Hooks) -> Round:
            def booted() -> None:
                hooks.booted()
                notes.step(f"run {number} of {request.runs}: {len(chosen.workload.requests):,} requests")

            return steadying.known_good(
                lambda: play_round(
                    world,
                    chosen.workload,
                    identities,
                    playing,
                    answered=notes.progress,
                    booted=booted,
                    asked=hooks.asked,
                )
            )

        with closing(in_turn(world, lambda: _another(bench, world, rows), play, runs=request.runs)) as played:
            for one in played:
                rounds.append(one)
                _worth_it(rounds[0].replay.exchanges, request)
        about = _about(bench, world, rounds[0])
    recordings = [one.recording for one in rounds]
    contract = make_contract(
        chosen.workload, recordings, about=about, excluded=bench.settings.workload.exclude
    )
    save_rows(bench.folder / ROWS, rows)
    save_contract(contract, bench.folder / CONTRACT)
    return Recorded(
        folder=bench.folder / CONTRACT,
        contract=contract,
        chosen=replace(chosen, notes=(*chosen.notes, *told)),
        doubts=(*warned, *doubts(rounds[0].replay.exchanges), *_hosts(rounds)),
        self_differences=tuple(one for run in recordings for one in compare(contract, run)),
        boot_s=rounds[0].boot.seconds,
        jail=bench.jail.name,
        notice=bench.notice,
    )


def _another(bench: Bench, first: World, rows: tuple[NewRow, ...]) -> World:
    """One more world on the same data, prepared; `Elsewhere` where there is none."""
    if not first.is_apart or bench.recipe.database_url is not None:
        raise Elsewhere("one network, or one database, for both")
    world = replace(bench, rows=rows).world(first.scale)
    try:
        _check_same(world, first)
        world.prepare()
    except BaseException:
        world.close()
        raise
    return world


def _check_same(world: World, first: World) -> None:
    if world.copied.digest != first.copied.digest:
        raise Elsewhere("the tree has been edited since it was copied first")


def _worth_it(exchanges: tuple[Exchange, ...], request: RecordRequest) -> None:
    """A contract that judges nothing is none: it would let every change pass, and take the place of a better one."""
    why = nothing_judged(exchanges)
    if why:
        others = [doubt for doubt in doubts(exchanges) if doubt != f"{why}."]
        raise Fault(
            f"{why[0].lower()}{why[1:]}",
            where=str(request.workload or request.audit.path),
            hint=" ".join(others)
            or "ask for things that are there: ids of the seeded data, a path that exists",
        )


def _about(bench: Bench, world: World, first: Round) -> About:
    return About(
        tree=world.copied.digest,
        settings=bench.settings_digest,
        environment={
            "auditor": auditor.__version__,
            "jail": bench.jail.name,
            "database": world.engine,
            "interpreter": first.interpreter,
        },
    )


def _hosts(rounds: list[Round]) -> tuple[str, ...]:
    hosts = sorted({host for one in rounds for host in one.asked})
    return (
        (f"It asked for hosts that nobody answers: {', '.join(hosts)}. Name them under [[outside]].",)
        if hosts
        else ()
    )
