"""``[boot]``: how the target is started."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.command import Command, parse_command
from auditor.config.duration import duration_ms_of
from auditor.config.environment import Environment, parse_environment
from auditor.config.shape import COMMAND, DURATION, INSIDE, PORT, READY, TEXT, VARIABLES, Key

DEFAULT_PORT: Final = 8000
"""What gunicorn, uvicorn and Django's own server listen on when nobody says otherwise."""
DEFAULT_READY_TIMEOUT_MS: Final = 60_000

BOOT_KEYS: Final[Mapping[str, Key]] = {
    "command": COMMAND,
    "env": VARIABLES,
    "ready": READY,
    "ready_timeout": DURATION,
    "migrate": COMMAND,
    "cwd": INSIDE,
    "python": TEXT,
    "port": PORT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BootSettings:
    """How the target is started, as its production does it."""

    command: Command | None = None
    """The production server; ``{port}`` is the port it must listen on. None: nothing can be started."""
    env: Environment = ()
    """Set for every command of the target."""
    ready: str = "tcp"
    """A path that answers with a status under 400 once the application serves, or ``tcp``: the port is open."""
    ready_timeout_ms: int = DEFAULT_READY_TIMEOUT_MS
    migrate: Command | None = None
    """Brings an empty database to the schema of the tree."""
    cwd: str = "."
    """Where every command of the target runs; relative to the top of the tree, inside it."""
    python: str | None = None
    """An interpreter or the folder of a virtual environment; relative to the top of the tree, or absolute."""
    port: int = DEFAULT_PORT


def parse_boot(values: Mapping[str, Any], /, *, name: str) -> BootSettings:
    """The section's values, whose shape was checked; `name` is what messages call the file."""
    command, migrate = (
        parse_command(values[key], where=f"{name}: boot.{key}") if key in values else None
        for key in ("command", "migrate")
    )
    timeout = values.get("ready_timeout")
    return BootSettings(
        command=command,
        env=parse_environment(values.get("env", {}), where=f"{name}: boot.env"),
        ready=values.get("ready", "tcp"),
        ready_timeout_ms=DEFAULT_READY_TIMEOUT_MS
        if timeout is None
        else duration_ms_of(timeout, where=f"{name}: boot.ready_timeout"),
        migrate=migrate,
        cwd=values.get("cwd", "."),
        python=values.get("python"),
        port=values.get("port", DEFAULT_PORT),
    )
