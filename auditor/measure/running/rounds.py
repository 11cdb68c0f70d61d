"""One round: from the prepared state, boot, send the whole workload, look what became of it, end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NoReturn

from auditor.execution.boot import BootReport
from auditor.execution.databases.database import Row
from auditor.execution.server import Server
from auditor.execution.world import World
from auditor.measure.contract.recording import Recording, recording_of
from auditor.measure.exchange import Witnessed
from auditor.measure.identity import Identity, headers_of
from auditor.measure.records import ProbeRecord, parse_record
from auditor.measure.replay import HOST, Mode, Replay, Watch, replay
from auditor.measure.request import Role
from auditor.measure.running.identities import let_in
from auditor.measure.sending import Door, Limits
from auditor.measure.workload import Workload
from auditor.model.fault import Fault

QUIET_S = 0.3
"""Deferred work is waited for until the spool has been still for so long."""
SETTLE_S = 10.0


class Misbehaved(Fault):
    """The target did what makes a round void. Of a candidate whose baseline does not, that is a verdict."""


class TargetDied(Misbehaved):
    """It booted, and did not live through the workload."""


class Restless(Misbehaved):
    """It goes on working after its last answer."""


class Tampered(Misbehaved):
    """What the probe writes can't be read any more."""


Ending = Literal["let", "seen", "cut"]
"""It is asked to end and waited for, since what it does at its end may write rows; likewise, and looked at before that as well; or ended at
once, where it is known that there is nothing to wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave."""

    boot: BootReport
    replay: Replay
    warm: Replay | None
    """The same once more, from the same server."""
    first: Replay | None = None
    """What was sent before everything else."""
    at_once: Replay | None = None
    """What was sent eight at a time before the workload."""
    recording: Recording
    """Of the first pass, or of both where there were two."""
    asked: tuple[str, ...]
    """Hosts that were looked up and nobody answers."""
    is_cut: bool = False
    """Whether it was ended at once."""
    ends_quietly: bool | None = None
    """Whether it left the rows alone at its end, where that was to be seen."""

    @property
    def interpreter(self) -> str:
        """Of the first process with the probe: `cpython 3.12.1`; empty where there was none."""
        started = next((each.started for each in self.replay.processes if each.started is not None), {})
        return f"{started.get('implementation', '')} {started.get('python', '')}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """How a round is played."""

    mode: Mode = "in order"
    role: Role | None = None
    probe: bool = True
    """Off where time is taken."""
    lines: bool | Literal["functions"] = False
    """Records the lines that each request ran; of `functions` the first alone, decorators included: next to nothing from Python 3.12 on."""
    warm: bool = False
    """Sends everything a second time."""
    first: Workload | None = None
    """Is sent in order before everything else, to be counted apart, and so by one worker: see `counts`."""
    at_once: Workload | None = None
    """Is sent eight at a time after that, and before the workload itself."""
    state: bool = True
    """Looks what became of the rows, which takes seconds on large data; off where only costs are asked for."""
    ending: Ending = "let"
    """How it ends where it is looked what became of the rows."""
    limits: Limits | None = None
    audit_loggers: frozenset[str] = frozenset()

    @property
    def counts(self) -> bool:
        """Whether all of it is only sent to be counted: then on one connection, so that one worker answers, where the server keeps it."""
        return self.probe and self.role == "time" and self.mode == "in order"


def play_round(
    world: World,
    workload: Workload,
    identities: Iterable[Identity],
    playing: Playing = Playing(),
    /,
    *,
    answered: Callable[[int, int], None] | None = None,
    booted: Callable[[], None] = lambda: None,
    asked: Callable[[], None] = lambda: None,
) -> Round:
    """Plays the workload once, on the prepared data, in a fresh server.

    `answered` is told how many of how many requests have been answered, each time the workload is gone through in order. `booted` is
    called when the server is up, before anything is sent, and `asked` when nothing more is sent to it: what comes then is its end.

    Raises:
        Fault: the target does not come up, dies on the way (then the round is void, and no verdict on anything), or a login fails.
    """
    world.reset()
    who = let_in(world, identities)
    before = world.dump() if playing.state else {}
    with _whole(world), world.boot(probe=playing.probe, lines=playing.lines) as server:
        booted()
        watch = _watch(world, server) if playing.probe else Watch()
        apart = [one for one in (playing.first, playing.at_once) if one is not None]

        def sent(what: Workload, mode: Mode, door: Door) -> Replay:
            heard = answered if what is workload else None
            return replay(
                what, door, mode=mode, role=playing.role, identities=who, watch=watch, answered=heard
            )

        first = at_once = None
        with _door(server, playing, kept=playing.first is not None) as door:
            if apart:  # so that what signing in leaves behind is left once
                who = _signed_in(who, (*apart, workload), door)
            if playing.first is not None:
                first = sent(playing.first, "in order", door)
        with _door(server, playing, kept=playing.counts) as door:
            if playing.at_once is not None:
                at_once = sent(playing.at_once, "eight at once", door)
            passes = [sent(workload, playing.mode, door) for _ in range(2 if playing.warm else 1)]
        _check(world, server, [one for one in (first, at_once, *passes) if one is not None])
        hosts, report = server.asked(), server.report
        asked()
        seen = _seen(world) if playing.state and playing.ending != "let" else None
        last = seen if playing.ending == "cut" else None
        if playing.state and last is None:
            server.stop()
    after = last if last is not None else world.dump() if playing.state else {}
    recording = recording_of(
        passes[0],
        before=before,
        after=after,
        audit_loggers=playing.audit_loggers,
        earlier=[one for one in (first, at_once) if one is not None],
    )
    return Round(
        boot=report,
        replay=passes[0],
        warm=passes[1] if playing.warm else None,
        recording=recording,
        asked=hosts,
        first=first,
        at_once=at_once,
        is_cut=last is not None,
        ends_quietly=seen == after if playing.state and playing.ending == "seen" else None,
    )


def _seen(world: World) -> dict[str, tuple[Row, ...]] | None:
    """The rows while it serves; None where it is just writing and they can't be read: that is told when it has ended."""
    try:
        return world.dump()
    except Fault:
        return None


def _signed_in(
    identities: Iterable[Identity], workloads: Iterable[Workload], door: Door
) -> tuple[Identity, ...]:
    """Those who are named, with what their login gave in the place of the login."""
    named = {request.identity for workload in workloads for request in workload.requests}
    return tuple(
        Identity(name=one.name, headers=headers_of(one, door, host=HOST)) if one.name in named else one
        for one in identities
    )


def _door(server: Server, playing: Playing, *, kept: bool) -> Door:
    return Door(server.door, limits=playing.limits, kept=kept)


def reader(server: Server, /) -> Callable[[], tuple[ProbeRecord, ...]]:
    """The probe's records since the last call; a `Fault` when the target has put something else where they stand."""

    def read() -> tuple[ProbeRecord, ...]:
        with _own_spool():
            lines = server.records()
        return tuple(record for record in map(parse_record, lines) if record is not None)

    return read


def _watch(world: World, server: Server) -> Watch:
    """The probe, the witness where there is one, and what comes after the last answer: it belongs to its request."""

    def quiet() -> None:
        with _own_spool():
            settled = server.settled(quiet_s=QUIET_S, timeout_s=SETTLE_S)
        if not settled:
            _restless()

    return Watch(records=reader(server), witness=_witness(world), quiet=quiet)


@contextmanager
def _whole(world: World) -> Iterator[None]:
    """What goes wrong with a database that has died is not the target's doing."""
    try:
        yield
    except Fault:
        world.check()
        raise


def _check(world: World, server: Server, passes: Iterable[Replay]) -> None:
    """The database first: the target may have died of its death."""
    world.check()
    if not server.alive():
        raise TargetDied(
            f"the target died while it was asked, so the run is void; its log ends: {_end(server.log())}",
            where=next(_unanswered(passes), "the target"),
            hint=f"`[workload] skip` leaves an endpoint out; the whole log: {world.keep_log()}",
        )


def _unanswered(passes: Iterable[Replay]) -> Iterator[str]:
    for one in passes:
        for exchange in one.exchanges:
            if exchange.answer.ending in {"broken", "refused"}:
                yield f"request {exchange.request.id!r}"


def _restless() -> NoReturn:
    raise Restless(
        f"goes on working {SETTLE_S:g} s after its last answer, so what it does can't be counted",
        where="the target",
        hint="switch its periodic work off for the audit: boot.env gives it variables",
    )


@contextmanager
def _own_spool() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Tampered(
            f"the probe's records can't be read, so the run is void: {error.strerror or error}",
            where="the target",
            hint="it must leave the folder that AUDITOR_SPOOL names alone",
        ) from error


def _witness(world: World) -> Callable[[], Witnessed] | None:
    witness = world.witness
    if witness is None:
        return None

    def count() -> Witnessed:
        totals = witness.totals()
        return Witnessed(statements=totals.queries, transactions=totals.transactions)

    return count


def _end(log: str) -> str:
    return (log.strip().splitlines() or ["(empty)"])[-1][:300]
