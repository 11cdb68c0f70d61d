"""``auditor transcript``: what was sent to a model and what came back."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser

_EPILOG = """\
`show` lists the calls of a run, or with --call everything of one. `replay` puts every recorded question again to
the recorded answers, reads them as a run would, and says how each ends now; nothing is sent. To run a whole
command on recorded answers: `auditor fix --model replay:FILE`.
"""


@dataclass(frozen=True, slots=True)
class TranscriptCommand:
    """Reads the file that every run with a model writes."""

    summary: str = "show or replay what was sent to a model and what came back"

    def prepare_parser(self, parser: Parser, /) -> None:
        """What to do with which file."""
        parser.epilog = _EPILOG
        parser.add_argument("action", choices=["show", "replay"], help="what to do with it")
        parser.add_argument("file", metavar="FILE", type=Path, help="the transcript, or the folder of a run")
        parser.add_argument("--call", metavar="N", type=int, help="only this call, with all its text")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints; the status of `replay` is 1 when an answer can't be used any more."""
        from auditor.cli.transcript_text import call_text, rows_json, rows_text  # noqa: PLC0415  brings pydantic
        from auditor.llm.opening import TRANSCRIPT  # noqa: PLC0415
        from auditor.llm.replaying import replayed, shown  # noqa: PLC0415
        from auditor.model.fault import Fault  # noqa: PLC0415

        path = arguments.file / TRANSCRIPT if arguments.file.is_dir() else arguments.file
        rows = replayed(path) if arguments.action == "replay" else shown(path)
        if arguments.call is not None:
            rows = tuple(row for row in rows if row.exchange.number == arguments.call)
            if not rows:
                raise Fault(f"there is no call {arguments.call}", where=str(path))
        if arguments.format == "json":
            console.output.write(rows_json(rows))
        elif arguments.call is not None:
            console.output.write(call_text(rows[0]))
        else:
            console.output.write(rows_text(rows))
        return ExitCode.DONE if all(row.usable for row in rows) else ExitCode.FINDINGS


COMMAND = TranscriptCommand()
