"""The arguments of every command that runs a target."""

import argparse
from dataclasses import replace
from pathlib import Path

from auditor.cli.narration import Narration
from auditor.cli.parser import Parser
from auditor.cli.tree_arguments import request_of
from auditor.config.user import JailChoice, UserSettings, load_user_settings
from auditor.engine.request import AuditRequest


def add_running_arguments(parser: Parser, /) -> None:
    """PATH, and how it is run."""
    parser.add_argument("path", metavar="PATH", nargs="?", default=".", help="the target (default: .)")
    parser.add_argument(
        "--jail", choices=[str(one) for one in JailChoice], help="what keeps the target in (default: auto)"
    )
    parser.add_argument(
        "--no-jail",
        action="store_true",
        help="run code that you trust without any jail; every report says so",
    )
    parser.add_argument("--state", metavar="DIR", type=Path, help="where contracts and observations are kept")
    parser.add_argument(
        "--jobs", metavar="N", type=int, help="worker processes for reading (default: one a core)"
    )
    parser.add_argument("--no-cache", action="store_true", help="read everything anew and keep nothing")


def running_request(
    arguments: argparse.Namespace, command: str, narration: Narration, /
) -> tuple[AuditRequest, UserSettings]:
    """How the tree is read, and the user's settings with what the flags say in their place."""
    user = load_user_settings()
    if arguments.no_jail or arguments.jail:
        user = replace(user, jail=JailChoice.NONE if arguments.no_jail else JailChoice(arguments.jail))
    if arguments.state is not None:
        user = replace(user, state_dir=arguments.state.absolute())
    arguments.ref = None  # a target is run as it stands in its folder
    return request_of(arguments, command, narration), user


class Narrated:
    """The `Notes` of a run, told on standard error."""

    def __init__(self, narration: Narration) -> None:
        self._narration = narration
        self._step = ""

    def stage(self, name: str, /) -> None:
        """As `Notes.stage`."""
        self.step(name)

    def step(self, text: str, /) -> None:
        """As `Notes.step`."""
        self._step = text
        if self._narration.is_terminal:
            self._narration.progress(text, 0, None)
        else:  # minutes pass between steps, and a log should say with what
            self._narration.say(text)

    def progress(self, done: int, total: int, /) -> None:
        """As `Notes.progress`."""
        if self._narration.is_terminal:
            self._narration.progress(self._step, done, total)

    def warn(self, text: str, /) -> None:
        """As `Notes.warn`."""
        self._narration.warn(text)
