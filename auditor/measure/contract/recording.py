"""A replay reduced to what a contract is about: what was answered, what was done, what was left behind."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from auditor.execution.databases.database import Rows
from auditor.measure.answer import Answer
from auditor.measure.contract.deeds import LOUD_LEVELS, Deed, deeds_of
from auditor.measure.contract.row_changes import TableChanges, row_changes
from auditor.measure.records import ProbeRecord
from auditor.measure.replay import Mode, Replay

_FEW: Final = 5
"""By one process: what is done oftener in a replay of minutes is no memo's doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one request answered and did."""

    answer: Answer
    deeds: tuple[Deed, ...] = ()
    observed: bool = True
    """Whether the probe's record came; without it the deeds are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One replay of a workload. Equal inputs give equal recordings, except for noise in the target."""

    mode: Mode = "in order"
    heard: Mapping[str, Heard]
    """By the id of the request."""
    deferred: tuple[Deed, ...] = ()
    """Done outside any request: later, or in the background."""
    changes: Mapping[str, TableChanges] = field(default_factory=dict)
    """What became of the rows, by table."""
    once: frozenset[str] = frozenset()
    """What each process did once at most, whole, as JSON: records of a log (a library's first connection, a remark about what is
    old), and what it asked of other hosts by GET, for a memo of its own keeps that."""
    seldom: frozenset[str] = frozenset()
    """The same, done a few times at most: a memo that lives for a minute is filled again where a replay takes longer. Which request
    it is depends on the clock, so such a difference stands only if it is seen once more (`trial/reference.py`)."""


def recording_of(
    replay: Replay,
    /,
    *,
    before: Rows,
    after: Rows,
    audit_loggers: Collection[str] = (),
    earlier: Iterable[Replay] = (),
) -> Recording:
    """Reduces a replay and the database's rows before and after it.

    `earlier`: what the same server answered before. Nobody is held to it here, but a memo may have been filled by it.
    """
    alike = (replay, *earlier)
    heard = {
        exchange.request.id: Heard(
            answer=replace(exchange.answer, ttfb_ms=0.0, total_ms=0.0),
            deeds=_deeds(exchange.record, audit_loggers),
            observed=not exchange.lost,
        )
        for exchange in replay.exchanges
    }
    deferred = tuple(deed for record in replay.outside for deed in _deeds(record, audit_loggers))
    return Recording(
        mode=replay.mode,
        heard=heard,
        deferred=deferred,
        changes=row_changes(before, after),
        once=_at_most(1, alike, audit_loggers),
        seldom=_at_most(_FEW, alike, audit_loggers),
    )


def without_once(heard: Heard, texts: Collection[str], /) -> Heard:
    """Without what a process does when it comes to it first: chance decides which request that is."""
    kept = tuple(deed for deed in heard.deeds if not _may_be_once(deed) or _text(deed) not in texts)
    return heard if len(kept) == len(heard.deeds) else replace(heard, deeds=kept)


def done_seldom(baseline: Recording, candidate: Recording, /) -> frozenset[str]:
    """Ids of the requests that did, in either, what each process of both does a few times and not once alone."""
    texts = (baseline.seldom & candidate.seldom) - (baseline.once & candidate.once)
    return frozenset(
        id_
        for each in (baseline, candidate)
        for id_, heard in each.heard.items()
        if any(_may_be_once(deed) and _text(deed) in texts for deed in heard.deeds)
    )


def _at_most(times: int, replays: Iterable[Replay], audit_loggers: Collection[str]) -> frozenset[str]:
    written: dict[int, Counter[str]] = defaultdict(Counter)
    for exchange in (exchange for replay in replays for exchange in replay.exchanges):
        if exchange.record is not None:
            deeds = _deeds(exchange.record, audit_loggers)
            written[exchange.record.pid] += Counter(_text(deed) for deed in deeds if _may_be_once(deed))
    texts = frozenset(text for each in written.values() for text in each)
    return frozenset(text for text in texts if all(each[text] <= times for each in written.values()))


def settled(baseline: Recording, candidate: Recording, /) -> Recording:
    """The candidate with deferred work put back where the baseline does it within the request.

    What a request no longer does, and what happens outside any request more often than it did, is the same
    work done later: it still counts once.
    """
    surplus = _counted(candidate.deferred) - _counted(baseline.deferred)
    if not surplus:
        return candidate
    heard: dict[str, Heard] = {}
    moved: Counter[str] = Counter()
    by_text = {_text(deed): deed for deed in candidate.deferred}
    for id_, now in candidate.heard.items():
        was = baseline.heard.get(id_)
        lacking = _counted(was.deeds) - _counted(now.deeds) if was is not None else Counter[str]()
        found = lacking & surplus
        surplus -= found
        moved += found
        heard[id_] = replace(now, deeds=(*now.deeds, *(by_text[text] for text in found.elements())))
    return replace(candidate, heard=heard, deferred=_without(candidate.deferred, moved))


def _may_be_once(deed: Deed) -> bool:
    """A record of an audit log belongs to its request, however often it is written."""
    if deed.kind == "http":
        return deed.quiet
    return deed.kind == "log" and (deed.quiet or deed.what.partition(" ")[0] in LOUD_LEVELS)


def _deeds(record: ProbeRecord | None, audit_loggers: Collection[str]) -> tuple[Deed, ...]:
    return () if record is None else deeds_of(record, audit_loggers=audit_loggers)


def _counted(deeds: Iterable[Deed]) -> Counter[str]:
    return Counter(_text(deed) for deed in deeds)


def _text(deed: Deed) -> str:
    return json.dumps(deed.model_dump(), sort_keys=True)


def _without(deeds: Iterable[Deed], moved: Counter[str]) -> tuple[Deed, ...]:
    left = Counter(moved)
    kept: list[Deed] = []
    for deed in deeds:
        text = _text(deed)
        if left[text] > 0:
            left[text] -= 1
        else:
            kept.append(deed)
    return tuple(kept)
