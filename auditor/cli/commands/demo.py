"""``auditor demo``: an audit of the sample that comes along."""

import argparse
from dataclasses import dataclass

from auditor.bundle import bundled
from auditor.cli.command import Console
from auditor.cli.commands.audit import add_audit_arguments, run_audit
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Demo:
    """Audits the sample."""

    summary: str = "audit the sample application that comes with auditor"

    def prepare_parser(self, parser: Parser, /) -> None:
        """As ``audit``, without PATH."""
        from auditor.cli.tree_arguments import add_reading_arguments  # noqa: PLC0415  brings the engine along

        add_audit_arguments(parser)
        add_reading_arguments(parser)
        parser.set_defaults(path=None)

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """As ``audit``; writes no plan unless asked to."""
        sample = bundled("sample")
        console.narration.say(f"auditing the sample application in {sample}")
        arguments.path = str(sample)
        return run_audit(arguments, console, command="demo", writes_plan=False)


COMMAND = Demo()
