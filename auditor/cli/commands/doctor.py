"""``auditor doctor``: whether this installation works here, and what it would use."""

import argparse
import json
from dataclasses import dataclass

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Doctor:
    """Checks the surroundings."""

    summary: str = "check this installation and show what it uses"

    def prepare_parser(self, parser: Parser, /) -> None:
        """The form."""
        parser.add_argument("--json", action="store_true", help="as JSON")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints one check a line; the status is 1 when something that an audit needs is missing."""
        from auditor.cli.checks import run_checks  # noqa: PLC0415  imports what it checks

        checks = run_checks()
        if arguments.json:
            rows = [{"name": check.name, "ok": check.ok, "text": check.text} for check in checks]
            console.output.write(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            for check in checks:
                console.output.write(f"{'ok     ' if check.ok else 'PROBLEM'}  {check.name:<10} {check.text}")
        return ExitCode.DONE if all(check.ok for check in checks) else ExitCode.FINDINGS


COMMAND = Doctor()
