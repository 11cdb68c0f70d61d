"""``auditor apply``: what a run has kept, as patch files for `git am`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Apply:
    """Writes one patch file a change; the tree itself is never edited."""

    summary: str = "write the changes that a run has kept as patch files"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, which run, where to."""
        parser.add_argument("path", metavar="PATH", nargs="?", default=".", help="the target (default: .)")
        parser.add_argument("--run", metavar="ID", help="this run (default: the last one)")
        parser.add_argument("--state", metavar="DIR", type=Path, help="where runs are kept")
        parser.add_argument(
            "--output",
            "-o",
            metavar="DIR",
            type=Path,
            default=Path("auditor-patches"),
            help="a new folder for them",
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Writes the files and says how they are applied."""
        from dataclasses import replace  # noqa: PLC0415

        from auditor.config.user import load_user_settings  # noqa: PLC0415
        from auditor.engine.fixing.apply import bring  # noqa: PLC0415  brings the engine along

        user = load_user_settings()
        if arguments.state is not None:
            user = replace(user, state_dir=arguments.state.absolute())
        brought = bring(Path(arguments.path), user, run=arguments.run)
        folder: Path = arguments.output
        try:
            folder.mkdir(parents=True)
        except FileExistsError as error:
            raise Fault(
                "is there already", where=str(folder), hint="--output names another folder"
            ) from error
        except OSError as error:
            raise Fault(f"can't be made: {error.strerror}", where=str(folder)) from error
        for patch in brought.patches:
            (folder / patch.name).write_bytes(patch.content)
        for name in brought.edited:
            console.narration.warn(f"{name} was edited since the run began: its patch may not apply")
        console.output.write("\n".join(str(folder / patch.name) for patch in brought.patches))
        console.narration.say(f"to apply them: git checkout -b faster && git am {folder}/*.patch")
        return ExitCode.DONE


COMMAND = Apply()
