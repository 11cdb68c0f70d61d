"""Replays of a workload, brought together as an observation."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.measure.counts import COUNTED, agreed, clocked, counts_of, mean, worst
from auditor.measure.effects_seen import effects_seen, stages_seen
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeRecord
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.unseen import unseen_drivers, unseen_notes
from auditor.measure.witness import disagreement
from auditor.measure.workload import Workload
from auditor.measure.worth import doubts, turns_away
from auditor.model.numbers import Number
from auditor.model.observation import Observation, ObservedEndpoint, ObservedRequest
from auditor.model.vector import VECTOR_KEYS, Vector


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Replays of the same workload on the same data. The probe counts, and is off where time is taken."""

    counted: Sequence[Replay]
    """Cold, with the probe: three that agree make a count."""
    lined: Sequence[Replay] = ()
    """Cold, with the lines that ran, which is too slow for anything else to be taken from it."""
    timed: Sequence[Replay] = ()
    """Cold, without it."""
    counted_warm: Sequence[Replay] = ()
    timed_warm: Sequence[Replay] = ()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was measured, for the observation's head."""

    target: str = ""
    tree: str = ""
    sources: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    endpoints: Iterable[str] = ()
    """Ids of the target's known endpoints."""


def observe(workload: Workload, measured: Measured, /, *, subject: Subject | None = None) -> Observation:
    """The vector of each request and endpoint.

    A request is void, and counts for no endpoint, when its record is missing, a repeat ended another way, or
    the witness saw something else than the probe.
    """
    subject = subject or Subject()
    routes = Endpoints.of(subject.endpoints)
    sent = {exchange.request.id for replay in measured.counted for exchange in replay.exchanges}
    requests = tuple(
        _observed(request, measured, routes) for request in workload.requests if request.id in sent
    )
    reached = {request.endpoint for request in requests}
    first = measured.counted[0].exchanges if measured.counted else ()
    unseen = unseen_drivers(record for replay in measured.counted for record in replay.outside)
    return Observation(
        target=subject.target,
        tree=subject.tree,
        sources=subject.sources,
        workload=workload.digest,
        environment=dict(subject.environment),
        witnessed=bool(first) and all(exchange.witnessed is not None for exchange in first),
        endpoints=endpoints_of(requests),
        requests=requests,
        unreached=tuple(id_ for id_ in routes.ids if id_ not in reached),
        unseen=unseen,
        notes=(*doubts(first), *_notes(requests), *unseen_notes(unseen)),
    )


def _observed(request: Request, measured: Measured, routes: Endpoints) -> ObservedRequest:
    cold, warm = _of(request, measured.counted), _of(request, measured.counted_warm)
    records = [exchange.record for exchange in cold if exchange.record is not None]
    vector = _vector(cold, _of(request, measured.timed))
    timed_warm = _of(request, measured.timed_warm)
    method, path = _asked(request, records)
    return ObservedRequest(
        id=request.id,
        endpoint=routes.match(method, path),
        method=request.method,
        path=path,
        identity=request.identity,
        status=cold[0].answer.status,
        ending=cold[0].answer.ending,
        vector=vector,
        vector_warm=_vector(warm, timed_warm) if warm or timed_warm else None,
        unstable=tuple(key for key in COUNTED if _number(vector, key).basis.startswith("unstable")),
        void=_void(cold),
        turned_away=turns_away(cold[0].answer),
        effects=effects_seen(records),
        stages=stages_seen(records[0]) if records else (),
        errors=tuple(dict.fromkeys(f"{e.type}: {e.message}" for record in records for e in record.errors)),
        lines=_lines([*records, *(one.record for one in _of(request, measured.lined) if one.record)]),
    )


def _of(request: Request, replays: Sequence[Replay]) -> list[Exchange]:
    return [
        exchange for replay in replays for exchange in replay.exchanges if exchange.request.id == request.id
    ]


def _asked(request: Request, records: Sequence[ProbeRecord]) -> tuple[str, str]:
    """With the values that were put in, as the application saw them."""
    seen = next((record.path for record in records if record.path), None)
    return request.method, (seen or request.path).partition("?")[0]


def _vector(counted: Sequence[Exchange], timed: Sequence[Exchange]) -> Vector:
    records = [exchange.record for exchange in counted if exchange.record is not None]
    counts = [counts_of(record) for record in records]
    answered = [exchange.answer for exchange in timed if exchange.answer.ending == "answered"]
    late = [exchange.answer for exchange in timed if exchange.answer.ending == "timeout"]
    cpu_ms = [record.cpu_ms for record in records if record.cpu_ms is not None]
    with_probe, without = f"{len(records)} replays", f"{len(answered)} replays without the probe"
    if late:
        without += f" and {len(late)} that took longer than was waited"
    numbers = {key: agreed([each[key] for each in counts], basis=with_probe) for key in COUNTED}
    numbers["cpu_ms"] = clocked(cpu_ms, basis=with_probe)
    numbers["ttfb_ms"] = clocked([answer.ttfb_ms for answer in answered], basis=without)
    numbers["latency_ms"] = clocked([answer.total_ms for answer in (*answered, *late)], basis=without)
    return Vector(**numbers)


def _void(exchanges: Sequence[Exchange]) -> str:
    for exchange in exchanges:
        if exchange.answer.ending != "answered":
            return f"{exchange.answer.ending}: {exchange.answer.error}"
        if exchange.lost or exchange.record is None:
            return "the probe's record did not come"
        if said := disagreement(exchange):
            return said
    statuses = {exchange.answer.status for exchange in exchanges}
    if len(statuses) > 1:
        return f"answered in several ways: {', '.join(map(str, sorted(s for s in statuses if s)))}"
    return ""


def _lines(records: Sequence[ProbeRecord]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for record in records:
        for file, numbers in record.lines.items():
            found[file].update(numbers)
    return {file: tuple(sorted(found[file])) for file in sorted(found)}


def endpoints_of(requests: Sequence[ObservedRequest]) -> tuple[ObservedEndpoint, ...]:
    """Each endpoint over its requests that may be used, by id.

    What was turned away does less than what is let in: beside such requests it is left out of their means.
    """
    groups: defaultdict[str, list[ObservedRequest]] = defaultdict(list)
    for request in requests:
        if not request.void:
            groups[request.endpoint].append(request)
    return tuple(
        _endpoint(id_, [one for one in groups[id_] if not one.turned_away] or groups[id_])
        for id_ in sorted(groups)
    )


def _endpoint(id_: str, requests: Sequence[ObservedRequest]) -> ObservedEndpoint:
    cold = [request.vector for request in requests]
    warm = [request.vector_warm for request in requests if request.vector_warm is not None]
    return ObservedEndpoint(
        id=id_,
        requests=tuple(request.id for request in requests),
        vector=_mean(cold),
        worst=_worst(cold),
        vector_warm=_mean(warm) if warm else None,
        worst_warm=_worst(warm) if warm else None,
    )


def _mean(vectors: Sequence[Vector]) -> Vector:
    basis = f"mean over {len(vectors)} requests"
    return Vector(**{key: mean([_number(v, key) for v in vectors], basis=basis) for key in VECTOR_KEYS})


def _worst(vectors: Sequence[Vector]) -> Vector:
    return Vector(**{key: worst([_number(v, key) for v in vectors]) for key in VECTOR_KEYS})


def _number(vector: Vector, key: str) -> Number:
    number: Number = getattr(vector, key)
    return number


def _notes(requests: Sequence[ObservedRequest]) -> list[str]:
    void = [request for request in requests if request.void]
    unstable = [request for request in requests if request.unstable]
    let_in = {request.endpoint for request in requests if not (request.void or request.turned_away)}
    apart = [request for request in requests if request.turned_away and request.endpoint in let_in]
    notes = []
    if apart:
        notes.append(
            f"{len(apart)} requests were turned away, `{apart[0].id}` first: they stand in no mean of an endpoint that let others in."
        )
    if void:
        notes.append(f"{len(void)} requests are void, `{void[0].id}` first: {void[0].void}.")
    if unstable:
        shaky = ", ".join(unstable[0].unstable)
        notes.append(f"Counts of {len(unstable)} requests are unstable, `{unstable[0].id}` first ({shaky}).")
    return notes
