"""What was written must be read: reads before and after a write, in a workload sent in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.measure.contract.comparing import differences
from auditor.measure.contract.contract import Contract
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.mask import Mask, mask_of
from auditor.measure.contract.recording import Recording
from auditor.measure.contract.view import view_of, without_effects
from auditor.measure.request import Request

_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Reread:
    """The same thing read before and after a write that known-good shows to have changed it."""

    before: str
    write: str
    """The last request between the two that may write."""
    after: str
    """Ids of the requests."""


def rereads(contract: Contract, /) -> tuple[Reread, ...]:
    """Where this contract can tell a stale answer; none means that it can't judge any cache."""
    if contract.recording.mode != "in order":
        return ()
    return tuple(reread for reread in _candidates(contract) if _changed(contract, contract.recording, reread))


def stale(contract: Contract, candidate: Recording, /) -> Iterator[Difference]:
    """Reads after a write that answer as if nothing had been written."""
    for reread in rereads(contract):
        ids = (reread.before, reread.after)
        there = all(
            id_ in candidate.heard and candidate.heard[id_].answer.ending == "answered" for id_ in ids
        )
        if there and not _changed(contract, candidate, reread):
            write = contract.recording.heard[reread.write].answer
            yield Difference(
                request=reread.after,
                part="freshness",
                what="stale",
                before=reread.write,
                after=f"answered with {write.status}",
            )


def _candidates(contract: Contract) -> Iterator[Reread]:
    last_read: dict[tuple[object, ...], tuple[str, int]] = {}
    writes: list[tuple[int, str]] = []
    for at, request in enumerate(contract.workload.in_order()):
        if request.method not in _READS:
            writes.append((at, request.id))
            continue
        before = last_read.get(_what(request))
        if before is not None and writes and writes[-1][0] > before[1]:
            yield Reread(before[0], writes[-1][1], request.id)
        last_read[_what(request)] = (request.id, at)


def _what(request: Request) -> tuple[object, ...]:
    return (request.method, request.path, request.query, request.headers, request.identity)


def _changed(contract: Contract, recording: Recording, reread: Reread) -> bool:
    one, other = recording.heard.get(reread.before), recording.heard.get(reread.after)
    if one is None or other is None:
        return False
    noise = [contract.masks.get(id_, Mask()).blurs for id_ in (reread.before, reread.after)]
    blurs = mask_of([*noise[0], *noise[1]]).by_place()
    status = one.answer.status != other.answer.status
    return status or bool(differences(without_effects(view_of(one)), without_effects(view_of(other)), blurs))
