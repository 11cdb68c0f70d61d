"""A request as the bytes that are sent, once every value it needs is known."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus

from pydantic import JsonValue

from auditor.measure.placeholders import fill, fill_text
from auditor.measure.request import Request

_KEPT_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_HALVES: Final = "surrogatepass"
"""Half characters, which JSON can hold, are sent as the three bytes that they would be."""
_DEFAULTS: Final = (
    ("accept", "*/*"),
    ("accept-encoding", "identity"),  # what is compared and counted is what the application wrote
)


@dataclass(frozen=True, slots=True)
class Message:
    """Ready to be sent."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Of an identity too: secrets."""
    body: bytes = field(repr=False)


def encode(
    request: Request,
    /,
    values: Mapping[str, JsonValue],
    *,
    host: str,
    also: tuple[tuple[str, str], ...] = (),
) -> Message:
    """Puts `values` in and encodes.

    Args:
        request: the line of the workload.
        values: what was taken from earlier answers, by name.
        host: for the header of that name.
        also: an identity's headers; the request's own win over them.

    Raises:
        KeyError: a value it needs is not there.
    """
    path = quote(fill_text(request.path, values), safe=_KEPT_IN_PATH, errors=_HALVES)
    pairs = [(fill_text(key, values), fill_text(value, values)) for key, value in request.query]
    query = "&".join(
        f"{quote_plus(key, errors=_HALVES)}={quote_plus(value, errors=_HALVES)}" for key, value in pairs
    )
    body, content_type = _body(request, values)
    own = [(name.lower(), fill_text(value, values)) for name, value in request.headers]
    headers = dict([("host", host), *_DEFAULTS, *content_type, *((n.lower(), v) for n, v in also)])
    names = {name for name, _ in own}
    kept = [(name, value) for name, value in headers.items() if name not in names]
    return Message(request.method, f"{path}?{query}" if query else path, (*kept, *own), body)


def _body(request: Request, values: Mapping[str, JsonValue]) -> tuple[bytes, list[tuple[str, str]]]:
    if request.body_base64 is not None:
        return base64.b64decode(request.body_base64), []
    if request.body is None:
        return b"", []
    if isinstance(request.body, str):
        return fill_text(request.body, values).encode("utf-8", _HALVES), []
    text = json.dumps(fill(request.body, values), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", _HALVES), [("content-type", "application/json")]
