"""``auditor skills install``: the playbooks, where the common assistants look for skills."""

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser

if TYPE_CHECKING:
    from auditor.stages.playbook.installing import Installed


@dataclass(frozen=True, slots=True)
class Skills:
    """Copies playbooks."""

    summary: str = "put the playbooks where assistants look for skills"

    def prepare_parser(self, parser: Parser, /) -> None:
        """Where, and what becomes of files that are there."""
        parser.add_argument("action", choices=("install",), help="copy them")
        parser.add_argument(
            "path", metavar="PATH", nargs="?", type=Path, default=Path(), help="the project (default: .)"
        )
        parser.add_argument("--user", action="store_true", help="below your home, for every project")
        parser.add_argument(
            "--replace", action="store_true", help="replace files of the same names that differ"
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Says what was written and what was left alone."""
        from auditor.stages.playbook.installing import install_skills  # noqa: PLC0415  needs YAML

        below = Path.home() if arguments.user else arguments.path
        done = install_skills(below, replace=arguments.replace)
        for folder, outcomes in _by_folder(done).items():
            told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
            console.output.write(f"{below / folder}: {told}\n")
        for one in done:
            if one.outcome == "differs":
                console.narration.say(f"{below / one.path} differs and was left alone; --replace takes ours")
        return ExitCode.DONE


def _by_folder(done: "list[Installed]") -> dict[Path, Counter[str]]:
    folders: dict[Path, Counter[str]] = {}
    for one in done:
        folders.setdefault(one.path.parent.parent, Counter())[one.outcome] += 1
    return folders


COMMAND = Skills()
