"""``auditor capture``: the target's own tests as a workload and an observation."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Capture:
    """Runs the target's tests in a jail and keeps what they asked of it."""

    summary: str = "run the target's own tests in a jail and take over what they ask of it"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, where the workload goes, and the command behind `--`."""
        from auditor.cli.running_arguments import add_running_arguments  # noqa: PLC0415  brings the engine along

        parser.takes_command = True
        parser.usage = "auditor capture [PATH] [options] -- COMMAND ..."
        add_running_arguments(parser)
        parser.add_argument(
            "--output", "-o", metavar="FILE", type=Path, help="write the requests there, as a requests.jsonl"
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Runs the command, keeps the observation, writes the workload."""
        from auditor.cli.destinations import check_output, write_whole  # noqa: PLC0415  as above
        from auditor.cli.own_results import REQUESTS  # noqa: PLC0415
        from auditor.cli.running_arguments import Narrated, running_request  # noqa: PLC0415
        from auditor.engine.measuring.capture import CaptureRequest, capture  # noqa: PLC0415
        from auditor.report.figures import count  # noqa: PLC0415

        check_output(arguments.output, arguments.path, REQUESTS)
        audit, user = running_request(arguments, "capture", console.narration)
        done = capture(
            CaptureRequest(audit=audit, user=user, command=arguments.command), Narrated(console.narration)
        )
        console.narration.clear()
        if not done.ran.succeeded:
            console.narration.warn(
                f"the command {done.ran.ended.how} {done.ran.ended.code}: {_last(done.ran.output)}"
            )
        observation, workload = done.found.observation, done.found.workload
        for note in (*observation.notes, *done.found.left_out, *([done.notice] if done.notice else [])):
            console.narration.warn(note)
        if arguments.output is not None:
            write_whole(arguments.output, workload.render())
            console.narration.say(f"wrote {arguments.output}")
        else:
            console.output.write(workload.render())
        console.narration.say(
            f"{count(len(observation.requests), 'request')} of the tests on "
            f"{count(len(observation.endpoints), 'endpoint')} observed, {len(workload.requests)} taken over"
        )
        console.narration.say(f"kept as {done.file}: `auditor audit --measured {done.file}` reads it")
        return ExitCode.DONE


def _last(output: str) -> str:
    return (output.strip().splitlines() or ["it says nothing"])[-1][:300]


COMMAND = Capture()
