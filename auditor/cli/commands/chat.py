"""``auditor chat``: one question about an endpoint, answered from its trace, each statement with the lines that show it."""

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.arguments import add_path_argument
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.model_arguments import add_model_arguments, with_model_arguments
from auditor.cli.parser import Parser
from auditor.model.fault import Fault
from auditor.model.text import clean, plain

if TYPE_CHECKING:  # they bring the engine along
    from auditor.engine.modelling.chatting import Answered

_EPILOG = """\
    auditor chat --model anthropic:NAME --endpoint "GET /api/spaces" "why is the rate asked for so often?" PATH

A statement whose citation does not read as quoted is not shown, and how many were not is said.
"""


@dataclass(frozen=True, slots=True)
class Chat:
    """Asks a model about one endpoint."""

    summary: str = "ask a model one question about an endpoint, answered with citations that were checked"

    def prepare_parser(self, parser: Parser, /) -> None:
        """The question, the endpoint, the tree and the model."""
        from auditor.cli.tree_arguments import add_reading_arguments  # noqa: PLC0415  brings the engine along

        parser.epilog = _EPILOG
        parser.add_argument("question", metavar="QUESTION", help="what you want to know")
        add_path_argument(parser)
        parser.add_argument(
            "--endpoint", metavar="ENDPOINT", action="append", required=True, help="as `GET /path`"
        )
        parser.add_argument(
            "--measured", metavar="FILE", nargs="?", const="", help="with what was measured: as of `audit`"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--state", metavar="DIR", type=Path, help="where observations and transcripts are kept"
        )
        add_reading_arguments(parser)
        add_model_arguments(parser)

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Asks and prints; the status is 1 when nothing of the answer held."""
        from auditor.cli.model_watching import chosen_model  # noqa: PLC0415  as above
        from auditor.cli.running_arguments import Narrated  # noqa: PLC0415
        from auditor.cli.tree_arguments import request_of  # noqa: PLC0415
        from auditor.config.user import load_user_settings  # noqa: PLC0415
        from auditor.engine.measured import reconciled  # noqa: PLC0415
        from auditor.engine.modelling.chatting import answer  # noqa: PLC0415
        from auditor.engine.modelling.opening import audit_folder  # noqa: PLC0415

        if not arguments.question.strip():
            raise Fault("there is no question", hint='auditor chat "why …?" --endpoint "GET /path"')
        user = with_model_arguments(load_user_settings(), arguments)
        choice = chosen_model(user, console.narration)
        if choice is None:
            raise Fault(
                "a question needs a model",
                where="--model",
                hint="without one, `auditor trace ENDPOINT` shows what is known of one",
            )
        request = request_of(arguments, "chat", console.narration)
        state = arguments.state or user.state_dir
        observed = None
        if arguments.measured is not None:
            from auditor.cli.observation_file import observation_text  # noqa: PLC0415

            text = observation_text(arguments.measured, request.path, state=arguments.state)
            observed = partial(reconciled, observation=text)
        done = answer(
            request,
            arguments.question,
            Narrated(console.narration),
            open_client=partial(choice.open, audit_folder(state, request.path)),
            reconcile=observed,
        )
        console.narration.clear()
        console.output.write(_json(done) if arguments.format == "json" else _text(done))
        return ExitCode.DONE if done.reply.statements or done.reply.unknown else ExitCode.FINDINGS


def _text(done: "Answered") -> str:
    lines: list[str] = []
    for statement in done.reply.statements:
        places = ", ".join(
            dict.fromkeys(_place(one.file, one.line, one.end_line) for one in statement.places)
        )
        lines += [plain(statement.text), f"    {places}"]
    lines += [f"not known from here: {plain(text)}" for text in done.reply.unknown]
    if done.reply.dropped:
        reasons = sorted({one.reason for one in done.reply.dropped})
        lines.append(f"{len(done.reply.dropped)} left out, which no code shows: {'; '.join(reasons)}")
    return "\n".join(lines or ["Nothing of the answer could be shown in the code."]) + "\n"


def _json(done: "Answered") -> str:
    tree = {
        "endpoint": done.endpoint,
        "statements": [
            {
                "text": statement.text,
                "places": [
                    {"file": one.file, "line": one.line, "end_line": one.end_line} for one in statement.places
                ],
            }
            for statement in done.reply.statements
        ],
        "unknown": list(done.reply.unknown),
        "dropped": [one.reason for one in done.reply.dropped],
        "calls": done.bill.calls,
        "tokens": done.bill.usage.total_tokens,
    }
    return json.dumps(tree, ensure_ascii=False, indent=2) + "\n"


def _place(file: str, first: int, last: int) -> str:
    return clean(f"{file}:{first}" if first == last else f"{file}:{first}-{last}")


COMMAND = Chat()
