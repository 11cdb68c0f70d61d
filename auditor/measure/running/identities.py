"""Identities as the target's settings give them, made ready to be sent."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import JsonValue

from auditor.config.command import Command
from auditor.config.identity import TOKEN, IdentitySettings, LoginSettings
from auditor.config.secret import resolve
from auditor.execution.world import World
from auditor.measure.identity import Identity
from auditor.measure.request import Request
from auditor.measure.running.signed_in import signed_in
from auditor.model.fault import Fault

_TAKEN: Final = "${token}"


def identities_of(
    settings: Iterable[IdentitySettings], /, *, env: Mapping[str, str], allowed: Iterable[str]
) -> tuple[Identity, ...]:
    """Every identity, with its secrets; nothing is run or sent yet. `Fault` for a secret that was not handed over."""
    secrets = frozenset(allowed)

    def known(text: str) -> str:
        return resolve(text, env=env, allowed=secrets)

    made = []
    for one in settings:
        headers = tuple((name, known(value).replace(TOKEN, _TAKEN)) for name, value in one.headers)
        login = () if one.login is None else (_login(one.name, one.login, known),)
        made.append(
            Identity(
                name=one.name,
                headers=headers,
                login=login,
                command=one.command,
                session=one.session,
                user=one.user,
            )
        )
    return tuple(made)


def let_in(world: World, identities: Iterable[Identity], /) -> tuple[Identity, ...]:
    """With what commands and frameworks give on the data as they are now: sessions and tokens that they write are there until the next reset.

    Raises:
        Fault: a command gives no token, or a framework signs nobody in.
    """
    made = []
    for one in identities:
        if one.command is not None:
            token = _token_of(one.name, one.command, world)
            headers = tuple((name, value.replace(_TAKEN, token)) for name, value in one.headers)
            one = replace(one, headers=headers, command=None)  # noqa: PLW2901  the same, let in
        elif one.session is not None:
            given = signed_in(world, one.name, framework=one.session, user=one.user)
            one = replace(one, headers=(*one.headers, *given), session=None)  # noqa: PLW2901  the same, let in
        made.append(one)
    return tuple(made)


def _token_of(name: str, command: Command, world: World) -> str:
    ran = world.run(command)
    lines = ran.output.strip().splitlines()
    if not ran.succeeded or not lines:
        said = (ran.errors.strip().splitlines() or ["it prints nothing"])[-1]
        raise Fault(f"{command.text!r} gives no token: {said}", where=f"identity {name!r}")
    return lines[-1].strip()


def _login(name: str, login: LoginSettings, known: Any) -> Request:
    headers = [(key, known(value)) for key, value in login.headers]
    body: JsonValue = None
    if login.json is not None:
        body = _filled(login.json, known)
    elif login.form:
        from urllib.parse import urlencode  # noqa: PLC0415

        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        body = urlencode([(key, known(value)) for key, value in login.form])
    take = {"token": login.token} if login.token else {}
    return Request(
        id=f"login {name}", method=login.method, path=login.path, headers=tuple(headers), body=body, take=take
    )


def _filled(value: object, known: Any) -> JsonValue:
    match value:
        case str(text):
            filled: JsonValue = known(text)
            return filled
        case list(items):
            return [_filled(item, known) for item in items]
        case dict(items):
            return {str(key): _filled(item, known) for key, item in items.items()}
        case None | bool() | int() | float():
            return value
        case _:
            return str(value)  # TOML's dates and times
