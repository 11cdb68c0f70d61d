"""What left the application where it answers with an error of the server: the line to begin with, beside all that is missing for it."""

from collections.abc import Iterable, Iterator
from typing import Final

from auditor.measure.exchange import Exchange

_SERVER_ERROR: Final = 500
_MOST: Final = 3
_LONGEST: Final = 300


def raised(exchanges: Iterable[Exchange], requests: Iterable[str], /) -> tuple[str, ...]:
    """A sentence for each of the first exceptions that differ, of the `requests` that were answered with 500 and above."""
    wanted = frozenset(requests)
    found: dict[str, str] = {}
    for exchange in exchanges:
        if exchange.request.id in wanted and (exchange.answer.status or 0) >= _SERVER_ERROR:
            for said in _said(exchange):
                found.setdefault(said, f"`{exchange.request.id}`: {said}")
    return tuple(found.values())[:_MOST]


def _said(exchange: Exchange) -> Iterator[str]:
    for error in exchange.record.errors if exchange.record is not None else ():
        what = f"{error.type}: {' '.join(error.message.split())}"[:_LONGEST].removesuffix(": ")
        frame = error.stack[-1] if error.stack else None
        yield f"{what} at {frame.file}:{frame.line} in {frame.function}" if frame else what
