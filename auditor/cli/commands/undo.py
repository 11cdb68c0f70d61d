"""``auditor undo``: one kept change is taken out, and the rest is proved again."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Undo:
    """Changes what a run has kept, and nothing of the user's."""

    summary: str = "take one kept change out, and prove the rest again without it"

    def prepare_parser(self, parser: Parser, /) -> None:
        """CHANGE, PATH, and how it is run."""
        from auditor.cli.running_arguments import add_running_arguments  # noqa: PLC0415  brings the engine along

        parser.add_argument(
            "change",
            metavar="CHANGE",
            nargs="?",
            help="its id, as C-3fa2c1 (default: the last that was kept)",
        )
        add_running_arguments(parser)
        parser.add_argument("--run", metavar="ID", help="of this run (default: the last one)")
        parser.add_argument("--because", metavar="TEXT", default="", help="why, for whoever asks later")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go with it, change nothing"
        )
        parser.add_argument("--format", choices=["text", "json", "jsonl"], default="text")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Takes it out, tells each verdict on the rest, and says how that is brought home."""
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415  as above
        from auditor.cli.verdict_lines import teller  # noqa: PLC0415
        from auditor.engine.fixing.request import FixRequest  # noqa: PLC0415
        from auditor.engine.fixing.undo import Foreseen, UndoRequest, foresee, undo  # noqa: PLC0415
        from auditor.model.canonical import canonical_json  # noqa: PLC0415
        from auditor.report.result_text import result_text  # noqa: PLC0415

        _path_alone(arguments)
        audit, user = running_request(arguments, "undo", console.narration)
        request = UndoRequest(
            fix=FixRequest(audit=audit, user=user),
            change=arguments.change,
            run=arguments.run,
            because=arguments.because,
        )

        def foreseen(found: Foreseen) -> str:
            lines = [f"would take out {found.change}: {found.title}"]
            lines += [f"would go with it: {change}: {why}" for change, why in found.gone_with_it]
            lines += [f"would be tried again: {change}" for change in found.tried_again]
            return "\n".join(lines) + "\n"

        if arguments.dry_run:
            if arguments.format != "text":
                raise Fault("a dry run is told as text alone", where="--format")
            console.output.write(foreseen(foresee(request)))
            return ExitCode.DONE
        done = undo(request, Narrated(console.narration), told=teller(arguments.format, console))
        console.narration.clear()
        if arguments.format == "json" and done.result is not None:
            console.output.write(canonical_json(done.result))
        elif arguments.format != "jsonl":
            lines = [f"{done.change} {'was' if done.already else 'is'} taken out: {done.title}"]
            lines += [f"{one.verdict.verdict:<9} {one.change}  {one.title}" for one in done.settled]
            lines += [f"still kept: {one.change}  {one.title}" for one in done.ledger.kept]
            text = "\n".join(lines) + "\n"
            console.output.write(text + ("\n" + result_text(done.result) if done.result else ""))
        if any(one.kept.change == done.change for one in done.ledger.delivered):
            console.narration.say("it was delivered: `auditor apply` takes it back on a branch")
        return ExitCode.DONE


def _path_alone(arguments: argparse.Namespace) -> None:
    """`auditor undo PATH`: one argument that is a folder and no change."""
    change = arguments.change
    if change is not None and arguments.path == "." and not change.startswith("C-") and Path(change).is_dir():
        arguments.change, arguments.path = None, change


COMMAND = Undo()
