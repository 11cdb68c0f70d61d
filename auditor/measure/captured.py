"""What a target's own tests asked of it: an observation, and a workload as far as their requests can be sent again.

The probe tells of each request its method, path, query, status and what it did. It does not tell headers and bodies, so
nobody is signed in when such a request is sent again, and one that carried a body is no request without it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from auditor.measure.counts import COUNTED, counts_of
from auditor.measure.effects_seen import effects_seen, stages_seen
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.observe import Subject, endpoints_of
from auditor.measure.records import ProbeRecord
from auditor.measure.request import Request
from auditor.measure.unseen import unseen_drivers, unseen_notes
from auditor.measure.workload import Workload, workload_of
from auditor.model.numbers import Number
from auditor.model.observation import Observation, ObservedRequest
from auditor.model.vector import Vector

KEPT_EACH: Final = 20
"""Requests kept of one endpoint, those that did most; of requests that did the same, the first."""
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
_REFUSED: Final = 400
_NOT_NAME: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What a run of the tests gave."""

    observation: Observation
    workload: Workload
    """Requests without a body that were answered with success, each once."""
    left_out: tuple[str, ...]
    """What could not be taken over into the workload, one sentence each."""


def captured(records: Iterable[ProbeRecord], /, *, subject: Subject) -> Captured:
    """From the probe's records of a run of tests; those of no request are left aside."""
    records = tuple(records)
    unseen = unseen_drivers(records)
    asked = [one for one in records if one.method and one.path and not one.late]
    routes = Endpoints.of(subject.endpoints)
    kept, alike = _kept(asked, routes)
    names: Counter[str] = Counter()
    requests = tuple(_observed(one, endpoint, names) for one, endpoint in kept)
    reached = {request.endpoint for request in requests}
    notes = [
        "The target's own tests sent these requests: on their data, with what they replace, nothing is refuted."
    ]
    if alike:
        notes.append(f"{alike} more requests of the tests did the same as these, or less.")
    notes += unseen_notes(unseen)
    observation = Observation(
        target=subject.target,
        tree=subject.tree,
        sources=subject.sources,
        source="tests",
        environment=dict(subject.environment),
        unseen=unseen,
        endpoints=endpoints_of(requests),
        requests=requests,
        unreached=tuple(name for name in routes.ids if name not in reached),
        notes=tuple(notes),
    )
    workload, left_out = _workload(asked, routes)
    return Captured(observation=observation, workload=workload, left_out=left_out)


def _kept(asked: Sequence[ProbeRecord], routes: Endpoints) -> tuple[list[tuple[ProbeRecord, str]], int]:
    """The requests worth keeping, in the order in which they were sent, and how many are not."""
    groups: defaultdict[str, dict[object, ProbeRecord]] = defaultdict(dict)
    for one in asked:
        endpoint = routes.match(one.method or "", one.path or "")
        deeds = Counter((effect.kind, effect.text, effect.frame) for effect in one.effects)
        groups[endpoint].setdefault((one.status, frozenset(deeds.items())), one)
    chosen: dict[int, str] = {}
    for endpoint, different in groups.items():
        most = sorted(different.values(), key=lambda one: -len(one.effects))[:KEPT_EACH]
        chosen |= {id(one): endpoint for one in most}
    kept = [(one, chosen[id(one)]) for one in asked if id(one) in chosen]
    return kept, len(asked) - len(kept)


def _observed(record: ProbeRecord, endpoint: str, names: Counter[str]) -> ObservedRequest:
    basis = "one request of the tests"
    counts = counts_of(record)
    numbers = {
        key: Number(
            value=float(counts[key]), kind="measured", n=1, low=counts[key], high=counts[key], basis=basis
        )
        for key in COUNTED
    }
    return ObservedRequest(
        id=_name(record, names),
        endpoint=endpoint,
        method=record.method or "",
        path=record.path or "",
        status=record.status,
        vector=Vector(**numbers),
        effects=effects_seen([record]),
        stages=stages_seen(record),
        errors=tuple(dict.fromkeys(f"{error.type}: {error.message}" for error in record.errors)),
    )


def _workload(asked: Sequence[ProbeRecord], routes: Endpoints) -> tuple[Workload, tuple[str, ...]]:
    names: Counter[str] = Counter()
    taken: dict[tuple[str, str, str], Request] = {}
    with_body, refused, unknown = Counter[str](), 0, 0
    for one in asked:
        method, path, query = one.method or "", one.path or "", one.query or ""
        if routes.match(method, path) not in routes.ids:
            unknown += 1
        elif method not in _WITHOUT_BODY:
            with_body[method] += 1
        elif one.status is None or one.status >= _REFUSED:
            refused += 1
        elif (method, path, query) not in taken:
            pairs = tuple(parse_qsl(query, keep_blank_values=True))
            taken[method, path, query] = Request(id=_name(one, names), method=method, path=path, query=pairs)
    return workload_of(taken.values()), _left_out(
        with_body, refused=refused, unknown=unknown, taken=bool(taken)
    )


def _left_out(with_body: Mapping[str, int], *, refused: int, unknown: int, taken: bool) -> tuple[str, ...]:
    said = []
    if with_body:
        methods = ", ".join(f"{number} {method}" for method, number in sorted(with_body.items()))
        said.append(f"{methods}: bodies are not recorded, so these requests can't be sent again.")
    if refused:
        said.append(
            f"{refused} GET or HEAD were answered with an error, and there is nothing to measure in one."
        )
    if unknown:
        said.append(f"{unknown} were for no endpoint that the trace knows.")
    if taken:
        said.append(
            "Headers are not recorded: where a request needs somebody who is signed in, add `as` with an identity of "
            "auditor.toml. Keys in paths are those of the tests' data."
        )
    return tuple(said)


def _name(record: ProbeRecord, names: Counter[str]) -> str:
    plain = _NOT_NAME.sub("-", f"{record.method} {record.path}".lower()).strip("-")[:60]
    names[plain] += 1
    return plain if names[plain] == 1 else f"{plain}-{names[plain]}"
