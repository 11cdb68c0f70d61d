"""``[[outside]]``: a host of the outside world, answered from written or recorded responses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.duration import duration_ms_of
from auditor.config.environment import Environment
from auditor.config.shape import (
    ANYTHING,
    DURATION,
    INSIDE,
    PORT,
    TEXT,
    VARIABLES,
    Key,
    text_or_tables,
)
from auditor.model.fault import Fault

_STATUS: Final = Key(
    "a status from 100 to 599",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599,
)
_BODY: Final = Key("a text in quotes", lambda value: isinstance(value, str))

RESPONSE_KEYS: Final[Mapping[str, Key]] = {
    "method": TEXT,
    "path": TEXT,
    "status": _STATUS,
    "headers": VARIABLES,
    "body": _BODY,
    "json": ANYTHING,
    "delay": DURATION,
}
OUTSIDE_KEYS: Final[Mapping[str, Key]] = {
    "host": TEXT,
    "port": PORT,
    "delay": DURATION,
    "responses": text_or_tables(RESPONSE_KEYS, INSIDE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSettings:
    """One written response."""

    method: str = "*"
    """In upper case; ``*`` for any."""
    path: str = "*"
    """A pattern as in a shell, for the path without the query."""
    status: int = 200
    headers: Environment = ()
    body: str = ""
    json: object = None
    """The body as a value; None when `body` is the body."""
    delay_ms: int | None = None
    """Instead of the host's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSettings:
    """A host that the target calls."""

    host: str
    port: int | None = None
    """None: 80 and 443."""
    delay_ms: int = 0
    """Waited before each answer: what the real host takes."""
    responses: tuple[ResponseSettings, ...] = ()
    """The first that fits answers."""
    file: str | None = None
    """Recorded responses, relative to the top of the tree; None when they are written here."""


def parse_outside(entries: Sequence[Mapping[str, Any]], /, *, name: str) -> tuple[OutsideSettings, ...]:
    """Every entry, in the file's order; `name` is what messages call the file."""
    seen: set[tuple[str, int | None]] = set()
    parsed = []
    for number, values in enumerate(entries, start=1):
        if "host" not in values:
            raise Fault("has no 'host'", where=f"{name}: outside {number}", hint='host = "api.example.com"')
        host = _outside(values, f"{name}: outside {values['host']!r}")
        if (host.host, host.port) in seen:
            raise Fault("stands there twice", where=f"{name}: outside {host.host!r}")
        seen.add((host.host, host.port))
        parsed.append(host)
    return tuple(parsed)


def _outside(values: Mapping[str, Any], where: str) -> OutsideSettings:
    host = values["host"]
    if "/" in host or ":" in host or any(letter.isspace() for letter in host):
        raise Fault(f"{host!r} is no host name", where=where, hint="without scheme, port and path")
    responses = values.get("responses", ())
    return OutsideSettings(
        host=host.lower(),
        port=values.get("port"),
        delay_ms=_delay_ms(values, where) or 0,
        responses=() if isinstance(responses, str) else tuple(_response(each, where) for each in responses),
        file=responses if isinstance(responses, str) else None,
    )


def _response(values: Mapping[str, Any], where: str) -> ResponseSettings:
    if "json" in values and "body" in values:
        raise Fault("a response has 'json' or 'body', not both", where=where)
    return ResponseSettings(
        method=values.get("method", "*").upper(),
        path=values.get("path", "*"),
        status=values.get("status", 200),
        headers=tuple(sorted(values.get("headers", {}).items())),
        body=values.get("body", ""),
        json=values.get("json"),
        delay_ms=_delay_ms(values, where),
    )


def _delay_ms(values: Mapping[str, Any], where: str) -> int | None:
    delay = values.get("delay")
    return None if delay is None else duration_ms_of(delay, where=f"{where}.delay")
