"""``auditor apply``: what a run has kept, as commits on a branch of its own, or as patch files for `git am`."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.arguments import add_path_argument
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:  # they bring the engine along
    from auditor.config.user import UserSettings
    from auditor.engine.fixing.apply import Branched
    from auditor.engine.request import AuditRequest


@dataclass(frozen=True, slots=True)
class Apply:
    """Writes a branch that nobody has checked out, or files; the tree itself is never edited."""

    summary: str = "bring home what a run has kept, as a branch or as patch files"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, which run, where to."""
        add_path_argument(parser, "target")
        parser.add_argument("--run", metavar="ID", help="this run (default: the last one)")
        parser.add_argument(
            "--proved",
            action="store_true",
            help="leave out what waits to be proved on the whole workload, where a run was cut off",
        )
        parser.add_argument("--state", metavar="DIR", type=Path, help="where runs are kept")
        parser.add_argument(
            "--branch", metavar="NAME", help="what the branch is called (default: auditor/RUN)"
        )
        parser.add_argument(
            "--author", metavar="'NAME <MAIL>'", help="of the commits (default: auditor <auditor@localhost>)"
        )
        parser.add_argument(
            "--output",
            "-o",
            metavar="DIR",
            type=Path,
            help="write patch files into this new folder, and no branch",
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Brings it home and says where it is; status 1 when a change could not come along."""
        from auditor.cli.running_arguments import settings_of  # noqa: PLC0415  brings the engine along
        from auditor.engine.request import AuditRequest  # noqa: PLC0415

        user = settings_of(arguments)
        if arguments.output is not None:
            if arguments.branch or arguments.author:
                raise Fault("patch files have no branch and no author", where="--output")
            return _as_files(arguments, user, console)
        audit = AuditRequest(path=Path(arguments.path), command="apply")
        return _as_branch(arguments, audit, user, console)


def _as_branch(
    arguments: argparse.Namespace, audit: "AuditRequest", user: "UserSettings", console: Console
) -> int:
    from auditor.cli.running_arguments import Narrated  # noqa: PLC0415  brings the engine along
    from auditor.engine.fixing.apply import branch  # noqa: PLC0415
    from auditor.repo.branching import AUTHOR  # noqa: PLC0415

    done = branch(
        audit,
        user,
        Narrated(console.narration),
        run=arguments.run,
        name=arguments.branch,
        author=arguments.author or AUTHOR,
        proved=arguments.proved,
    )
    console.narration.clear()
    for text in done.moved:
        console.narration.warn(text)
    for one in done.refused:
        console.narration.warn(f"{one.kept.change} stays behind: {one.reason}")
    _say_waiting(done.waiting, console)
    console.output.write(_listing(done))
    if done.branch is not None:
        console.narration.say(f"to take it over: git merge {done.branch}")
    return ExitCode.FINDINGS if done.refused else ExitCode.DONE


def _say_waiting(changes: tuple[str, ...], console: Console) -> None:
    for change in changes:
        console.narration.warn(
            f"{change} waits: it is not proved on the whole workload (`auditor fix --resume`)"
        )


def _listing(done: "Branched") -> str:
    lines = [f"{done.branch}"] if done.branch else []
    for id_, one in done.commits:
        back = "takes back " if one.what == "taken back" else ""
        lines.append(f"  {id_[:12]}  {back}{one.kept.change}  {' '.join(one.kept.title.split())}")
    lines += [
        f"  there already: {one.kept.change}  {' '.join(one.kept.title.split())}" for one in done.already
    ]
    return "\n".join(lines) + "\n"


def _as_files(arguments: argparse.Namespace, user: "UserSettings", console: Console) -> int:
    from auditor.engine.fixing.apply import bring  # noqa: PLC0415  brings the engine along

    brought = bring(Path(arguments.path), user, run=arguments.run, proved=arguments.proved)
    folder: Path = arguments.output
    try:
        folder.mkdir(parents=True)
        for patch in brought.patches:
            (folder / patch.name).write_bytes(patch.content)
    except FileExistsError as error:
        raise Fault("is there already", where=str(folder), hint="--output names another folder") from error
    except OSError as error:
        raise Fault(f"can't be written: {error.strerror}", where=str(error.filename or folder)) from error
    for text in brought.moved:
        console.narration.warn(text)
    _say_waiting(brought.waiting, console)
    for name in brought.edited:
        console.narration.warn(f"{name} was edited since the run began: its patch may not apply")
    console.output.write("\n".join(str(folder / patch.name) for patch in brought.patches) + "\n")
    console.narration.say(f"to apply them: git checkout -b faster && git am {folder}/*.patch")
    return ExitCode.DONE


COMMAND = Apply()
