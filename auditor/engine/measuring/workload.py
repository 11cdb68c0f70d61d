"""Where the requests come from: a file, or what the tree and its database say."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from auditor.config.database import Engine
from auditor.engine.measuring.adding import with_added
from auditor.engine.measuring.survey import Surveyed
from auditor.execution.databases.database import Rows
from auditor.measure.edges.requests import edge_requests, typed_body_edges
from auditor.measure.edges.writing import WRITING
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.importing.reading import read_requests
from auditor.measure.proposing import Served, propose_workload, values_of
from auditor.measure.request import Request
from auditor.measure.running.bench import Bench
from auditor.measure.workload import Workload, workload_of
from auditor.model.fault import Fault

MOST_EDGES = 600
"""Of one workload: beyond it edges are dropped evenly, and that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The workload of a run, and what a person must know of it."""

    workload: Workload
    notes: tuple[str, ...]
    edges: int
    endpoints: dict[str, str]
    """By request, the id of the endpoint that it asks, where that is known."""
    proposed: bool = False
    """Whether nobody has written it: it then asks for all that can be guessed."""

    def with_more(
        self, requests: tuple[Request, ...], notes: tuple[str, ...], surveyed: tuple[Surveyed, ...], /
    ) -> "Chosen":
        """With requests for what is only at the edges of the data, and what is to be said of it; none is asked twice."""
        workload = with_added(self.workload, requests)
        return Chosen(
            workload=workload,
            notes=(*self.notes, *notes),
            edges=self.edges + len(workload.requests) - len(self.workload.requests),
            endpoints=_endpoints(workload.requests, surveyed),
            proposed=self.proposed,
        )


def choose_workload(
    bench: Bench,
    surveyed: tuple[Surveyed, ...],
    rows: Rows,
    /,
    *,
    file: Path | None = None,
    edges: bool = True,
) -> Chosen:
    """The requests of the file that was named, else of the settings' file, else proposed; with edge requests beside them.

    Raises:
        Fault: the file can't be used, or there is nothing to ask.
    """
    named = file or (bench.root / bench.settings.workload.file if bench.settings.workload.file else None)
    notes: list[str] = []
    if named is not None:
        imported = read_requests(named, known=lambda: _keys(surveyed, rows))
        requests, notes = imported.requests, [*imported.notes, *map(_skipped, imported.skipped)]
    else:
        requests, notes = _proposed(bench, surveyed, rows, writes=not edges)
    if not rows and bench.settings.database.engine is not Engine.NONE:
        notes.append("its database is empty: nothing that it stores or reads there can be judged")
    skipped = [one.id for one in requests if _is_skipped(one, surveyed, bench.settings.workload.skip)]
    requests = tuple(one for one in requests if one.id not in skipped)
    if not requests:
        raise Fault(
            "there is no request to send, so nothing can be judged",
            where=str(named or bench.root),
            hint="write a requests.jsonl and name it by --workload or under [workload] file",
        )
    extra = _edges(requests, surveyed, rows) if edges else ()
    if len(extra) > MOST_EDGES:
        notes.append(f"{len(extra) - MOST_EDGES} of {len(extra)} edge requests are left out")
        extra = tuple(extra[len(extra) * at // MOST_EDGES] for at in range(MOST_EDGES))
    workload = workload_of((*requests, *extra))
    endpoints = _endpoints(workload.requests, surveyed)
    return Chosen(
        workload=workload,
        notes=tuple(notes),
        edges=len(extra),
        endpoints=endpoints,
        proposed=named is None,
    )


def _endpoints(requests: Iterable[Request], surveyed: tuple[Surveyed, ...]) -> dict[str, str]:
    return {
        request.id: endpoint.id for request in requests if (endpoint := asked(request, surveyed)) is not None
    }


def asked(request: Request, surveyed: tuple[Surveyed, ...], /) -> Surveyed | None:
    """The endpoint that a request asks, where it is a known one."""
    found = Endpoints.of(one.id for one in surveyed).match(request.method, request.path)
    return next((one for one in surveyed if one.id == found), None)


def _proposed(
    bench: Bench, surveyed: tuple[Surveyed, ...], rows: Rows, *, writes: bool
) -> tuple[tuple[Request, ...], list[str]]:
    """With `writes`, endpoints that write are said to be left out; else requests for them are tried later."""
    made = propose_workload(
        (Served(one.method, one.path, one.keys) for one in surveyed),
        rows,
        identities=[identity.name for identity in bench.settings.identities],
    )
    notes = [
        "the workload was made from the routes and the keys in the database: add your own with [workload] file"
    ]
    left_out = [name for name, _ in made.left_out if writes or name.partition(" ")[0] not in WRITING]
    if left_out:
        notes.append(without_request(left_out))
    return made.requests, notes


def without_request(names: Sequence[str], /) -> str:
    """What a person is told of endpoints that nothing asks."""
    shown = ", ".join(names[:5]) + ("…" if len(names) > 5 else "")
    return f"{len(names)} endpoint{'s have' if len(names) > 1 else ' has'} no request: {shown}"


def _edges(requests: tuple[Request, ...], surveyed: tuple[Surveyed, ...], rows: Rows) -> tuple[Request, ...]:
    """Around the first request of each endpoint: in a proposed workload the one of somebody who is let in."""
    done: set[str] = set()
    made: list[Request] = []
    for request in requests:
        endpoint = asked(request, surveyed)
        if endpoint is None or endpoint.id in done:
            continue
        done.add(endpoint.id)
        made += edge_requests(request, endpoint.parameters, rows)
        made += typed_body_edges(request)
    return tuple(made)


def _keys(surveyed: tuple[Surveyed, ...], rows: Rows) -> dict[str, str]:
    """By name, a value for each parameter of a path that the data has a key for."""
    found: dict[str, str] = {}
    for endpoint in surveyed:
        parts = endpoint.path.split("/")
        for before, part in pairwise(parts):
            if part.startswith("{") and part.endswith("}"):
                for value in values_of(part[1:-1], before, rows)[:1]:
                    found.setdefault(part[1:-1], value)
    return found


def _skipped(reason: tuple[str, int]) -> str:
    return f"{reason[1]} of the file's requests left out: {reason[0]}"


def _is_skipped(request: Request, surveyed: tuple[Surveyed, ...], patterns: tuple[str, ...]) -> bool:
    endpoint = asked(request, surveyed)
    names = [f"{request.method} {request.path}", *([endpoint.id] if endpoint else [])]
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)
