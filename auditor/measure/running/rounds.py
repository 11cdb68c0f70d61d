"""One round: from the prepared state, boot, send the whole workload, look what became of it, end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor.execution.boot import BootReport
from auditor.execution.server import Server
from auditor.execution.world import World
from auditor.measure.contract.recording import Recording, recording_of
from auditor.measure.exchange import Witnessed
from auditor.measure.identity import Identity
from auditor.measure.records import ProbeRecord, parse_record
from auditor.measure.replay import Mode, Replay, Watch, replay
from auditor.measure.request import Role
from auditor.measure.sending import Limits
from auditor.measure.workload import Workload
from auditor.model.fault import Fault

QUIET_S = 0.3
"""Deferred work is waited for until the spool has been still for so long."""
SETTLE_S = 10.0


class TargetDied(Fault):
    """It booted, and did not live through the workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave."""

    boot: BootReport
    replay: Replay
    warm: Replay | None
    """The same once more, from the same server."""
    recording: Recording
    """Of the first pass, or of both where there were two."""
    asked: tuple[str, ...]
    """Hosts that were looked up and nobody answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """How a round is played."""

    mode: Mode = "in order"
    role: Role | None = None
    probe: bool = True
    """Off where time is taken."""
    lines: bool = False
    warm: bool = False
    """Sends everything a second time."""
    limits: Limits | None = None
    audit_loggers: frozenset[str] = frozenset()


def play_round(
    world: World, workload: Workload, identities: Iterable[Identity], playing: Playing = Playing(), /
) -> Round:
    """Plays the workload once, on the prepared data, in a fresh server.

    Raises:
        Fault: the target does not come up, dies on the way (then the round is void, and no verdict on anything), or a login fails.
    """
    who = tuple(identities)
    world.reset()
    before = world.dump()
    with world.boot(probe=playing.probe, lines=playing.lines) as server:
        watch = Watch(records=reader(server) if playing.probe else None, witness=_witness(world))
        passes = [
            replay(
                workload,
                server.door,
                mode=playing.mode,
                role=playing.role,
                identities=who,
                limits=playing.limits,
                watch=watch,
            )
            for _ in range(2 if playing.warm else 1)
        ]
        _check(world, server, probe=playing.probe)
        asked, report = server.asked(), server.report
        server.stop()
    recording = recording_of(
        passes[0], before=before, after=world.dump(), audit_loggers=playing.audit_loggers
    )
    warm = passes[1] if playing.warm else None
    return Round(boot=report, replay=passes[0], warm=warm, recording=recording, asked=asked)


def _check(world: World, server: Server, *, probe: bool) -> None:
    if probe and not server.settled(quiet_s=QUIET_S, timeout_s=SETTLE_S):
        raise Fault(
            "goes on working after its last answer, so what it does can't be counted", where="the target"
        )
    if not server.alive():
        raise TargetDied(
            f"the target died while it was asked; its log ends: {_end(server.log())}", where="the target"
        )
    world.check()


def _witness(world: World) -> Callable[[], Witnessed] | None:
    witness = world.witness
    if witness is None:
        return None

    def count() -> Witnessed:
        seen = witness.seen()
        return Witnessed(statements=seen.queries, transactions=seen.transactions)

    return count


def reader(server: Server, /) -> Callable[[], tuple[ProbeRecord, ...]]:
    """The probe's records since the last call."""

    def read() -> tuple[ProbeRecord, ...]:
        return tuple(record for record in map(parse_record, server.records()) if record is not None)

    return read


def _end(log: str) -> str:
    return (log.strip().splitlines() or ["(empty)"])[-1][:300]
