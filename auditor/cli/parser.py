"""Argument parsing that names the option or value somebody probably meant."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from auditor.config.nearest import nearest
from auditor.model.fault import Fault


class Parser(argparse.ArgumentParser):
    """As argparse's, but a wrong argument is a `Fault`, and nothing is abbreviated."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self.option_names: list[str] = []
        self.takes_command = False
        """Whether what stands behind `--` is a command of the user's; it becomes `command`."""

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """As argparse's; `option_names` collects what was added."""
        action = super().add_argument(*names, **options)
        if not hasattr(self, "option_names"):  # argparse adds --help before our own constructor goes on
            self.option_names = []
        self.option_names.extend(action.option_strings)
        return action

    def parse(self, arguments: Sequence[str], /) -> argparse.Namespace:
        """Parses all of `arguments`; `Fault` when something in them can't be understood."""
        own, behind = (arguments, ()) if not self.takes_command else before_command(arguments)
        parsed, strangers = self.parse_known_args(own)
        if strangers:
            self._refuse(strangers[0])
        if self.takes_command:
            parsed.command = tuple(behind)
        return parsed

    def error(self, message: str) -> NoReturn:
        """What argparse calls for a wrong or missing value."""
        raise Fault(message, hint=f"`{self.prog} --help` shows the arguments")

    def _refuse(self, stranger: str) -> NoReturn:
        name = stranger.partition("=")[0]
        close = _near_option(name, self.option_names) if name.startswith("-") else None
        hint = f"did you mean {close}?" if close else f"`{self.prog} --help` shows the arguments"
        raise Fault(f"unexpected argument {name!r}", hint=hint)


def before_command(arguments: Sequence[str], /) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before the first `--`, and what stands behind it."""
    if "--" not in arguments:
        return arguments, ()
    at = list(arguments).index("--")
    return arguments[:at], arguments[at + 1 :]


def values_of(parsed: Sequence[str] | None, /) -> tuple[str, ...]:
    """The values of an option that may be repeated and may hold several with commas between."""
    return tuple(
        value for text in parsed or () for value in (part.strip() for part in text.split(",")) if value
    )


def _near_option(name: str, known: Sequence[str]) -> str | None:
    """The dashes say nothing: they would make any two options alike."""
    bare = {option.lstrip("-"): option for option in known}
    close = nearest(name.lstrip("-"), bare)
    return bare[close] if close else None
