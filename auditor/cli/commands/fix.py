"""``auditor fix``: the plan's changes, one at a time, each taken through the gates, kept or reverted."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.arguments import add_endpoint_argument, duration, number
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.model_arguments import add_model_arguments, with_model_arguments
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Fix:
    """Tries changes on a private copy; the tree itself stays as it is."""

    summary: str = "try the plan's changes one by one in a sandbox, and keep what is proved"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, what is tried, and the form."""
        from auditor.cli.running_arguments import add_trial_arguments  # noqa: PLC0415  brings the engine along

        add_trial_arguments(parser)
        add_endpoint_argument(parser)
        parser.add_argument(
            "--target", metavar="TIME", type=duration, help="what endpoints should take at most"
        )
        parser.add_argument(
            "--patch", metavar="FILE", type=Path, action="append", default=[],
            help="try this patch and not what codemods propose; repeatable, in this order",
        )  # fmt: skip
        parser.add_argument("--playbook", metavar="NAME", help="treat only what this playbook is for")
        parser.add_argument("--beyond", action="store_true", help="go on when the target is met")
        parser.add_argument(
            "--max-changes", metavar="N", type=number("changes", most=1000), help="stop when so many are kept"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be tried, and run nothing of the target"
        )
        parser.add_argument("--format", choices=["text", "json", "jsonl"], default="text")
        parser.add_argument(
            "--candidates",
            metavar="N",
            type=number("patches", most=1000),
            default=1,
            help="ask the model for so many patches at once",
        )
        add_model_arguments(parser)

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Runs, tells each verdict as it comes, and sums up."""
        from auditor.cli.model_watching import chosen_model  # noqa: PLC0415  as above
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415
        from auditor.cli.verdict_lines import teller  # noqa: PLC0415
        from auditor.engine.fixing.fix import fix  # noqa: PLC0415
        from auditor.engine.fixing.request import FixRequest  # noqa: PLC0415
        from auditor.model.canonical import canonical_json  # noqa: PLC0415
        from auditor.report.result_text import result_text  # noqa: PLC0415

        audit, user = running_request(arguments, "fix", console.narration)
        user = with_model_arguments(user, arguments)
        choice = chosen_model(user, console.narration)
        request = FixRequest(
            audit=audit,
            user=user,
            workload=arguments.workload,
            edges=not arguments.no_edges,
            patches=tuple(arguments.patch),
            max_changes=arguments.max_changes,
            dry_run=arguments.dry_run,
            resume=arguments.resume,
            rules=_rules(arguments.playbook),
            time=not arguments.no_time,
            beyond=arguments.beyond,
            model=choice.open if choice is not None else None,
            candidates=arguments.candidates,
        )
        fixed = fix(request, Narrated(console.narration), told=teller(arguments.format, console))
        console.narration.clear()
        if arguments.format == "json":
            console.output.write(canonical_json(fixed.result))
        elif arguments.format == "text":
            console.output.write(result_text(fixed.result))
        if not arguments.dry_run:
            console.narration.say(f"the run is kept in {fixed.folder}")
        if fixed.stopped is not None:
            return fixed.stopped.exit_code
        return ExitCode.FINDINGS if fixed.result.target_met is False else ExitCode.DONE


def _rules(playbook: str | None) -> frozenset[str]:
    """The rules whose findings a playbook treats; none where no playbook is named."""
    if playbook is None:
        return frozenset()
    from auditor.stages.playbook.shelf import all_playbooks, playbook_named  # noqa: PLC0415  needs YAML

    return frozenset(playbook_named(playbook, all_playbooks()).rules)


COMMAND = Fix()
