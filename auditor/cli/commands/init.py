"""``auditor init``: finds out how a project is run, and writes it down."""

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.cli.arguments import add_path_argument
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:  # brings the engine along
    from auditor.execution.detect.proposal import Proposal

_MOST_UNREAD: Final = 5
"""Files that could not be read, as many as are named."""


@dataclass(frozen=True, slots=True)
class Init:
    """Writes the target's settings."""

    summary: str = "find out how a project is run and write auditor.toml"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH and what becomes of the file."""
        add_path_argument(parser)
        parser.add_argument(
            "--print", action="store_true", dest="shown", help="write to standard output only"
        )
        parser.add_argument("--force", action="store_true", help="replace an auditor.toml that is there")
        parser.add_argument("--no-input", action="store_true", help="ask nothing")
        parser.add_argument("--no-cache", action="store_true", help="read everything anew and keep nothing")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Writes the file, and says what was found and what was not."""
        from auditor.config.target import TARGET_FILE, parse_target_settings  # noqa: PLC0415
        from auditor.config.user import load_user_settings  # noqa: PLC0415
        from auditor.engine.setup import propose_settings  # noqa: PLC0415
        from auditor.execution.detect.writing import missing, settings_text  # noqa: PLC0415
        from auditor.repo.root import root_of  # noqa: PLC0415

        root = Path(arguments.path)
        root_of(root)
        file = root / TARGET_FILE
        if not arguments.shown and not arguments.force and os.path.lexists(file):
            raise Fault(
                "is there already", where=str(file), hint="--force replaces it, --print shows a new one"
            )
        settings = load_user_settings()
        proposal = propose_settings(
            root,
            jobs=settings.jobs or os.cpu_count() or 1,
            cache_dir=None if arguments.no_cache else settings.cache_dir,
            progress=lambda done, total: console.narration.progress("reading files", done, total),
        )
        console.narration.clear()
        if (
            not arguments.no_input
            and sys.stdin is not None
            and sys.stdin.isatty()
            and console.output.is_terminal
        ):
            proposal = _asked(proposal, console)
        text = settings_text(proposal)
        parse_target_settings(text.encode())
        if arguments.shown:
            console.output.write(text)
        else:
            _write(file, text)
            console.narration.say(f"wrote {file}")
        for line in _found(proposal):
            console.narration.say(f"found {line}")
        for key, advice in missing(proposal):
            console.narration.say(f"not found: {key}; {advice}")
        for line in _not_read(proposal):
            console.narration.say(f"not read: {line}")
        return ExitCode.DONE


def _found(proposal: "Proposal") -> list[str]:
    """One line for each thing that was found, with its place."""
    lines = [f"{', '.join(proposal.frameworks)}"] if proposal.frameworks else []
    stored, seed = proposal.storage, proposal.seed
    named = (
        ("boot.command", proposal.start and (proposal.start.value.command, proposal.start.place)),
        ("boot.ready", proposal.ready and (proposal.ready.value, proposal.ready.place)),
        ("boot.migrate", proposal.migrate and (proposal.migrate.value, proposal.migrate.place)),
        ("database.engine", stored and (stored.value.engine.value, stored.place)),
        ("database.path", proposal.stored_file and (proposal.stored_file.value, proposal.stored_file.place)),
        ("database.seed", seed and (seed.value.command, seed.place)),
    )
    lines.extend(f"{key}: {found[0]} ({found[1]})" for key, found in named if found)
    if proposal.variables:
        lines.append(f"boot.env: {', '.join(clue.value[0] for clue in proposal.variables)}")
    if not proposal.complete:
        lines.append("more files than are looked at: what lies deep was left out")
    return lines


def _not_read(proposal: "Proposal") -> list[str]:
    """The files that could not be read: nothing of what they say is among what was found."""
    lines = [f"{file} ({reason})" for file, reason in proposal.unread[:_MOST_UNREAD]]
    more = len(proposal.unread) - len(lines)
    return [*lines, f"{more} more files"] if more else lines


def _asked(proposal: "Proposal", console: Console) -> "Proposal":
    """With what a person says about the things that nothing in the tree tells."""
    from auditor.execution.detect.clue import Clue  # noqa: PLC0415
    from auditor.execution.detect.seeding import Seed  # noqa: PLC0415
    from auditor.execution.detect.starting import Start  # noqa: PLC0415

    if proposal.start is None:
        command = _ask("what starts it in production, listening at {port}? (empty: later)", console)
        if command:
            start = Start(command, ".", "", None, development=False)
            proposal = replace(proposal, start=Clue(start, "you said so", 1.0))
    if proposal.seed is None and proposal.storage is not None:
        command = _ask("what fills its database with data to measure on? (empty: later)", console)
        if command:
            proposal = replace(proposal, seed=Clue(Seed(command, None), "you said so", 1.0))
    return proposal


def _ask(question: str, console: Console) -> str:
    console.narration.say(question)
    return sys.stdin.readline().strip()


def _write(file: Path, text: str) -> None:
    """Replaces the file as a whole; a link in its place is replaced, not followed."""
    written = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with written.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        written.replace(file)
    except OSError as error:
        written.unlink(missing_ok=True)
        raise Fault(f"can't be written: {error.strerror or error}", where=str(file)) from error


COMMAND = Init()
