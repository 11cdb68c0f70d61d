"""Counts of requests as vectors of endpoints."""

from collections import defaultdict
from collections.abc import Mapping

from auditor.measure.counts import REPEATS, mean
from auditor.model.numbers import Number
from auditor.model.vector import VECTOR_KEYS, Vector
from auditor.trial.playing import Counted


def vectors_of(counted: Counted, endpoints: Mapping[str, str], /) -> dict[str, Vector]:
    """By endpoint, the mean over its requests; `endpoints` says which a request asks."""
    groups: defaultdict[str, list[Mapping[str, int]]] = defaultdict(list)
    for request, counts in counted.counts.items():
        groups[endpoints[request]].append(counts)
    return {name: _vector(requests) for name, requests in sorted(groups.items())}


def _vector(requests: list[Mapping[str, int]]) -> Vector:
    basis = f"mean over {len(requests)} requests"
    numbers = {
        key: mean([_number(counts[key]) for counts in requests if key in counts], basis=basis)
        for key in VECTOR_KEYS
        if any(key in counts for counts in requests)
    }
    return Vector(**numbers)


def _number(value: int) -> Number:
    return Number(value=value, kind="measured", n=REPEATS, low=value, high=value)
