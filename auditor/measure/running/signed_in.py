"""A user of the copied database, signed in by the target's own framework: no password is needed, and none is changed."""

import json
from typing import Final

from auditor.bundle import bundled
from auditor.config.command import Command
from auditor.execution.world import World
from auditor.model.fault import Fault
from auditor.model.text import clean, shorten

_RUNS_IT: Final = "import os; exec(compile(os.environ['AUDITOR_SIGN_IN'], 'sign_in.py', 'exec'))"
"""What the interpreter is told: the source comes beside it, where no placeholder of a command is looked for."""
_LONGEST: Final = 400
_LINES: Final = 3


def signed_in(world: World, name: str, /, *, framework: str, user: str | None) -> tuple[tuple[str, str], ...]:
    """The headers of identity `name`: those of `user`, else of the first who may do everything, else of one made for it.

    Raises:
        Fault: the framework signs nobody in, with what it said.
    """
    file = bundled("sandbox") / "sign_in" / f"{framework.replace('-', '_')}.py"
    env = {
        "AUDITOR_SIGN_IN": file.read_text("utf-8"),
        "AUDITOR_SIGN_IN_AS": user or "",
        "AUDITOR_SIGN_IN_BOOT": " ".join(world.recipe.command),
    }
    python = str(world.recipe.python)
    ran = world.run(Command(f"signing in by {framework}", (python, "-c", _RUNS_IT)), env=env, beside=True)
    headers = _headers_in(ran.output) if ran.succeeded else None
    if headers is None:
        said = _said(ran.errors)
        raise Fault(
            f"{framework} signs nobody in: {shorten(clean(said), _LONGEST)}",
            where=f"auditor.toml: identity {name!r}",
            hint="name another user, use login or command, or take the [[identity]] out to ask as nobody",
        )
    return headers


def _said(errors: str) -> str:
    """The exception of a traceback; else the last lines, the first of which may hold the reason that the last does not repeat."""
    lines = [line.strip() for line in errors.strip().splitlines() if line.strip()]
    if "Traceback (most recent call last):" in lines:
        return lines[-1]
    return " / ".join(lines[-_LINES:]) or "it gave no headers"


def _headers_in(output: str) -> tuple[tuple[str, str], ...] | None:
    """Those of the last line, which is JSON; what the target printed while it was imported stands above."""
    try:
        said = json.loads(output.strip().splitlines()[-1])
        headers = said["headers"]
    except (ValueError, LookupError, TypeError):
        return None
    if not isinstance(headers, dict) or not headers:
        return None
    return tuple((str(key), str(value)) for key, value in sorted(headers.items()))
