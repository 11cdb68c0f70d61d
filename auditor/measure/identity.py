"""Who sends a request: headers, or a login whose answer gives them. Its secrets stay in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from auditor.config.command import Command
from auditor.measure.answer import Answer
from auditor.measure.encoding import encode
from auditor.measure.form_tokens import REFUSED, headers_for, page_of, with_tokens
from auditor.measure.placeholders import fill_text
from auditor.measure.request import Request
from auditor.measure.sending import Door
from auditor.measure.taking import take_from
from auditor.model.fault import Fault

_LOGGED_IN: Final = range(200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How somebody is known to the application."""

    name: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent with each of its requests; `${name}` stands for what the login took."""
    command: Command | None = field(default=None, repr=False)
    """A command of the target whose last line the headers hold as `${token}`. What it writes must be there when a request is sent, so
    it is run on the data that the requests find: see `auditor.measure.running.identities.let_in`."""
    session: str | None = None
    """The framework whose own code signs `user` in, and so gives more headers: as with `command`, on the data that the requests find."""
    user: str | None = None
    login: tuple[Request, ...] = field(default=(), repr=False)
    """Sent in order before the first request. The cookies they set are sent from then on; they stay as they
    are, so that the order of requests does not decide who somebody is."""


class NotLetIn(Fault):
    """The application does not let somebody in who should be."""


def headers_of(identity: Identity, door: Door, /, *, host: str) -> tuple[tuple[str, str], ...]:
    """Logs in where that is needed; `NotLetIn` when the application does not."""
    values: dict[str, JsonValue] = {}
    cookies: dict[str, str] = {}
    for request in identity.login:
        answer = door.send(encode(request, values, host=host, also=_cookie(cookies)))
        if answer.status in REFUSED:
            answer = _from_its_page(request, values, cookies, door, host=host) or answer
        where = f"login of {identity.name!r}: {request.method} {request.path}"
        if answer.status not in _LOGGED_IN or answer.ending != "answered":
            raise NotLetIn(
                f"was answered {_said(answer)}", where=where, hint="the log of the server says why"
            )
        taken, missing = take_from(request, answer)
        if missing:
            raise NotLetIn(f"the answer holds no {request.take[missing[0]]}", where=where)
        values |= taken
        cookies |= answer.cookies()
    known = _filled(identity, values)
    named = {name.lower() for name, _ in known}
    guarding = (pair for pair in headers_for(cookies) if pair[0] not in named)
    return (*known, *guarding, *_cookie(cookies))


def _from_its_page(
    request: Request, values: Mapping[str, JsonValue], cookies: dict[str, str], door: Door, /, *, host: str
) -> Answer | None:
    """What a form is answered that was refused, sent again as a browser would: after its page, with what that shows."""
    page = page_of(request)
    if page is None:
        return None
    shown = door.send(encode(page, values, host=host, also=_cookie(cookies)))
    form = with_tokens(request, shown)
    if form is None:
        return None
    cookies |= shown.cookies()
    return door.send(encode(form, values, host=host, also=_cookie(cookies)))


def _filled(identity: Identity, values: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    try:
        return [(name, fill_text(value, values)) for name, value in identity.headers]
    except KeyError as error:
        raise Fault(
            f"needs ${{{error.args[0]}}}, which no login takes", where=f"identity {identity.name!r}"
        ) from error


def _cookie(cookies: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    held = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
    return (("cookie", held),) if held else ()


def _said(answer: Answer) -> str:
    return f"with {answer.status}" if answer.ending == "answered" else f"not at all ({answer.error})"
