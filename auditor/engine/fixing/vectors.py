"""Counts of requests, and times of fresh workers, as vectors of endpoints."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from auditor.measure.counts import mean
from auditor.model.numbers import Number
from auditor.model.reconciled import EndpointMeasured
from auditor.model.report import Report
from auditor.model.vector import VECTOR_KEYS, Vector
from auditor.trial.cold import ColdTimes
from auditor.trial.counted import Counted


def vectors_of(counted: Counted, endpoints: Mapping[str, str], /) -> dict[str, Vector]:
    """By endpoint, the mean over its requests; `endpoints` says which a request asks.

    What was turned away is left out where others were let in.
    """
    groups: defaultdict[str, list[Mapping[str, int]]] = defaultdict(list)
    let_in = {endpoints[request] for request in counted.counts if request not in counted.turned_away}
    for request, counts in counted.counts.items():
        if request not in counted.turned_away or endpoints[request] not in let_in:
            groups[endpoints[request]].append(counts)
    return {name: _vector(requests, counted.repeats) for name, requests in sorted(groups.items())}


def with_times(vector: Vector, times: ColdTimes, /) -> Vector:
    """The vector with what a fresh worker takes."""
    return vector.model_copy(update={"latency_ms": times.latency_ms, "ttfb_ms": times.ttfb_ms})


def warm_of(times: ColdTimes, /) -> Vector:
    """What the same worker takes the second time."""
    return Vector(latency_ms=times.warm_latency_ms, ttfb_ms=times.warm_ttfb_ms)


def with_counts(report: Report, counted: Counted, endpoints: Mapping[str, str], /) -> Report:
    """`report` with mean and worst of the requests of each endpoint; nothing is said of where the costs come from."""
    means = vectors_of(counted, endpoints)
    each = {request: _vector([counts], counted.repeats) for request, counts in counted.counts.items()}
    told = []
    for endpoint in report.endpoints:
        requests = tuple(sorted(name for name in each if endpoints[name] == endpoint.id))
        if requests:
            worst = _worst([each[name] for name in requests])
            measured = EndpointMeasured(requests=requests, vector=means[endpoint.id], worst=worst)
            endpoint = endpoint.model_copy(update={"measured": measured})  # noqa: PLW2901  the same, with figures
        told.append(endpoint)
    return report.model_copy(update={"endpoints": tuple(told)})


def _worst(vectors: Sequence[Vector]) -> Vector:
    highest: dict[str, Number] = {}
    for key in VECTOR_KEYS:
        known = [number for one in vectors if (number := getattr(one, key)).value is not None]
        if known:
            highest[key] = max(known, key=lambda number: number.value)
    return Vector(**highest)


def _vector(requests: list[Mapping[str, int]], repeats: int) -> Vector:
    basis = f"mean over {len(requests)} requests"
    numbers = {
        key: mean([_number(counts[key], repeats) for counts in requests if key in counts], basis=basis)
        for key in VECTOR_KEYS
        if any(key in counts for counts in requests)
    }
    return Vector(**numbers)


def _number(value: int, repeats: int) -> Number:
    return Number(value=value, kind="measured", n=repeats, low=value, high=value)
