"""``auditor record``: what the target answers and does now, kept as the contract that changes are held to."""

import argparse
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.cli.arguments import number
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser

if TYPE_CHECKING:  # it brings the engine along
    from auditor.engine.measuring.record import Recorded
    from auditor.measure.contract.contract import Contract


@dataclass(frozen=True, slots=True)
class Record:
    """Boots the target in a jail, plays a workload twice, keeps what came back."""

    summary: str = "run the target in a jail and record what it answers and does"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, the workload, and how it is run."""
        from auditor.cli.running_arguments import (  # noqa: PLC0415  brings the engine along
            add_no_edges_argument,
            add_running_arguments,
            add_workload_argument,
        )

        add_running_arguments(parser)
        add_workload_argument(parser, instead_of="that of the settings")
        add_no_edges_argument(parser)
        parser.add_argument(
            "--runs",
            metavar="N",
            type=number("runs", most=20),
            default=2,
            help="how often, to tell noise (default: 2)",
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Records and says what can be judged by it."""
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415  as above
        from auditor.engine.measuring.record import RecordRequest, record  # noqa: PLC0415

        audit, user = running_request(arguments, "record", console.narration)
        request = RecordRequest(
            audit=audit,
            user=user,
            workload=arguments.workload,
            edges=not arguments.no_edges,
            runs=arguments.runs,
        )
        recorded = record(request, Narrated(console.narration))
        console.narration.clear()
        for doubt in (*recorded.doubts, *([recorded.notice] if recorded.notice else [])):
            console.narration.warn(doubt)
        console.output.write(_told(recorded))
        return ExitCode.DONE


def _told(recorded: "Recorded") -> str:
    from auditor.report.figures import count  # noqa: PLC0415  brings the types of reports along

    contract = recorded.contract
    statuses = Counter(heard.answer.status for heard in contract.recording.heard.values())
    answered = ", ".join(
        f"{number} × {status or 'no answer'}" for status, number in sorted(statuses.items(), key=str)
    )
    endpoints = len(set(recorded.chosen.endpoints.values()))
    masked = sum(len(mask.blurs) for mask in contract.masks.values())
    lines = [
        f"contract   {recorded.folder}",
        f"requests   {_requests(contract, endpoints)}, {recorded.chosen.edges} of them at edges",
        f"answers    {answered}",
        f"noise      {count(masked, 'place')} of answers, different in each run: compared by type from now on"
        if masked
        else "noise      none",
        f"writes     {count(len(contract.recording.changes), 'table')} changed by the workload",
        f"boot       {recorded.boot_s:.1f} s, jail: {recorded.jail}",
    ]
    if contract.unsteady:
        lines.append(
            f"unsteady   {count(len(contract.unsteady), 'request')} can't be judged: {', '.join(contract.unsteady[:5])}"
        )
    if recorded.self_differences:
        lines.append(
            f"differs    {count(len(recorded.self_differences), 'place')} from run to run, beyond its noise:"
        )
        lines += [f"           {one.sentence()}" for one in recorded.self_differences[:10]]
    lines += [f"note       {note}" for note in recorded.chosen.notes]
    return "\n".join(lines) + "\n"


def _requests(contract: "Contract", endpoints: int) -> str:
    from auditor.report.figures import count  # noqa: PLC0415  as above

    asked = count(len(contract.workload.requests), "request")
    return (
        f"{asked} on {count(endpoints, 'endpoint')}"
        if endpoints
        else f"{asked}, on no endpoint that is known"
    )


COMMAND = Record()
