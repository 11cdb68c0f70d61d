"""What requests for an endpoint really cost now: played on a server of its own, and timed on fresh ones."""

from __future__ import annotations

from collections import Counter

from pydantic import JsonValue

from auditor.engine.assisting.answer import Answer, page_of, problem
from auditor.engine.fixing.run import Run
from auditor.engine.selection import matching_endpoints
from auditor.measure.counts import counts_of
from auditor.measure.exchange import Exchange
from auditor.model.numbers import Number
from auditor.trial.reference import Parts

STATEMENTS = 25
_WORST = 5


def measured(run: Run, /, *, endpoint: str, cold: bool, page: int) -> Answer:
    """Mean counts, the worst requests, the statements by place, and with `cold` the time of a fresh worker.

    Raises:
        Fault: there is no such endpoint.
    """
    (wanted, *_) = sorted(matching_endpoints((endpoint,), [one.id for one in run.surveyed]))
    asked = frozenset(one.id for one in run.workload.requests if run.endpoint_of(one.id) == wanted)
    if not asked:
        return problem(
            f"no request of the workload asks {wanted}", "the workload is the user's: `auditor record`"
        )
    played = run.player.round(run.known_good, Parts(in_order=asked, at_once=frozenset()))
    # what was counted before the round found the worker fresh, as the gates have it: the round itself meets its memos
    sent = {**played.replay.by_id(), **(played.first.by_id() if played.first else {})}
    exchanges = [one for id_, one in sent.items() if id_ in asked and one.record is not None]
    if not exchanges:
        return problem(f"no request for {wanted} was answered", "`auditor record` says what they get")
    return {
        "endpoint": wanted,
        "requests": len(exchanges),
        "mean": _mean(exchanges),
        "worst": _worst(exchanges),
        **(_cold(run, wanted) if cold else {}),
        **page_of(_statements(exchanges), page, name="statements", size=STATEMENTS),
    }


def _mean(exchanges: list[Exchange]) -> Answer:
    total: Counter[str] = Counter()
    for one in exchanges:
        total.update(_counts(one))
    return {kind: round(times / len(exchanges), 2) for kind, times in sorted(total.items()) if times}


def _worst(exchanges: list[Exchange]) -> list[JsonValue]:
    told: list[JsonValue] = []
    for one in sorted(exchanges, key=lambda one: -_counts(one).get("sql", 0))[:_WORST]:
        query = "&".join(f"{name}={value}" for name, value in one.request.query)
        asked = f"{one.request.method} {one.request.path}{'?' if query else ''}{query}"
        counts = {kind: times for kind, times in sorted(_counts(one).items()) if times}
        told.append({"id": one.request.id, "request": asked[:300], "counts": {**counts}})
    return told


def _statements(exchanges: list[Exchange]) -> list[JsonValue]:
    places: Counter[tuple[str, str]] = Counter()
    for one in exchanges:
        assert one.record is not None
        for effect in one.record.effects:
            if effect.kind == "sql" and effect.text:
                place = f"{effect.frame.file}:{effect.frame.line}" if effect.frame else "?"
                places[place, " ".join(effect.text.split())[:200]] += 1
    return [
        {"place": place, "statement": text, "per_request": round(times / len(exchanges), 2)}
        for (place, text), times in places.most_common()
    ]


def _counts(one: Exchange) -> dict[str, int]:
    assert one.record is not None
    return dict(counts_of(one.record))


def _cold(run: Run, endpoint: str) -> Answer:
    if endpoint not in run.target.timed:
        return {"cold_ms": None, "cold_basis": "no request for it has the role `time` in the workload"}
    times, met = run.target.cold(run.known_good, endpoint)
    return {
        "cold_ms": _value(times.latency_ms),
        "warm_ms": _value(times.warm_latency_ms),
        "cold_basis": times.latency_ms.basis,
        "target_ms": run.target.aim.target_ms,
        "target_met": met,
    }


def _value(number: Number) -> float | None:
    return None if number.value is None else round(number.value, 1)
