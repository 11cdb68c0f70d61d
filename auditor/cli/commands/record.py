"""``auditor record``: what the target answers and does now, kept as the contract that changes are held to."""

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser

if TYPE_CHECKING:  # it brings the engine along
    from auditor.engine.measuring.record import Recorded


@dataclass(frozen=True, slots=True)
class Record:
    """Boots the target in a jail, plays a workload twice, keeps what came back."""

    summary: str = "run the target in a jail and record what it answers and does"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, the workload, and how it is run."""
        from auditor.cli.running_arguments import add_running_arguments  # noqa: PLC0415  brings the engine along

        add_running_arguments(parser)
        parser.add_argument(
            "--workload", metavar="FILE", type=Path, help="a requests.jsonl, in the place of the settings'"
        )
        parser.add_argument(
            "--no-edges", action="store_true", help="no requests at the edges of what the code compares"
        )
        parser.add_argument(
            "--runs", metavar="N", type=_runs, default=2, help="how often, to tell noise (default: 2)"
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
    contract = recorded.contract
    statuses = Counter(heard.answer.status for heard in contract.recording.heard.values())
    answered = ", ".join(
        f"{count} × {status or 'no answer'}" for status, count in sorted(statuses.items(), key=str)
    )
    endpoints = len(set(recorded.chosen.endpoints.values()))
    masked = sum(len(mask.blurs) for mask in contract.masks.values())
    lines = [
        f"contract   {recorded.folder}",
        f"requests   {len(contract.workload.requests)} on {endpoints} endpoints, {recorded.chosen.edges} of them at edges",
        f"answers    {answered}",
        f"noise      {masked} places differ by themselves and are compared by type"
        if masked
        else "noise      none",
        f"tables     {len(contract.recording.changes)} changed by the workload",
        f"boot       {recorded.boot_s:.1f} s, jail: {recorded.jail}",
    ]
    if contract.unsteady:
        lines.append(
            f"unsteady   {len(contract.unsteady)} requests can't be judged: {', '.join(contract.unsteady[:5])}"
        )
    if recorded.self_differences:
        lines.append(
            f"differs    {len(recorded.self_differences)} places differ from run to run beyond its noise:"
        )
        lines += [f"           {one.sentence()}" for one in recorded.self_differences[:10]]
    lines += [f"note       {note}" for note in recorded.chosen.notes]
    return "\n".join(lines) + "\n"


def _runs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs (1 to 20)")
    return int(text)


COMMAND = Record()
