"""``[[identity]]``: as whom requests are sent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.command import Command, parse_command
from auditor.config.environment import Environment, parse_environment
from auditor.config.named import each_named
from auditor.config.shape import ANYTHING, COMMAND, TEXT, VARIABLES, Key, table
from auditor.model.fault import Fault

TOKEN: Final = "{token}"  # noqa: S105  a placeholder
_PATH: Final = Key(
    'a path that begins with "/"', lambda value: isinstance(value, str) and value.startswith("/")
)
_TOKEN_PLACE: Final = re.compile(
    r"\$(?:\.\w+|\[\d+\]|\['[^']+'\])+|(?:cookie|header):[\w!#$%&'*+.^`|~-]+", re.ASCII
)
_TOKEN: Final = Key(
    'a place like "$.token", "cookie:sessionid" or "header:X-Token"',
    lambda value: isinstance(value, str) and _TOKEN_PLACE.fullmatch(value) is not None,
)

FRAMEWORKS: Final = ("django", "flask-login", "fastapi")
"""Those whose own code signs a user of the copied database in, without a password: one file each in `sandbox/sign_in`."""
_SESSION: Final = Key(
    f"one of {', '.join(FRAMEWORKS)}", lambda value: isinstance(value, str) and value in FRAMEWORKS
)

IDENTITY_KEYS: Final[Mapping[str, Key]] = {
    "name": TEXT,
    "headers": VARIABLES,
    "command": COMMAND,
    "session": _SESSION,
    "user": TEXT,
    "login": table(
        {
            "method": TEXT,
            "path": _PATH,
            "headers": VARIABLES,
            "json": ANYTHING,
            "form": VARIABLES,
            "token": _TOKEN,
        }
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSettings:
    """A request that signs somebody in."""

    path: str
    method: str = "POST"
    headers: Environment = ()
    json: object = None
    """The body as a value; texts in it may be ``env:NAME``. None: no such body."""
    form: Environment = ()
    """The body's fields, when it is a form."""
    token: str | None = None
    """Where the answer holds the token: ``$.a.b``, ``cookie:NAME`` or ``header:NAME``. None: every cookie is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySettings:
    """Somebody whom the target knows. Values may be secrets by reference: ``env:NAME``."""

    name: str
    """What the workload calls it (`as`)."""
    headers: Environment = ()
    """Sent with each request; ``{token}`` is what the login or the command gave."""
    login: LoginSettings | None = None
    command: Command | None = None
    """Run where the target's commands run; the last line it prints is the token."""
    session: str | None = None
    """The framework whose own code signs a user of the copied database in."""
    user: str | None = None
    """Which user that is, by the name that is typed to sign in. None: the first who may do everything, else one made for it."""


def parse_identities(entries: Sequence[Mapping[str, Any]], /, *, name: str) -> tuple[IdentitySettings, ...]:
    """Every entry, in the file's order; `name` is what messages call the file."""
    return tuple(_identity(values, where) for values, where in each_named(entries, "identity", name=name))


def _identity(values: Mapping[str, Any], where: str) -> IdentitySettings:
    ways = [key for key in ("login", "command", "session") if key in values]
    if len(ways) > 1:
        raise Fault(f"has {' or '.join(map(repr, ways))}, not both", where=where)
    if "user" in values and "session" not in values:
        raise Fault("has 'user' without 'session'", where=where, hint=f'session = "{FRAMEWORKS[0]}"')
    login = _login(values["login"], f"{where}.login") if "login" in values else None
    command = parse_command(values["command"], where=f"{where}.command") if "command" in values else None
    headers = parse_environment(values.get("headers", {}), where=f"{where}.headers")
    uses_token = any(TOKEN in value for _, value in headers)
    if uses_token and command is None and (login is None or login.token is None):
        raise Fault(f"nothing gives the {TOKEN} of its headers", where=where, hint="login.token or command")
    if not headers and not ways:
        raise Fault("says nothing about who it is", where=where, hint="headers, login, command or session")
    if not uses_token and (command is not None or (login is not None and login.token is not None)):
        if command is None and login is not None and str(login.token).startswith("cookie:"):
            headers = (*headers, ("Cookie", f"{str(login.token).partition(':')[2]}={TOKEN}"))
        else:
            headers = (*headers, ("Authorization", f"Bearer {TOKEN}"))
    return IdentitySettings(
        name=values["name"],
        headers=headers,
        login=login,
        command=command,
        session=values.get("session"),
        user=values.get("user"),
    )


def _login(values: Mapping[str, Any], where: str) -> LoginSettings:
    if "path" not in values:
        raise Fault("has no 'path'", where=where, hint='path = "/login"')
    if "json" in values and "form" in values:
        raise Fault("has 'json' or 'form', not both", where=where)
    return LoginSettings(
        path=values["path"],
        method=values.get("method", "POST").upper(),
        headers=parse_environment(values.get("headers", {}), where=f"{where}.headers"),
        json=values.get("json"),
        form=parse_environment(values.get("form", {}), where=f"{where}.form"),
        token=values.get("token"),
    )
