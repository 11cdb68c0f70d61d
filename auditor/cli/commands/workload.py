"""``auditor workload``: a requests.jsonl out of a recording, a schema or a log."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.arguments import number
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class WorkloadOf:
    """Reads what others recorded; nothing is run or sent."""

    summary: str = "make a requests.jsonl out of a HAR file, an OpenAPI document or an access log"

    def prepare_parser(self, parser: Parser, /) -> None:
        """FILE, what it is, and who asks."""
        from auditor.measure.importing.reading import FORMATS  # noqa: PLC0415  brings requests along

        parser.add_argument(
            "file", metavar="FILE", type=Path, help="told by its content, unless --format says"
        )
        parser.add_argument("--format", choices=FORMATS, help="what the file is")
        parser.add_argument(
            "--host", help="of a HAR, only requests to this host (default: the most frequent)"
        )
        parser.add_argument(
            "--as",
            dest="identity",
            metavar="NAME",
            help="the identity of auditor.toml that asks where the file had credentials, which stay behind",
        )
        parser.add_argument(
            "--generate",
            metavar="N",
            type=number("generate", most=1000),
            default=0,
            help="of an OpenAPI document, N unusual requests an operation, half of them such as it forbids",
        )
        parser.add_argument("--output", "-o", metavar="FILE", type=Path, help="where the requests go")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Writes the requests, and says what was left aside."""
        from auditor.cli.destinations import check_output, write_whole  # noqa: PLC0415  as above
        from auditor.cli.own_results import REQUESTS  # noqa: PLC0415
        from auditor.measure.importing.reading import read_requests  # noqa: PLC0415
        from auditor.measure.workload import workload_of  # noqa: PLC0415
        from auditor.report.figures import count  # noqa: PLC0415

        check_output(arguments.output, Path(), REQUESTS)
        read = read_requests(
            arguments.file,
            form=arguments.format,
            host=arguments.host,
            identity=arguments.identity,
            generated=arguments.generate,
        )
        text = workload_of(read.requests).render()
        if arguments.output is not None:
            write_whole(arguments.output, text)
            console.narration.say(f"wrote {arguments.output}")
        else:
            console.output.write(text)
        console.narration.say(count(len(read.requests), "request"))
        for note in (*read.notes, *(f"{many} left out: {reason}" for reason, many in read.skipped)):
            console.narration.warn(note)
        return ExitCode.DONE


COMMAND = WorkloadOf()
