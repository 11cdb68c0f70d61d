"""``auditor doctor``: whether this installation works here, and what it would use."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.arguments import path_name
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.model_arguments import add_model_choice
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Doctor:
    """Checks the surroundings."""

    summary: str = "check this installation, and what a target needs to be recorded"

    def prepare_parser(self, parser: Parser, /) -> None:
        """The target and the form."""
        parser.add_argument(
            "path",
            metavar="PATH",
            nargs="?",
            type=path_name,
            help="a tree: also check what recording it needs",
        )
        add_model_choice(parser)
        parser.add_argument("--json", action="store_true", help="as JSON")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints one check a line; the status is 1 when something is missing."""
        from auditor.cli.checks import check_jail, check_model_settings, run_checks  # noqa: PLC0415  imports what it checks

        checks = (*run_checks(), *check_model_settings(arguments))
        if arguments.path is None:
            checks += (check_jail(),)
        else:
            from auditor.cli.target_checks import check_target  # noqa: PLC0415  brings the engine along

            checks += check_target(Path(arguments.path))
        if arguments.json:
            rows = [{"name": check.name, "ok": check.ok, "text": check.text} for check in checks]
            console.output.write(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            for check in checks:
                console.output.write(f"{'ok     ' if check.ok else 'PROBLEM'}  {check.name:<12} {check.text}")
        return ExitCode.DONE if all(check.ok for check in checks) else ExitCode.FINDINGS


COMMAND = Doctor()
