"""What a form must send back that its page showed: hidden fields against forged requests (CSRF)."""

import html
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from auditor.measure.answer import Answer
from auditor.measure.request import Request

REFUSED: Final = frozenset({400, 403, 419, 422})
"""Statuses by which frameworks answer a form without its token."""
_INPUT: Final = re.compile(r"<input\b[^>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""\b(name|value)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_NAMED: Final = re.compile(r"csrf|xsrf|authenticity_token|^_token$", re.IGNORECASE)
_COOKIES: Final = {"csrftoken": "x-csrftoken", "XSRF-TOKEN": "x-xsrf-token"}
"""Cookies whose value comes back in a header with every request that writes: Django's, and that of Angular's servers."""
_FORM: Final = "application/x-www-form-urlencoded"


def page_of(request: Request, /) -> Request | None:
    """The request for the page that holds a form; None where `request` sends no form."""
    is_form = any(
        name.lower() == "content-type" and value.startswith(_FORM) for name, value in request.headers
    )
    if request.method != "POST" or not is_form or not isinstance(request.body, str):
        return None
    return Request(
        id=f"{request.id} form", path=request.path, query=request.query, headers=(("accept", "text/html"),)
    )


def with_tokens(request: Request, page: Answer, /) -> Request | None:
    """The form with the hidden fields of its page that guard it; None where the page has none."""
    found = hidden_tokens(page.body.decode("utf-8", "replace"))
    if not found:
        return None
    body = "&".join(part for part in (str(request.body or ""), urlencode(found)) if part)
    return request.model_copy(update={"body": body})


def hidden_tokens(page: str, /) -> list[tuple[str, str]]:
    """Names and values of the fields of a page that are named like such tokens, each name once."""
    found: dict[str, str] = {}
    for written in _INPUT.findall(page):
        said = {name.lower(): html.unescape("".join(values)) for name, *values in _ATTRIBUTE.findall(written)}
        if _NAMED.search(said.get("name", "")) and said.get("value"):
            found.setdefault(said["name"], said["value"])
    return list(found.items())


def headers_for(cookies: Mapping[str, str], /) -> tuple[tuple[str, str], ...]:
    """The headers by which requests that write show that they know the cookies."""
    return tuple((header, cookies[name]) for name, header in _COOKIES.items() if cookies.get(name))
