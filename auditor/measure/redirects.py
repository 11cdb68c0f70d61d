"""Redirects are recorded and never followed; that some lead back to where they began is found here."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urljoin, urlsplit

from auditor.measure.encoding import encode
from auditor.measure.exchange import Exchange

_MOVES_ALL: Final = frozenset({301, 302, 303, 307, 308})


def redirect_loops(exchanges: Iterable[Exchange], /) -> tuple[tuple[str, ...], ...]:
    """Circles of URLs, each beginning with its smallest; only between requests that were sent."""
    leads: dict[str, str] = {}
    for exchange in exchanges:
        location = exchange.answer.header("location")
        if exchange.request.method != "GET" or exchange.answer.status not in _MOVES_ALL or not location:
            continue
        if exchange.request.needs:
            continue  # where it was sent is known only in the run
        here = encode(exchange.request, {}, host="localhost").target
        leads[here] = _target(here, location)
    return tuple(sorted({_turned(circle) for start in leads if (circle := _circle(start, leads))}))


def _target(here: str, location: str) -> str:
    parts = urlsplit(urljoin(f"http://localhost{here}", location))
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _circle(start: str, leads: dict[str, str]) -> tuple[str, ...]:
    trail = [start]
    while trail[-1] in leads:
        following = leads[trail[-1]]
        if following in trail:
            return tuple(trail[trail.index(following) :])
        trail.append(following)
    return ()


def _turned(circle: tuple[str, ...]) -> tuple[str, ...]:
    at = circle.index(min(circle))
    return circle[at:] + circle[:at]
