"""The same requests at several sizes of data: what grows, how, and when the target time will be missed."""

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.engine.measuring.survey import Surveyed
from auditor.engine.measuring.workload import asked
from auditor.engine.request import Notes
from auditor.measure.counts import counts_of
from auditor.measure.growth import Fit, Outlook, fit_counts, fit_times, outlook
from auditor.measure.identity import Identity
from auditor.measure.running.bench import Bench
from auditor.measure.running.rounds import Playing, play_round
from auditor.measure.sending import TIMED
from auditor.measure.workload import Workload

KINDS = ("sql", "http", "cache", "log", "mail", "tasks", "sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """One endpoint over the sizes, as the mean over its requests."""

    endpoint: str
    scales: tuple[int, ...]
    counts: dict[str, tuple[float, ...]]
    """By component, a value for each scale."""
    latency_ms: tuple[float, ...]
    fits: dict[str, Fit]
    """By component; of those that do not change none is kept."""
    time: Fit | None
    outlook: Outlook | None
    """None where the times scatter too much to be carried on."""


def grow(
    bench: Bench,
    scales: tuple[int, ...],
    workload: Workload,
    identities: tuple[Identity, ...],
    surveyed: tuple[Surveyed, ...],
    notes: Notes,
    /,
) -> Iterator[Grown]:
    """Counts with the probe and times without it, once at each scale, after one request to warm up."""
    counts: dict[str, dict[int, list[dict[str, int]]]] = {}
    times: dict[str, dict[int, list[float]]] = {}
    for scale in sorted(set(scales)):
        notes.step(f"growth: scale {scale}")
        with bench.world(scale) as world:
            world.prepare()
            counted = play_round(
                world, workload, identities, Playing(role="time", state=False, limits=TIMED)
            ).replay
            timed = play_round(
                world,
                workload,
                identities,
                Playing(role="time", state=False, probe=False, warm=True, limits=TIMED),
            ).warm
        for exchange in counted.exchanges:
            if exchange.record is not None:
                name = _endpoint(exchange.request.id, workload, surveyed)
                counts.setdefault(name, {}).setdefault(scale, []).append(counts_of(exchange.record))
        for exchange in timed.exchanges if timed else ():
            name = _endpoint(exchange.request.id, workload, surveyed)
            times.setdefault(name, {}).setdefault(scale, []).append(exchange.answer.total_ms)
    for name in sorted(counts):
        yield _grown(bench, name, counts[name], times.get(name, {}))


def _endpoint(request: str, workload: Workload, surveyed: tuple[Surveyed, ...]) -> str:
    one = next(one for one in workload.requests if one.id == request)
    found = asked(one, surveyed)
    return found.id if found else f"{one.method} {one.path}"


def _grown(
    bench: Bench, name: str, counts: dict[int, list[dict[str, int]]], times: dict[int, list[float]]
) -> Grown:
    scales = tuple(sorted(counts))
    means = {
        kind: tuple(sum(one[kind] for one in counts[scale]) / len(counts[scale]) for scale in scales)
        for kind in KINDS
    }
    latency = tuple(sum(times[scale]) / len(times[scale]) for scale in scales if scale in times)
    fits = {
        kind: fit
        for kind, values in means.items()
        if len(set(values)) > 1
        and (fit := fit_counts({float(s): value for s, value in zip(scales, values, strict=True)}))
        is not None
    }
    time = (
        fit_times(dict(zip(map(float, scales), latency, strict=True)))
        if len(latency) == len(scales)
        else None
    )
    ahead = None
    if time is not None and time.exact:
        ahead = outlook(time, largest=float(scales[-1]), target_ms=bench.settings.target_ms)
    return Grown(
        endpoint=name, scales=scales, counts=means, latency_ms=latency, fits=fits, time=time, outlook=ahead
    )
