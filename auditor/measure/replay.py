"""Sends a workload to a running application and brings together what came back and what was seen."""

import hashlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue

from auditor.config.nearest import did_you_mean
from auditor.measure.answer import Answer
from auditor.measure.encoding import Message, encode
from auditor.measure.exchange import Exchange, Witnessed
from auditor.measure.identity import Identity, headers_of
from auditor.measure.records import ProbeRecord, by_request
from auditor.measure.request import Request, Role
from auditor.measure.sending import Door, Limits
from auditor.measure.taking import take_from
from auditor.measure.workload import Workload, part_of
from auditor.model.fault import Fault

Mode = Literal["in order", "eight at once"]
AT_ONCE: Final = 8
HOST: Final = "localhost"

_LEAST_PATIENCE: Final = 0.05
"""Share of the wait for a record that is left where none comes at all: hundreds of requests must not take an hour."""
_GLANCE_S: Final = 0.002
"""Between two looks for a record: the probe writes it when the answer has been closed, after we have read it."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What looks on while requests are sent. Everything may be missing."""

    records: Callable[[], Iterable[ProbeRecord]] | None = None
    """The probe's records since the last call; None when the probe is off."""
    witness: Callable[[], Witnessed] | None = None
    """What the database has counted so far."""
    quiet: Callable[[], object] | None = None
    """Waits, after the last answer, until what was put off has been done."""
    record_wait_s: float = 5.0
    """A record that has not come by then is lost; behind lost ones the wait is shorter, and what comes late is still taken."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A workload as it went, once."""

    mode: Mode
    exchanges: tuple[Exchange, ...]
    """In the order of the workload's file, for each request that was asked for."""
    outside: tuple[ProbeRecord, ...] = ()
    """What the probe saw outside any request: boot, background threads, deferred work."""
    processes: tuple[ProbeRecord, ...] = ()
    """Every process that began with the probe since the records were last read; what it is stands in `started`."""

    def by_id(self) -> dict[str, Exchange]:
        """Exchanges by the id of their request."""
        return {exchange.request.id: exchange for exchange in self.exchanges}


def replay(
    workload: Workload,
    socket: Path | Door,
    /,
    *,
    mode: Mode = "in order",
    role: Role | None = None,
    identities: Iterable[Identity] = (),
    host: str = HOST,
    limits: Limits | None = None,
    watch: Watch | None = None,
    answered: Callable[[int, int], None] | None = None,
) -> Replay:
    """Sends the requests and waits for every answer.

    Args:
        workload: what to send. Eight at once still sends nothing before what it needs has been answered.
        socket: the unix socket that leads to the application, or a door to it that is open already, with limits of its own.
        mode: one at a time, or eight.
        role: only requests with this role, and those they need.
        identities: who may be named by `as`.
        host: the header of that name.
        limits: of each request.
        watch: probe and witness.
        answered: is told, in order, how many of how many have been answered.

    Raises:
        Fault: a request names an identity that is not there, or a login fails.
    """
    chosen = select(workload, role)
    with ExitStack() as stack:
        door = socket if isinstance(socket, Door) else stack.enter_context(Door(socket, limits=limits))
        session = _Session(door, host, watch or Watch(), _headers(chosen, identities, door, host))
        if mode == "in order":
            for number, request in enumerate(chosen.in_order(), 1):
                session.run(request)
                if answered is not None:
                    answered(number, len(chosen.requests))
        else:
            pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE, "replay"))
            for wave in chosen.waves():
                deque(pool.map(session.send, wave), maxlen=0)
            session.settle()
        session.finish()
    exchanges = tuple(session.exchanges[request.id] for request in chosen.requests)
    return Replay(
        mode=mode, exchanges=exchanges, outside=tuple(session.outside), processes=tuple(session.processes)
    )


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A request that is ready to be sent over and over."""

    message: Message
    """Holds secrets, and belongs in no file."""
    total_ms: float
    """Of its first answer; infinite where that was none."""


def rehearse(
    workload: Workload,
    socket: Path,
    /,
    *,
    identities: Iterable[Identity] = (),
    host: str = HOST,
    limits: Limits | None = None,
) -> dict[str, Rehearsed]:
    """What is to be timed, ready to be sent: each request with the role `time`, its values and identity put in.

    Sends everything once, in order; a request whose values were in no answer is left out. `Fault` as for `replay`.
    """
    chosen = select(workload, "time")
    with Door(socket, limits=limits) as door:
        session = _Session(door, host, Watch(), _headers(chosen, identities, door, host))
        for request in chosen.in_order():
            session.send(request)
    timed = [request.id for request in chosen.requests if "time" in request.roles]
    return {
        id_: Rehearsed(session.messages[id_], _total_ms(session.exchanges[id_].answer))
        for id_ in timed
        if id_ in session.messages
    }


def _total_ms(answer: Answer) -> float:
    failed = answer.ending != "answered" or (answer.status or 500) >= 500
    return math.inf if failed else answer.total_ms


def select(workload: Workload, role: Role | None, /) -> Workload:
    """The requests with a role together with everything they need; all of them for None."""
    if role is None:
        return workload
    return part_of(workload, [request.id for request in workload.requests if role in request.roles])


def opaque_id(request: Request, /) -> str:
    """The id a request is known by to the probe: it tells the application nothing."""
    return hashlib.sha256(f"auditor {request.id}".encode()).hexdigest()[:24]


class _Session:
    """Answers, values and records while they come in."""

    def __init__(
        self, door: Door, host: str, watch: Watch, headers: Mapping[str, tuple[tuple[str, str], ...]]
    ) -> None:
        self.exchanges: dict[str, Exchange] = {}
        self.outside: list[ProbeRecord] = []
        self.processes: list[ProbeRecord] = []
        self.messages: dict[str, Message] = {}
        self._door = door
        self._host = host
        self._watch = watch
        self._headers = headers
        self._values: dict[str, JsonValue] = {}
        self._waiting: dict[str, str] = {}
        """Opaque id and id of the requests whose record has not come."""
        self._lost = 0
        """Records that did not come, in a row."""
        self._sent: dict[str, str] = {}
        self._records: list[ProbeRecord] = []
        self._gather()  # what the boot and the logins left

    def run(self, request: Request) -> None:
        """Sends one, waits for its record, asks the witness."""
        before = self._watch.witness() if self._watch.witness else None
        self.send(request)
        self.settle()
        if before is not None and self._watch.witness is not None:
            seen = self._watch.witness().since(before)
            self.exchanges[request.id] = replace(self.exchanges[request.id], witnessed=seen)

    def send(self, request: Request) -> None:
        """Sends one. Each thread writes keys of its own, and reads only what a wave before has written."""
        opaque = opaque_id(request) if self._watch.records else None
        try:
            also = self._headers.get(request.identity or "", ())
            message = encode(request, self._values, host=self._host, also=also)
        except KeyError as error:
            lacking = Answer(ending="not-sent", error=f"no earlier answer held ${{{error.args[0]}}}")
            self.exchanges[request.id] = Exchange(request=request, answer=lacking)
            return
        self.messages[request.id] = message
        answer = self._door.send(message, opaque=opaque)
        taken, _ = take_from(request, answer)
        self._values |= taken
        self.exchanges[request.id] = Exchange(request=request, answer=answer)
        if opaque is not None:
            self._sent[opaque] = request.id
            if answer.ending != "refused":  # no application has seen it
                self._waiting[opaque] = request.id

    def settle(self) -> None:
        """Waits until every record has come, or long enough; then those that have not are lost."""
        sent = bool(self._waiting)
        until = time.monotonic() + self._watch.record_wait_s * max(2.0**-self._lost, _LEAST_PATIENCE)
        self._gather()
        while self._waiting and time.monotonic() < until:
            time.sleep(_GLANCE_S)
            self._gather()
        if sent:
            self._lost = self._lost + 1 if self._waiting else 0
        for id_ in self._waiting.values():
            self.exchanges[id_] = replace(self.exchanges[id_], lost=True)
        self._waiting.clear()

    def finish(self) -> None:
        """Takes what came late, and gives each request its record with what it did after its answer."""
        if self._watch.quiet is not None:
            self._watch.quiet()
        self._gather()
        of_requests = by_request(record for record in self._records if record.request in self._sent)
        for opaque, record in of_requests.items():
            id_ = self._sent[opaque]
            self.exchanges[id_] = replace(self.exchanges[id_], record=record, lost=False)

    def _gather(self) -> None:
        for record in self._watch.records() if self._watch.records else ():
            if record.request is not None and record.request in self._sent:
                self._records.append(record)
                if not record.late:
                    self._waiting.pop(record.request, None)
            elif record.started is not None:
                self.processes.append(record)
            else:
                self.outside.append(record)


def _headers(
    workload: Workload, identities: Iterable[Identity], door: Door, host: str
) -> dict[str, tuple[tuple[str, str], ...]]:
    known = {identity.name: identity for identity in identities}
    named = {request.identity: request.id for request in workload.requests if request.identity is not None}
    for name, id_ in named.items():
        if name not in known:
            raise Fault(
                f"there is no identity {name!r}",
                where=f"request {id_!r}",
                hint=did_you_mean(name, known) if known else "add [[identity]] to auditor.toml",
            )
    return {name: headers_of(known[name], door, host=host) for name in sorted(named)}
