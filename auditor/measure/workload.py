"""The requests to replay: `requests.jsonl`, read, checked, put in an order in which they can be sent, frozen."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from auditor.config.nearest import did_you_mean
from auditor.measure.request import Request
from auditor.model.fault import Fault

MOST_BYTES: Final = 256 << 20
"""A larger file is refused: it would be sent request by request for days."""

_KEYS: Final = tuple(field.alias or name for name, field in Request.model_fields.items())


@dataclass(frozen=True)
class Workload:
    """Requests whose ids are unique and whose needs are met by others. Made by `workload_of` and its like."""

    requests: tuple[Request, ...]
    """In the order of the file."""
    needs: Mapping[str, frozenset[str]]
    """Id and the ids of those that must have been answered before: `after`, and who takes what it uses."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the requests in order, whatever the spelling of the file."""
        return hashlib.sha256(self.render().encode()).hexdigest()

    def render(self) -> str:
        """The one way to write it, as JSON Lines."""
        return "".join(
            json.dumps(_sparse(request), ensure_ascii=True, separators=(",", ":")) + "\n"
            for request in self.requests
        )

    def waves(self) -> tuple[tuple[Request, ...], ...]:
        """Groups such that everything a group needs has been answered by the groups before it."""
        level: dict[str, int] = {}
        for request in self.in_order():
            level[request.id] = 1 + max((level[other] for other in self.needs[request.id]), default=-1)
        depth = 1 + max(level.values(), default=-1)
        return tuple(tuple(r for r in self.requests if level[r.id] == at) for at in range(depth))

    def in_order(self) -> tuple[Request, ...]:
        """The file's order, except that what a request needs comes before it."""
        return _ordered(self.requests, self.needs)


def load_workload(path: Path, /) -> Workload:
    """Reads a file; `Fault` with the line when something in it can't be used."""
    return parse_workload(content_of(path), name=str(path))


def content_of(path: Path, /) -> bytes:
    """The bytes of a file of requests; `Fault` when it can't be read, or is too large for one."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:  # what has no size of its own (`/dev/zero`) may have no end
            content = b"" if size > MOST_BYTES else file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(path)) from error
    if max(size, len(content)) > MOST_BYTES:
        raise Fault(
            f"has {max(size, len(content)):,} bytes, over the limit of {MOST_BYTES:,}", where=str(path)
        )
    return content


def parse_workload(content: bytes, /, *, name: str) -> Workload:
    """As `load_workload`, from the file's bytes; blank lines are skipped."""
    requests, places = parse_requests(content, name=name)
    return workload_of(requests, places=places)


def parse_requests(content: bytes, /, *, name: str) -> tuple[tuple[Request, ...], dict[str, str]]:
    """The requests of a file, and by id where each stands; they may need others that are not in it."""
    requests: list[Request] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        request = _request(line, where)
        if request.id in lines:
            raise Fault(f"the id {request.id!r} stands in line {lines[request.id]} already", where=where)
        lines[request.id] = number
        requests.append(request)
    if not requests:
        raise Fault("holds no request", where=name, hint="one JSON object a line")
    return tuple(requests), {id_: f"{name}:{number}" for id_, number in lines.items()}


def workload_of(requests: Iterable[Request], /, *, places: Mapping[str, str] | None = None) -> Workload:
    """Checks that the requests can be sent one after another.

    Args:
        requests: any, in the order wished for.
        places: where each id stands, for messages.

    Raises:
        Fault: an id twice, an unknown id in `after`, a name that nobody or two take, a circle.
    """
    requests = tuple(requests)
    places = places or {}
    taken: dict[str, str] = {}
    known: set[str] = set()
    for request in requests:
        where = places.get(request.id, request.id)
        if request.id in known:
            raise Fault(f"the id {request.id!r} is there twice", where=where)
        known.add(request.id)
        for name in request.take:
            if name in taken:
                raise Fault(f"{name!r} is taken by {taken[name]!r} already", where=where)
            taken[name] = request.id
    needs = {request.id: _needs(request, known, taken, places) for request in requests}
    workload = Workload(requests, needs)
    if len(_ordered(requests, needs)) < len(requests):
        circle = _circle(needs)
        raise Fault(
            f"these wait for each other: {' → '.join(circle)}",
            where=places.get(circle[0], circle[0]),
            hint="`after` and `${…}` must lead back to a request that waits for nobody",
        )
    return workload


def part_of(workload: Workload, ids: Collection[str], /) -> Workload:
    """Those requests and all that they need, in the order of the whole."""
    left, kept = list(ids), set[str]()
    while left:
        at = left.pop()
        if at not in kept:
            kept.add(at)
            left += workload.needs[at]
    requests = tuple(request for request in workload.requests if request.id in kept)
    return Workload(requests, {request.id: workload.needs[request.id] for request in requests})


def _needs(
    request: Request, known: set[str], taken: Mapping[str, str], places: Mapping[str, str]
) -> frozenset[str]:
    where = places.get(request.id, request.id)
    for other in request.after:
        if other not in known:
            raise Fault(f"`after` names {other!r}, which is not there", where=where, hint=_hint(other, known))
    for name in sorted(request.needs):
        if name not in taken:
            raise Fault(
                f"${{{name}}} is taken by no request",
                where=where,
                hint=_hint(name, taken) if taken else f"write $${{{name}}} for these very characters",
            )
    return frozenset(request.after) | {taken[name] for name in request.needs}


def _hint(wrong: str, known: Iterable[str]) -> str:
    return did_you_mean(wrong, list(known)[:50])


def _request(line: bytes, where: str) -> Request:
    try:
        tree = json.loads(line.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Fault("is not UTF-8", where=where) from error
    except RecursionError as error:
        raise Fault("is nested too deeply", where=where) from error
    except json.JSONDecodeError as error:
        raise Fault(f"is not JSON: {error.msg} at column {error.colno}", where=where) from error
    except ValueError as error:
        raise Fault(f"is not JSON: {error}", where=where) from error
    if not isinstance(tree, dict):
        raise Fault("must be an object", where=where)
    for key in tree:
        if key not in _KEYS:
            raise Fault(f"unknown key {key!r}", where=where, hint=did_you_mean(key, _KEYS))
    try:
        # Not pydantic's own reading of JSON: it refuses half characters, which a frozen request may hold.
        return Request.model_validate({key: _tuples(key, value) for key, value in tree.items()}, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        raise Fault(f"`{place}` {said[0].lower()}{said[1:]}", where=where) from error


def _tuples(key: str, value: Any) -> Any:
    if key in {"body", "take"} or not isinstance(value, list):
        return value
    return tuple(tuple(item) if isinstance(item, list) else item for item in value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice!r} is there twice"
        raise ValueError(message)
    return tree


def _no_number(text: str) -> float:
    message = f"{text} is no JSON"
    raise ValueError(message)


def _sparse(request: Request) -> dict[str, Any]:
    """Without what is as by default, so that a new key with a default changes no digest.

    Keys of our own are sorted; those of a body stay in the order in which they are sent.
    """
    tree = request.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return dict(sorted({**tree, "method": request.method}.items()))


def _ordered(requests: Sequence[Request], needs: Mapping[str, frozenset[str]]) -> tuple[Request, ...]:
    """As many as can be put in order; what stands in a circle, or behind one, is left out."""
    by_id = {request.id: request for request in requests}
    position = {request.id: at for at, request in enumerate(requests)}
    done: dict[str, Request] = {}
    entered: set[str] = set()
    for request in requests:
        stack = [request.id]
        while stack:
            at = stack[-1]
            if at not in entered:
                entered.add(at)
                waiting = sorted(needs[at] - done.keys() - entered, key=position.__getitem__, reverse=True)
                if waiting:
                    stack += waiting
                    continue
            stack.pop()
            if needs[at] <= done.keys():
                done.setdefault(at, by_id[at])
    return tuple(done.values())


def _circle(needs: Mapping[str, frozenset[str]]) -> list[str]:
    """Ids along a circle, the first again at the end."""
    stuck = set(needs)
    while free := {at for at in stuck if not needs[at] & stuck}:
        stuck -= free
    trail = [min(stuck)]
    while True:
        following = min(needs[trail[-1]] & stuck)
        if following in trail:
            return [*trail[trail.index(following) :], following]
        trail.append(following)
