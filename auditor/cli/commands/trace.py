"""``auditor trace``: from one endpoint down to every effect, as a tree with costs."""

import argparse
from dataclasses import dataclass

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.leaving import expect_end
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Trace:
    """Shows call chains."""

    summary: str = "show what an endpoint calls, down to its queries, with costs"

    def prepare_parser(self, parser: Parser, /) -> None:
        """ENDPOINT and the tree."""
        from auditor.cli.tree_arguments import add_tree_arguments  # noqa: PLC0415  brings the engine along

        parser.add_argument("endpoint", metavar="ENDPOINT", nargs=1, help="`GET /path`, or a bare path")
        add_tree_arguments(parser)

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints a tree for each endpoint that the name means."""
        from auditor.cli.follow import follow  # noqa: PLC0415  as above
        from auditor.cli.tree_arguments import request_of  # noqa: PLC0415
        from auditor.model.report import Report  # noqa: PLC0415
        from auditor.report.terminal import render_trace_tree  # noqa: PLC0415

        expect_end()
        finished = follow(request_of(arguments, "trace", console.narration), console.narration)
        report = Report.model_validate_json(finished.report)
        output = console.output
        trees = [
            render_trace_tree(endpoint, width=output.line_width, colour=output.colour)
            for endpoint in report.endpoints
        ]
        output.write("\n".join(trees))
        return ExitCode.DONE


COMMAND = Trace()
