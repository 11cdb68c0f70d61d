"""``auditor blame``: after a merge something broke: which change did it, and what is left without it."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:  # it brings the engine along
    from auditor.engine.fixing.blame import Blamed


@dataclass(frozen=True, slots=True)
class Blame:
    """Asks the baseline and each state of what was kept, and takes the change at fault out of the run."""

    summary: str = "find the kept change that broke something, and take it out"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, what broke, and how it is run."""
        from auditor.cli.running_arguments import add_running_arguments  # noqa: PLC0415  brings the engine along

        add_running_arguments(parser)
        parser.add_argument("--log", metavar="FILE", help="what the application logged; - is standard input")
        parser.add_argument(
            "--request", metavar="FILE", type=Path, action="append", default=[],
            help="requests that broke, a JSON object a line as in requests.jsonl; repeatable",
        )  # fmt: skip
        parser.add_argument(
            "--url", metavar="URL", action="append", default=[],
            help="a request that broke, as '/people?limit=0' or 'POST /people'; repeatable",
        )  # fmt: skip
        parser.add_argument(
            "--header", metavar="'NAME: VALUE'", action="append", default=[], help="of each --url"
        )
        parser.add_argument("--body", metavar="TEXT", help="of each --url; JSON is sent as JSON")
        parser.add_argument("--as", metavar="IDENTITY", dest="identity", help="who asks each --url")
        parser.add_argument("--run", metavar="ID", help="of this run (default: the last that was delivered)")
        parser.add_argument(
            "--dry-run", action="store_true", help="find the change, and leave it where it is"
        )
        parser.add_argument("--format", choices=["text", "json", "jsonl"], default="text")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Finds it, takes it out, and says how that is brought home; status 1 when no kept change is at fault."""
        from auditor.cli.broken import broken_requests, read_log  # noqa: PLC0415  as above
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415
        from auditor.cli.verdict_lines import teller  # noqa: PLC0415
        from auditor.engine.fixing.blame import BlameRequest, blame  # noqa: PLC0415
        from auditor.engine.fixing.request import FixRequest  # noqa: PLC0415
        from auditor.model.canonical import canonical_json  # noqa: PLC0415
        from auditor.report.result_text import result_text  # noqa: PLC0415

        requests, log = broken_requests(arguments), read_log(arguments.log)
        if not requests and not log.strip():
            raise Fault("nothing says what broke", hint="--request FILE, --url URL or --log FILE")
        audit, user = running_request(arguments, "blame", console.narration)
        asked = BlameRequest(
            fix=FixRequest(audit=audit, user=user),
            requests=requests,
            log=log,
            run=arguments.run,
            dry_run=arguments.dry_run,
        )
        done = blame(asked, Narrated(console.narration), told=teller(arguments.format, console))
        console.narration.clear()
        if arguments.format == "json" and done.result is not None:
            console.output.write(canonical_json(done.result))
        elif arguments.format != "jsonl":
            text = "\n".join(_told(done)) + "\n"
            console.output.write(text + ("\n" + result_text(done.result) if done.result else ""))
        if done.change is None:
            return ExitCode.FINDINGS
        if not arguments.dry_run:
            console.narration.say(_home(done))
        return ExitCode.DONE


def _told(done: "Blamed") -> list[str]:
    lines = [f"{text[0].upper()}{text[1:]}." for text in done.told]
    if done.change is None:
        lines.append(
            f"No kept change of {done.run} is at fault: with all of them everything answers as before."
        )
        for suspect in done.suspects:
            what = (
                "wrote the line that raised" if suspect.why == "line" else "has changed the file that raised"
            )
            lines.append(
                f"It could not be seen again, but {suspect.change} {what}: {suspect.title} "
                f"(`auditor undo {suspect.change}` takes it out)."
            )
        return lines
    lines.append(f"{done.change} is at fault: {done.title}")
    if done.failure is not None:
        lines.append(f"  {done.failure.gate}: {done.failure.text}")
    lines += [f"{one.verdict.verdict:<9} {one.change}  {one.title}" for one in done.settled]
    lines += [f"learnt: {one.id}  {one.rule.kind}: {one.because}" for one in done.learnt]
    return lines


def _home(done: "Blamed") -> str:
    given = [one for one in done.ledger.delivered if one.kept.change == done.change]
    if not given:
        return "it was not delivered yet: `auditor apply` brings home what is left"
    return (
        f"it came as {given[-1].commit[:12]} on {given[-1].branch}: `auditor apply` takes it back "
        "and brings what is left, on a branch of its own"
    )


COMMAND = Blame()
