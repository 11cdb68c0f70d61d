"""``auditor routes``: every endpoint of a tree, with its handler."""

import argparse
import json
from dataclasses import dataclass
from typing import Final

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.leaving import expect_end
from auditor.cli.parser import Parser

_SHOWN: Final = {"id", "handler", "file", "line", "framework"}


@dataclass(frozen=True, slots=True)
class Routes:
    """Lists endpoints."""

    summary: str = "list the endpoints of a tree and their handlers"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH and the form."""
        from auditor.cli.tree_arguments import add_tree_arguments  # noqa: PLC0415  brings the engine along

        add_tree_arguments(parser)
        parser.add_argument("--json", action="store_true", help="as JSON")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints one endpoint a line, or a JSON list."""
        from auditor.cli.follow import follow  # noqa: PLC0415  as above
        from auditor.cli.tree_arguments import request_of  # noqa: PLC0415
        from auditor.model.report import Report  # noqa: PLC0415
        from auditor.report.terminal import render_routes  # noqa: PLC0415

        expect_end()
        finished = follow(request_of(arguments, "routes", console.narration), console.narration)
        report = Report.model_validate_json(finished.report)
        if arguments.json:
            routes = [endpoint.model_dump(mode="json", include=_SHOWN) for endpoint in report.endpoints]
            console.output.write(json.dumps(routes, ensure_ascii=False, indent=2))
        else:
            output = console.output
            output.write(render_routes(report.endpoints, width=output.line_width, colour=output.colour))
        if not report.endpoints and report.coverage.looked_for:
            console.narration.say(f"looked for {', '.join(report.coverage.looked_for)}")
        return ExitCode.DONE


COMMAND = Routes()
