"""``auditor measure``: what each request costs, counted and timed, with the line of every effect."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.arguments import add_endpoint_argument, number
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Measure:
    """Boots the target in a jail and measures a workload."""

    summary: str = "run the target in a jail and measure what each request costs"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, what is measured, how often, and the form."""
        from auditor.cli.running_arguments import (  # noqa: PLC0415  brings the engine along
            add_running_arguments,
            add_workload_argument,
        )

        add_running_arguments(parser)
        add_endpoint_argument(parser)
        add_workload_argument(parser)
        parser.add_argument(
            "--repeats",
            metavar="N",
            type=number("repeats", most=100),
            default=3,
            help="of counts and times; fewer than 3 leave counts unknown (default: 3)",
        )
        parser.add_argument("--no-time", action="store_true", help="count only")
        parser.add_argument(
            "--growth",
            metavar="S,S,S",
            type=_scales,
            default=(),
            help="also measure at these scales of the data",
        )
        parser.add_argument("--format", choices=["markdown", "json"], default="markdown")
        parser.add_argument("--output", "-o", metavar="FILE", type=Path, help="write there instead")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Measures and writes."""
        from auditor.cli.destinations import check_output, write_whole  # noqa: PLC0415  as above
        from auditor.cli.own_results import MEASURED  # noqa: PLC0415
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415
        from auditor.engine.measuring.measure import MeasureRequest, measure  # noqa: PLC0415
        from auditor.model.canonical import canonical_json  # noqa: PLC0415
        from auditor.report.growth_document import growth_document  # noqa: PLC0415
        from auditor.report.observation_document import observation_document  # noqa: PLC0415

        check_output(arguments.output, arguments.path, MEASURED)
        audit, user = running_request(arguments, "measure", console.narration)
        request = MeasureRequest(
            audit=audit,
            user=user,
            workload=arguments.workload,
            repeats=arguments.repeats,
            time=not arguments.no_time,
            growth=arguments.growth,
        )
        measured = measure(request, Narrated(console.narration))
        console.narration.clear()
        for note in (*measured.observation.notes, *([measured.notice] if measured.notice else [])):
            console.narration.warn(note)
        if arguments.format == "json":
            text = canonical_json(measured.observation)
        else:
            text = observation_document(measured.observation, notice=measured.notice) + growth_document(
                measured.growth
            )
        if arguments.output is not None:
            write_whole(arguments.output, text)
            console.narration.say(f"wrote {arguments.output}")
        else:
            console.output.write(text)
        console.narration.say(f"kept as {measured.file}")
        return ExitCode.DONE


def _scales(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) >= 1 for part in parts) or len(set(parts)) < 3:
        raise argparse.ArgumentTypeError(f"{text!r} are no three scales: write them like 1,4,10")
    return tuple(sorted({int(part) for part in parts}))


COMMAND = Measure()
