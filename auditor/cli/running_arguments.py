"""The arguments of every command that runs a target."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from auditor.cli.arguments import add_path_argument
from auditor.cli.narration import Narration
from auditor.cli.pace import Pace
from auditor.cli.parser import Parser
from auditor.cli.tree_arguments import add_working_arguments, request_of
from auditor.config.user import JailChoice, UserSettings, load_user_settings
from auditor.engine.request import AuditRequest

_SAY_S: Final = 20.0
"""Between two lines about the same step, where no line can be written over."""


def add_running_arguments(parser: Parser, /) -> None:
    """PATH, and how it is run."""
    add_path_argument(parser, "target")
    parser.add_argument(
        "--jail", choices=[str(one) for one in JailChoice], help="what keeps the target in (default: auto)"
    )
    parser.add_argument(
        "--no-jail",
        action="store_true",
        help="run code that you trust without any jail; every report says so",
    )
    parser.add_argument("--state", metavar="DIR", type=Path, help="where contracts and observations are kept")
    add_working_arguments(parser)


def add_trial_arguments(parser: Parser, /) -> None:
    """PATH, how it is run, and what a change is held to."""
    add_running_arguments(parser)
    add_workload_argument(parser)
    add_no_edges_argument(parser)
    parser.add_argument(
        "--no-time", action="store_true", help="take no time: judge by counts and plans alone, in minutes"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the last run")


def add_workload_argument(parser: Parser, /, *, instead_of: str = "the recorded one") -> None:
    """Requests of the user's own."""
    parser.add_argument(
        "--workload",
        metavar="FILE",
        type=Path,
        help=f"a requests.jsonl, HAR file, OpenAPI document or access log, in the place of {instead_of}",
    )


def add_no_edges_argument(parser: Parser, /) -> None:
    """Whether the workload is added to."""
    parser.add_argument(
        "--no-edges", action="store_true", help="no requests at the edges of what the code compares"
    )


def settings_of(arguments: argparse.Namespace, /) -> UserSettings:
    """The user's settings, with the folder that `--state` names in its place."""
    user = load_user_settings()
    return user if arguments.state is None else replace(user, state_dir=arguments.state.absolute())


def running_request(
    arguments: argparse.Namespace, command: str, narration: Narration, /
) -> tuple[AuditRequest, UserSettings]:
    """How the tree is read, and the user's settings with what the flags say in their place."""
    user = settings_of(arguments)
    if arguments.no_jail or arguments.jail:
        user = replace(user, jail=JailChoice.NONE if arguments.no_jail else JailChoice(arguments.jail))
    arguments.ref = None  # a target is run as it stands in its folder
    return request_of(arguments, command, narration), user


class Narrated:
    """The `Notes` of a run, told on standard error."""

    def __init__(self, narration: Narration, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._narration = narration
        self._clock = clock
        self._step = ""
        self._pace = Pace(clock())
        self._told_at = clock()

    def stage(self, name: str, /) -> None:
        """As `Notes.stage`."""
        self.step(name)

    def step(self, text: str, /) -> None:
        """As `Notes.step`."""
        self._step = text
        self._told_at = self._clock()
        self._pace = Pace(self._told_at)
        if self._narration.is_terminal:
            self._narration.progress(text, 0, None)
        else:  # minutes pass between steps, and a log should say with what
            self._narration.say(text)

    def progress(self, done: int, total: int, /) -> None:
        """As `Notes.progress`."""
        now = self._clock()
        left = self._pace.left(done, total, now=now)
        if self._narration.is_terminal:
            self._narration.progress(self._step, done, total, left=left)
        elif now - self._told_at >= _SAY_S and done < total:
            self._told_at = now
            self._narration.say(f"{self._step}: {done:,} of {total:,} done{left}")

    def warn(self, text: str, /) -> None:
        """As `Notes.warn`."""
        self._narration.warn(text)
