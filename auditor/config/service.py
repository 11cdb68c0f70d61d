"""``[[service]]``: a companion process that runs beside the target in its jail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.command import Command, parse_command
from auditor.config.duration import duration_ms_of
from auditor.config.environment import Environment, parse_environment
from auditor.config.named import each_named
from auditor.config.shape import COMMAND, DURATION, PORT, READY, TEXT, VARIABLES, Key
from auditor.model.fault import Fault

DEFAULT_READY_TIMEOUT_MS: Final = 30_000

SERVICE_KEYS: Final[Mapping[str, Key]] = {
    "name": TEXT,
    "command": COMMAND,
    "env": VARIABLES,
    "ready": READY,
    "ready_timeout": DURATION,
    "port": PORT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """A companion process: a worker, a Redis, a second application."""

    name: str
    command: Command
    """``{port}`` is `port`."""
    env: Environment = ()
    """On top of the target's own."""
    ready: str | None = None
    """A path that answers, or ``tcp``; None when it counts as ready at once. Needs `port`."""
    ready_timeout_ms: int = DEFAULT_READY_TIMEOUT_MS
    port: int | None = None
    """On the jail's loopback."""


def parse_services(entries: Sequence[Mapping[str, Any]], /, *, name: str) -> tuple[ServiceSettings, ...]:
    """Every entry, in the file's order; `name` is what messages call the file."""
    return tuple(_service(values, where) for values, where in each_named(entries, "service", name=name))


def _service(values: Mapping[str, Any], where: str) -> ServiceSettings:
    if "command" not in values:
        raise Fault("has no 'command'", where=where, hint='command = "what starts it"')
    ready, port = values.get("ready"), values.get("port")
    if ready is not None and port is None:
        raise Fault("has 'ready' and no 'port' to ask at", where=where, hint="port = 6379")
    timeout = values.get("ready_timeout")
    return ServiceSettings(
        name=values["name"],
        command=parse_command(values["command"], where=f"{where}.command"),
        env=parse_environment(values.get("env", {}), where=f"{where}.env"),
        ready=ready if ready is not None or port is None else "tcp",
        ready_timeout_ms=DEFAULT_READY_TIMEOUT_MS
        if timeout is None
        else duration_ms_of(timeout, where=f"{where}.ready_timeout"),
        port=port,
    )
