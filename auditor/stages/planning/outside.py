"""*Outside the code*: what servers and pools could do, only where the trace shows a reason."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from auditor.model.effect import EffectKind
from auditor.model.plan import OutsideNote
from auditor.model.report import Effect, Endpoint, Size
from auditor.model.text import code
from auditor.stages.planning.gain import endpoint_weight, is_request

SHOWN: Final = 5
"""So many pieces of evidence speak for a note; more only make it longer."""
FEW: Final = 5
"""A request with fewer queries, none of them repeated, gains little from a replica or a cache."""
_WAITS: Final[tuple[EffectKind, ...]] = ("http", "llm", "mail", "sleep", "subprocess")


def outside_notes(worst_first: Sequence[Endpoint], sizes: Mapping[str, Size]) -> tuple[OutsideNote, ...]:
    """The notes that have evidence; `worst_first` are the endpoints by cost."""
    found = (_pool(worst_first), _workers(worst_first, sizes), _reads(worst_first))
    return tuple(note for note in found if note is not None)


def _pool(endpoints: Iterable[Endpoint]) -> OutsideNote | None:
    greedy = [endpoint for endpoint in endpoints if _takes_several_connections(endpoint)]
    if not greedy:
        return None
    return OutsideNote(
        topic="pool",
        title="Size of the connection pool",
        text="A request that takes several connections at once divides the pool by that number. Compare the "
        "pool's size with workers times connections a request; raise it only after the sessions were joined.",
        evidence=tuple(
            f"{code(endpoint.id)} takes {code(endpoint.cost['session'].text)} connections a request"
            for endpoint in greedy[:SHOWN]
        ),
        endpoints=tuple(endpoint.id for endpoint in greedy[:SHOWN]),
    )


def _takes_several_connections(endpoint: Endpoint) -> bool:
    cost = endpoint.cost.get("session")
    return cost is not None and any(term.sizes or term.low > 1 for term in cost.terms)


def _workers(endpoints: Iterable[Endpoint], sizes: Mapping[str, Size]) -> OutsideNote | None:
    waiting = [endpoint for endpoint in endpoints if is_request(endpoint) and _waits(endpoint)]
    waiting.sort(key=lambda endpoint: (-endpoint_weight(endpoint, sizes, _WAITS), endpoint.id))
    if not waiting:
        return None
    return OutsideNote(
        topic="workers",
        title="Workers and timeouts",
        text="While a request waits for something outside, a synchronous worker serves nobody else. Give "
        "every such wait a timeout below the server's own, and size workers or threads for the waits.",
        evidence=tuple(
            f"{code(endpoint.id)} waits at {_places(_waits(endpoint))}" for endpoint in waiting[:SHOWN]
        ),
        endpoints=tuple(endpoint.id for endpoint in waiting[:SHOWN]),
    )


def _waits(endpoint: Endpoint) -> list[Effect]:
    return [effect for effect in endpoint.effects if effect.kind in _WAITS and effect.status != "refuted"]


def _places(effects: Sequence[Effect]) -> str:
    first, more = effects[0], len(effects) - 1
    place = f"{code(f'{first.file}:{first.line}')} ({first.kind}, {code(first.multiplicity)} a request)"
    return f"{place} and {more} more" if more else place


def _reads(endpoints: Iterable[Endpoint]) -> OutsideNote | None:
    reading = [endpoint for endpoint in endpoints if _only_reads(endpoint)]
    if not reading:
        return None
    return OutsideNote(
        topic="reads",
        title="Read replica and HTTP caching",
        text="These requests only read. A replica can serve them if a client may see its own write a little "
        "late; an `ETag` or `Cache-Control` header can save them if the answer is the same for many.",
        evidence=tuple(
            f"{code(endpoint.id)}: {code(endpoint.cost['sql'].text)} queries, all reads, every call followed"
            for endpoint in reading[:SHOWN]
        ),
        endpoints=tuple(endpoint.id for endpoint in reading[:SHOWN]),
    )


def _only_reads(endpoint: Endpoint) -> bool:
    """A GET whose trace is complete, whose queries all are known to read, and that changes nothing else."""
    queries = [effect for effect in endpoint.effects if effect.kind == "sql"]
    changes = any(
        effect.kind in {"mail", "task"} or effect.operation == "write" for effect in endpoint.effects
    )
    return (
        endpoint.id.startswith("GET ")
        and "sql" in endpoint.cost
        and bool(queries)
        and (len(queries) >= FEW or any(term.sizes for term in endpoint.cost["sql"].terms))
        and not changes
        and all(effect.operation == "read" for effect in queries)
        and endpoint.coverage.resolved == endpoint.coverage.calls
    )
