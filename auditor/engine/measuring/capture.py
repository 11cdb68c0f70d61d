"""`auditor capture`: the target's own tests, run in the jail under the probe."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import auditor
from auditor.config.command import parse_command
from auditor.config.user import UserSettings
from auditor.engine.measured import sources_digest
from auditor.engine.measuring.survey import survey
from auditor.engine.observations import keep_observation
from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.ran import Ran
from auditor.measure.captured import Captured, captured
from auditor.measure.observe import Subject
from auditor.measure.records import ProbeRecord, parse_record
from auditor.measure.running.bench import open_bench
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """What is asked for."""

    audit: AuditRequest
    user: UserSettings
    command: tuple[str, ...]
    """The words of the command that runs the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What came of it."""

    ran: Ran
    found: Captured
    file: Path
    """Where the observation was kept."""
    notice: str


def capture(request: CaptureRequest, notes: Notes, /, *, env: Mapping[str, str] = os.environ) -> Capture:
    """Runs the command on data of the small scale and keeps what the application was asked and did.

    Tests that fail do not keep it from that: what they asked was asked.

    Raises:
        Fault: the target can't be prepared, the command did not run under the probe, or asked for nothing.
    """
    if not request.command:
        raise Fault("no command to run", where="capture", hint="`auditor capture -- pytest`")
    bench = open_bench(request.audit.path, request.user, env=env)
    surveyed = survey(request.audit, notes, parameters=False)
    with opened(request.audit) as job:
        sources = sources_digest(job.snapshot)
    command = parse_command(request.command, where="capture")
    scale = bench.settings.database.small
    with bench.world(scale) as world:
        notes.step(f"preparing the data at scale {scale}")
        world.prepare()
        notes.step(f"running {command.text}")
        ran = world.run(command, probe=True, beside=True)
        tree = world.copied.digest
    records = [record for record in map(parse_record, ran.records) if record is not None]
    _check(ran, records, command.text)
    found = captured(
        records,
        subject=Subject(
            target=str(request.audit.path),
            tree=tree,
            sources=sources,
            environment={"auditor": auditor.__version__, "jail": bench.jail.name, "tests": command.text},
            endpoints=[one.id for one in surveyed],
        ),
    )
    file = keep_observation(bench.folder, found.observation)
    return Capture(ran=ran, found=found, file=file, notice=bench.notice)


def _check(ran: Ran, records: list[ProbeRecord], command: str) -> None:
    said = (f"{ran.output}\n{ran.errors}".strip().splitlines() or ["it says nothing"])[-1][:300]
    if not any(record.started for record in records):
        raise Fault(
            f"{command!r} did not run Python under the probe ({ran.ended.how} {ran.ended.code}): {said}",
            where="capture",
            hint="name the tests' command as it is run in the target's folder; python -I and -E keep the probe out",
        )
    if not any(record.method and record.path for record in records):
        raise Fault(
            f"{command!r} asked the application for nothing ({ran.ended.how} {ran.ended.code}): {said}",
            where="capture",
            hint="tests that use a client of the framework (Flask, Django, Starlette) can be captured",
        )
