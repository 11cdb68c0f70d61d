"""What a command is, and which there are: a file in `auditor.cli.commands` is a command of that name."""

import argparse
import importlib
import pkgutil
from dataclasses import dataclass
from typing import Protocol

from auditor.cli import commands
from auditor.cli.narration import Narration
from auditor.cli.output import Output
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams a command may write to."""

    output: Output
    narration: Narration


class Command(Protocol):
    """One command. Its module has an instance as `COMMAND`, and imports nothing slow before `run`."""

    @property
    def summary(self) -> str:
        """One line for ``auditor --help``."""
        ...

    def prepare_parser(self, parser: Parser, /) -> None:
        """Adds the command's arguments."""
        ...

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Does it, and gives the exit status; `Fault` when the user or the surroundings are at fault."""
        ...


def command_names() -> tuple[str, ...]:
    """Every command there is, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(commands.__path__)))


def load_command(name: str, /) -> Command:
    """The command of that name; one of `command_names`."""
    command: Command = importlib.import_module(f"{commands.__name__}.{name}").COMMAND
    return command
