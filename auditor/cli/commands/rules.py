"""``auditor rules``: what can be found, and the page of each rule."""

import argparse
import json
from dataclasses import dataclass

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Rules:
    """Lists the rules, or shows one."""

    summary: str = "list the rules, or show the page of one"

    def prepare_parser(self, parser: Parser, /) -> None:
        """The rule and the form."""
        parser.add_argument(
            "rule", metavar="RULE", nargs="?", help="show its page; without it, all are listed"
        )
        parser.add_argument("--json", action="store_true", help="the list as JSON")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints the list by group, or a page in markdown."""
        from auditor.engine.selection import check_rules  # noqa: PLC0415
        from auditor.report.terminal import render_rules  # noqa: PLC0415  brings the report's types along
        from auditor.rules import rule_infos  # noqa: PLC0415  imports every rule

        rules = {rule.id: rule for rule in rule_infos()}
        output = console.output
        if arguments.rule is not None:
            check_rules([arguments.rule], rules)
            output.write(f"# {arguments.rule}\n\n{rules[arguments.rule].docs.strip()}")
        elif arguments.json:
            rows = [rule.model_dump(mode="json", exclude={"docs"}) for rule in rules.values()]
            output.write(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            output.write(render_rules(rules.values(), width=output.line_width, colour=output.colour))
        return ExitCode.DONE


COMMAND = Rules()
