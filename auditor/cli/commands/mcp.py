"""``auditor mcp``: the tools of the Model Context Protocol, for an assistant that a person pairs with."""

import argparse
import sys
from dataclasses import dataclass

from auditor.cli.arguments import duration
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.leaving import interrupt_at_once
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Mcp:
    """Serves one target on standard input and output."""

    summary: str = "serve routes, traces, findings and verified patches to an assistant (MCP)"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, and how it is run."""
        from auditor.cli.running_arguments import add_trial_arguments  # noqa: PLC0415  brings the engine along

        add_trial_arguments(parser)
        parser.add_argument(
            "--target", metavar="TIME", type=duration, help="what endpoints should take at most"
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Serves until the client leaves."""
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415  as above
        from auditor.engine.assisting.assistant import Assistant  # noqa: PLC0415
        from auditor.engine.fixing.request import FixRequest  # noqa: PLC0415
        from auditor.mcp_server import serve  # noqa: PLC0415
        from auditor.repo.root import root_of  # noqa: PLC0415

        audit, user = running_request(arguments, "mcp", console.narration)
        request = FixRequest(
            audit=audit,
            user=user,
            workload=arguments.workload,
            edges=not arguments.no_edges,
            resume=arguments.resume,
            time=not arguments.no_time,
        )
        root_of(audit.path)
        assistant = Assistant(request, Narrated(console.narration))
        console.narration.say(f"serving {audit.path} on standard input and output; end it by closing them")
        interrupt_at_once()
        try:
            serve(assistant)
        finally:
            if not isinstance(sys.exception(), KeyboardInterrupt):  # who is told to end waits for no trial
                assistant.close()
        return ExitCode.DONE


COMMAND = Mcp()
