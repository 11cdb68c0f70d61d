"""One round: from the prepared state, boot, send the whole workload, look what became of it, end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor.execution.boot import BootReport
from auditor.execution.server import Server
from auditor.execution.world import World
from auditor.measure.contract.recording import Recording, recording_of
from auditor.measure.identity import Identity
from auditor.measure.records import ProbeRecord, parse_record
from auditor.measure.replay import Mode, Replay, Watch, replay
from auditor.measure.workload import Workload
from auditor.model.fault import Fault

QUIET_S = 0.3
"""Deferred work is waited for until the spool has been still for so long."""
SETTLE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave."""

    boot: BootReport
    replay: Replay
    recording: Recording
    asked: tuple[str, ...]
    """Hosts that were looked up and nobody answers."""


def play_round(
    world: World,
    workload: Workload,
    identities: Iterable[Identity],
    /,
    *,
    mode: Mode = "in order",
    lines: bool = False,
    audit_loggers: frozenset[str] = frozenset(),
) -> Round:
    """Plays the workload once, with the probe.

    Raises:
        Fault: the target does not come up, dies on the way (then the round is void, and no verdict on anything), or a login fails.
    """
    world.reset()
    before = world.dump()
    with world.boot(probe=True, lines=lines) as server:
        played = replay(
            workload, server.door, mode=mode, identities=identities, watch=Watch(records=reader(server))
        )
        if not server.settled(quiet_s=QUIET_S, timeout_s=SETTLE_S):
            raise Fault(
                "goes on working after its last answer, so what it does can't be counted", where="the target"
            )
        if not server.alive():
            raise Fault(
                f"the target died while it was asked; its log ends: {_end(server.log())}", where="the target"
            )
        asked = server.asked()
        server.stop()
        report = server.report
    after = world.dump()
    recording = recording_of(played, before=before, after=after, audit_loggers=audit_loggers)
    return Round(boot=report, replay=played, recording=recording, asked=asked)


def reader(server: Server, /) -> Callable[[], tuple[ProbeRecord, ...]]:
    """The probe's records since the last call."""

    def read() -> tuple[ProbeRecord, ...]:
        return tuple(record for record in map(parse_record, server.records()) if record is not None)

    return read


def _end(log: str) -> str:
    return (log.strip().splitlines() or ["(empty)"])[-1][:300]
