"""Which application `flask` commands are for, where it does not find it by itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.samples import Sample
from auditor.execution.detect.starting import Start

VARIABLE: Final = "FLASK_APP"
_FOUND_BY_ITSELF: Final = re.compile(r"(?:app|wsgi)(?::(?:app|application))?")
_COMMAND: Final = re.compile(r"(?:^|&&\s*|;\s*|/)flask\s+(?!.*(?:--app|-A)\b)")


def flask_variable(
    commands: Sequence[str], start: Clue[Start] | None, known: Mapping[str, Sample], /
) -> Clue[tuple[str, str]] | None:
    """The variable that `commands` need; None where none is of `flask`, says it itself, or finds its application."""
    if not any(_COMMAND.search(command) for command in commands):
        return None
    given = known.get(VARIABLE)
    app = start.value.app if start is not None else None
    if start is None or app is None:
        return (
            None if given is None else Clue((VARIABLE, given.value), given.place, 0.8, f"from {given.place}")
        )
    if given is not None and _module(given.value) == _module(app):
        return Clue((VARIABLE, given.value), given.place, 0.8, f"from {given.place}")
    if given is None and _FOUND_BY_ITSELF.fullmatch(app):
        return None
    # What is served, whatever a developer's `.flaskenv` says: an application made with other settings has another database.
    return Clue((VARIABLE, app), start.place, start.confidence, "flask's commands look for it there")


def _module(app: str) -> str:
    return app.partition(":")[0].removesuffix(".py").replace("/", ".")
