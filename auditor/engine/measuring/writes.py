"""Requests that write, tried out: those that known-good takes stay, and what reads is asked again after them.

A workload without writes can't tell a memo that nothing throws away, a mail that is not sent any more, an audit line that is lost.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from auditor.engine.measuring.survey import Surveyed
from auditor.engine.measuring.workload import without_request
from auditor.execution.boot import NotBooted
from auditor.execution.databases.database import Rows
from auditor.execution.world import World
from auditor.measure.edges.writing import WRITING, Heard, Place, bare_request, guesses, json_of
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.exchange import Exchange
from auditor.measure.identity import Identity
from auditor.measure.proposing import filled_paths
from auditor.measure.request import Request
from auditor.measure.running.rounds import Misbehaved, Playing, play_round
from auditor.measure.workload import Workload, workload_of

_MOST: Final = 60
"""Endpoints that write."""
_EACH: Final = 2
"""Requests of one of them."""
_OK: Final = 200
_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedWrites:
    """What is sent after the requests that read, and what a person should know of it."""

    requests: tuple[Request, ...] = ()
    notes: tuple[str, ...] = ()


def try_writes(
    world: World,
    workload: Workload,
    identities: Sequence[Identity],
    surveyed: Sequence[Surveyed],
    rows: Rows,
    /,
    *,
    skip: Sequence[str] = (),
) -> TriedWrites:
    """For endpoints that write and that the workload does not ask; on a prepared `world`."""
    places = _places(workload, surveyed, rows, skip)
    made, notes = _made(world, places, identities, rows) if places else ((), ())
    asked = {_endpoint_of(one) for one in made}
    left = [
        one.id
        for one in surveyed
        if one.method in WRITING and one.id not in asked | _asked(workload, surveyed)
    ]
    notes = (*notes, *((without_request(left),) if left else ()))
    first = [one for one in made if one.method != "DELETE"]
    last = [one for one in made if one.method == "DELETE"]
    again = _again(workload, surveyed, after=first[-1].id) if first else ()
    return TriedWrites(requests=(*first, *again, *last), notes=notes)


def _made(
    world: World, places: tuple[Place, ...], identities: Sequence[Identity], rows: Rows
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    who = next((one.name for one in identities), None)
    bare = [bare_request(one, identity=who) for one in places]
    try:
        heard = _played(world, (*_shown(places, who), *bare), identities)
        made = [
            guess
            for one in places
            for guess in guesses(
                one,
                Heard(status=heard[one.endpoint].answer.status, body=heard[one.endpoint].answer.body),
                _json_shown(heard[f"GET {one.path}"]),
                rows,
                identity=who,
            )
        ]
        tried = _played(world, (*made, *bare), identities) if made else heard
    except (Misbehaved, NotBooted) as error:
        return (), (f"nothing that writes is asked, since the target does not live through it: {error}",)
    kept = _kept(places, [one.id for one in (*made, *bare)], tried)
    if not kept:
        return (), ()
    note = (
        f"{len(kept)} requests that write were made for {len({_endpoint_of(one) for one in kept})} endpoints, and what reads "
        "is asked again after them: [workload] skip names what must not be called"
    )
    return tuple(kept), (note,)


def _endpoint_of(made: Request) -> str:
    return made.id.rpartition(" #")[0]


def _asked(workload: Workload, surveyed: Sequence[Surveyed]) -> set[str]:
    endpoints = Endpoints.of(one.id for one in surveyed)
    return {endpoints.match(one.method, one.path) for one in workload.requests}


def _places(
    workload: Workload, surveyed: Sequence[Surveyed], rows: Rows, skip: Sequence[str]
) -> tuple[Place, ...]:
    asked = _asked(workload, surveyed)
    found = []
    for one in sorted(
        surveyed, key=lambda each: (WRITING.index(each.method) if each.method in WRITING else 9, each.id)
    ):
        if one.method not in WRITING or one.id in asked:
            continue
        there = filled_paths(one.path, rows, there=True, keys=one.keys)
        if not there:
            continue
        path = there[-1] if one.method == "DELETE" else there[0]
        place = Place(method=one.method, endpoint=one.id, path=path, parameters=one.parameters)
        names = (one.id, f"{one.method} {path}")
        if place.may_be_asked and not any(fnmatch.fnmatchcase(name, each) for name in names for each in skip):
            found.append(place)
    return tuple(found[:_MOST])


def _shown(places: Iterable[Place], who: str | None) -> tuple[Request, ...]:
    """A GET of each address: what it shows can be sent back."""
    paths = dict.fromkeys(one.path for one in places)
    return tuple(Request(id=f"GET {path}", path=path).model_copy(update={"identity": who}) for path in paths)


def _json_shown(seen: Exchange) -> JsonValue:
    return json_of(seen.answer.body) if seen.answer.status == _OK else None


def _played(
    world: World, requests: tuple[Request, ...], identities: Sequence[Identity]
) -> Mapping[str, Exchange]:
    played = play_round(world, workload_of(requests), identities, Playing(state=False))
    return {one.request.id: one for one in played.replay.exchanges}


def _kept(places: Iterable[Place], order: Sequence[str], tried: Mapping[str, Exchange]) -> list[Request]:
    """The first two of each endpoint that were taken. They are not counted: a guess must not stop what it costs a statement more."""
    kept: list[Request] = []
    for place in places:
        mine = [id_ for id_ in order if id_ == place.endpoint or id_.startswith(f"{place.endpoint} #")]
        taken = [id_ for id_ in mine if (tried[id_].answer.status or 500) < 400]
        for number, id_ in enumerate(taken[:_EACH], 1):
            update: dict[str, object] = {"id": f"{place.endpoint} #{number}", "roles": ("contract",)}
            kept.append(tried[id_].request.model_copy(update=update))
    return kept


def _again(workload: Workload, surveyed: Sequence[Surveyed], *, after: str) -> tuple[Request, ...]:
    """The first request of each endpoint that reads, once more."""
    endpoints = Endpoints.of(one.id for one in surveyed)
    first: dict[str, Request] = {}
    for one in workload.requests:
        if one.method in _READING:
            first.setdefault(endpoints.match(one.method, one.path), one)
    return tuple(
        one.model_copy(
            update={"id": f"{one.id} again", "roles": ("contract",), "take": {}, "after": (after,)}
        )
        for one in first.values()
    )
