"""What a workload can't judge, said loudly."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from auditor.measure.exchange import Exchange
from auditor.measure.redirects import redirect_loops

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
    if not any(map(says_something, exchanges)):
        met = Counter(_outcome(exchange) for exchange in exchanges)
        listed = ", ".join(f"{count} {name}" for name, count in sorted(met.items()))
        said.append(
            f"No request got a successful answer with something in it ({listed}): nothing can be judged."
        )
    refused = [e.request.id for e in exchanges if e.answer.status in {401, 403}]
    if refused and len(refused) * 2 >= len(exchanges):
        said.append(f"{len(refused)} of {len(exchanges)} requests were not let in: name an identity by `as`.")
    broken = [e.request.id for e in exchanges if e.answer.ending not in {"answered", "not-sent"}]
    if broken:
        said.append(f"{len(broken)} requests got no whole answer, `{broken[0]}` first.")
    unsent = [e for e in exchanges if e.answer.ending == "not-sent"]
    if unsent:
        said.append(
            f"{len(unsent)} requests could not be sent: {unsent[0].answer.error} for `{unsent[0].request.id}`."
        )
    lost = [e.request.id for e in exchanges if e.lost]
    if lost:
        said.append(f"The probe's record of {len(lost)} requests did not come, `{lost[0]}` first.")
    said += [
        f"Redirects lead round in a circle: {' → '.join((*c, c[0]))}." for c in redirect_loops(exchanges)
    ]
    return tuple(said)


def _outcome(exchange: Exchange) -> str:
    answer = exchange.answer
    if answer.ending != "answered":
        return answer.ending
    return f"answered {answer.status}" if not 200 <= (answer.status or 0) < 300 else "empty"
