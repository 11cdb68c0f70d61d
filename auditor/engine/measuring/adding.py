"""Requests that come beside those of a workload: each asks something else, by a name of its own."""

from collections.abc import Iterable

from auditor.measure.request import Request
from auditor.measure.workload import Workload, workload_of


def with_added(workload: Workload, requests: Iterable[Request], /) -> Workload:
    """The workload with those that it lacks, at its end."""
    more = new_requests(workload.requests, requests)
    return workload_of((*workload.requests, *more)) if more else workload


def new_requests(known: Iterable[Request], requests: Iterable[Request], /) -> tuple[Request, ...]:
    """Those that ask something else than `known`; an id that is taken gets a number."""
    asked = {_asks(one): one.id for one in known}
    ids = set(asked.values())
    called: dict[str, str] = {}
    """Their ids, and what they are called here."""
    fresh: list[Request] = []
    for request in requests:
        there = asked.get(_asks(request))
        if there is not None:
            called[request.id] = there
            continue
        name, number = request.id, 2
        while name in ids:
            name, number = f"{request.id}-{number}", number + 1
        ids.add(name)
        called[request.id] = asked[_asks(request)] = name
        after = tuple(called.get(id_, id_) for id_ in request.after)
        fresh.append(request.model_copy(update={"id": name, "after": after}))
    return tuple(fresh)


def _asks(request: Request) -> str:
    """All of it but its name: a request that sequences need by its id is another one."""
    return request.model_dump_json(exclude={"id", "roles"})
