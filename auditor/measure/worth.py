"""What a workload can't judge, said loudly."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from auditor.measure.answer import Answer
from auditor.measure.exchange import Exchange
from auditor.measure.not_found import not_found
from auditor.measure.redirects import redirect_loops
from auditor.model.text import shorten

_LONGEST: Final = 300
_LEADS_AWAY: Final = frozenset({301, 302, 303, 307, 308})
_SIGNS_IN: Final = re.compile(r"(?:^|/)(?:log|sign)[-_]?(?:in|on)(?:[/.]|$)", re.IGNORECASE)
_NO_TABLE: Final = re.compile(
    r"UndefinedTable|no such table|relation \"[^\"]+\" does not exist|Table '[^']+' doesn't exist"
)
_EMPTY: Final = frozenset({b"", b"[]", b"{}", b"null"})


def says_something(exchange: Exchange, /) -> bool:
    """A successful answer with something in it; for a write 204 or a redirect is as much as can be said."""
    answer, writes = exchange.answer, exchange.request.method not in {"GET", "HEAD", "OPTIONS"}
    if answer.ending != "answered" or answer.status is None:
        return False
    if answer.status == 204 or 300 <= answer.status < 400:
        return writes and answer.status != 304
    return 200 <= answer.status < 300 and (answer.body.strip() not in _EMPTY or writes)


def doubts(exchanges: Sequence[Exchange], /) -> tuple[str, ...]:
    """Sentences for a person about what this replay leaves unjudged; none is as it should be."""
    if not exchanges:
        return ("No request was sent: nothing can be judged.",)
    said: list[str] = []
    if worthless := nothing_judged(exchanges):
        said.append(f"{worthless}.")
    if refused := not_let_in([e.answer for e in exchanges]):
        said.append(
            f"{refused}, so what lies behind the door can't be judged: "
            "sign somebody in by [[identity]] of auditor.toml and name them by `as`."
        )
    broken = [e.request.id for e in exchanges if e.answer.ending not in {"answered", "not-sent"}]
    if broken:
        first = next(e for e in exchanges if e.request.id == broken[0])
        said.append(f"{_requests(len(broken))} got no whole answer, `{broken[0]}` first: {_why(first)}.")
    failed = [e for e in exchanges if e.answer.status is not None and e.answer.status >= 500]
    if failed:
        what = (
            f"{_requests(len(failed))} failed, `{failed[0].request.id}` first with {failed[0].answer.status}"
        )
        said.append(f"{what}{f': {why}' if (why := _why(failed[0])) else ''}.")
        if tables := _without_tables(failed):
            said.append(tables)
    unsent = [e for e in exchanges if e.answer.ending == "not-sent"]
    if unsent:
        said.append(
            f"{_requests(len(unsent))} could not be sent: {unsent[0].answer.error} for `{unsent[0].request.id}`."
        )
    long = [e for e in exchanges if e.answer.body_bytes > len(e.answer.body)]
    if long:
        what = f"`{long[0].request.id}` first with {long[0].answer.body_bytes:,} bytes"
        said.append(f"{_requests(len(long))} got more than is kept, {what}: compared by a hash of the whole.")
    lost = [e.request.id for e in exchanges if e.lost]
    if lost:
        said.append(f"The probe's record of {_requests(len(lost))} did not come, `{lost[0]}` first.")
    said += [
        f"Redirects lead round in a circle: {' → '.join((*c, c[0]))}." for c in redirect_loops(exchanges)
    ]
    return (*said, *not_found(exchanges))


def not_let_in(answers: Sequence[Answer], /) -> str:
    """How many requests were turned away, without a full stop, where they are half of all or more; else empty."""
    refused = sum(map(turns_away, answers))
    return (
        f"{refused} of {_requests(len(answers))} were not let in" if 0 < len(answers) <= refused * 2 else ""
    )


def turns_away(answer: Answer, /) -> bool:
    """Whether it refuses whoever asks, or leads to where one signs in."""
    if answer.status in {401, 403}:
        return True
    location = urlsplit(answer.header("location") or "").path
    return answer.status in _LEADS_AWAY and _SIGNS_IN.search(location) is not None


def _without_tables(failed: Sequence[Exchange]) -> str:
    """What to say where a table is not there, or empty."""
    lacking = [e for e in failed if _NO_TABLE.search(_why(e))]
    if not lacking:
        return ""
    return (
        f"{_requests(len(lacking))} failed for a table that is not there: [boot] migrate has to make all of them,"
        " or the target when it starts."
    )


def nothing_judged(exchanges: Sequence[Exchange], /) -> str:
    """Why nothing can be judged by these, a sentence without its full stop; empty when something can."""
    if any(map(says_something, exchanges)):
        return ""
    met = Counter(_outcome(exchange) for exchange in exchanges)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(met.items()))
    return f"No request got a successful answer with something in it ({listed}): nothing can be judged"


def _why(exchange: Exchange) -> str:
    """What the application or the connection said about it."""
    errors = exchange.record.errors if exchange.record is not None else ()
    if not errors:
        return exchange.answer.error.rstrip(".")
    error = errors[0]
    place = f" ({error.stack[-1].file}:{error.stack[-1].line})" if error.stack else ""
    return shorten(f"{error.type}: {error.message}", _LONGEST).rstrip(".") + place


def _requests(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"


def _outcome(exchange: Exchange) -> str:
    answer = exchange.answer
    if answer.ending != "answered":
        return answer.ending
    return f"answered {answer.status}" if not 200 <= (answer.status or 0) < 300 else "empty"
