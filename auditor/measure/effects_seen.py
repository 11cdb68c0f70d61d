"""The effects of a request, those alike taken together, with the line of the target each comes from."""

import statistics
from collections import defaultdict
from collections.abc import Sequence

from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.model.observation import ObservedEffect, ObservedFrame, ObservedStage
from auditor.sql.fingerprint import fingerprint

_Key = tuple[str, str, str, tuple[ObservedFrame, ...], str | None]


def effects_seen(repeats: Sequence[ProbeRecord], /) -> tuple[ObservedEffect, ...]:
    """From the records of one request's repeats; the first gives the counts. In the order of the first of each."""
    if not repeats:
        return ()
    grouped = [_grouped(record) for record in repeats]
    return tuple(
        ObservedEffect(
            kind=kind,
            op=op,
            text=text,
            stack=stack,
            stage=stage,
            count=len(effects),
            steady=all(len(other.get(key, ())) == len(effects) for other in grouped),
            late=sum(effect.late for effect in effects),
            rows=_sum([effect.rows for effect in effects]),
            ms=_ms([other.get(key, []) for other in grouped]),
            example=effects[0].text or "" if kind == "sql" else "",
        )
        for key, effects in grouped[0].items()
        for kind, op, text, stack, stage in [key]
    )


def stages_seen(record: ProbeRecord, /) -> tuple[ObservedStage, ...]:
    """The handler's direct callees with at least one effect."""
    return tuple(
        ObservedStage(callee=stage.callee or "", file=stage.file, line=stage.line, ms=stage.ms)
        for stage in record.stages
    )


def _grouped(record: ProbeRecord) -> dict[_Key, list[ProbeEffect]]:
    groups: defaultdict[_Key, list[ProbeEffect]] = defaultdict(list)
    frames: dict[int, tuple[ObservedFrame, ...]] = {}
    texts: dict[str, str] = {}
    for effect in record.effects:
        stack = frames.get(id(effect.stack))
        if stack is None:
            stack = frames[id(effect.stack)] = tuple(
                ObservedFrame(file=frame.file, line=frame.line, function=frame.function)
                for frame in effect.stack
            )
        text = effect.text or ""
        if effect.kind == "sql":
            text = texts.get(text) or texts.setdefault(text, fingerprint(text))
        groups[effect.kind, effect.op, text, stack, _stage(record, effect)].append(effect)
    return groups


def _stage(record: ProbeRecord, effect: ProbeEffect) -> str | None:
    return None if effect.stage is None else record.stages[effect.stage].callee


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _ms(repeats: list[list[ProbeEffect]]) -> float | None:
    sums = [sum(effect.ms for effect in effects if effect.ms is not None) for effects in repeats if effects]
    return round(statistics.median(sums), 3) if sums else None
