"""What of a candidate's differences is left when the baseline is played the very way the candidate was.

An answer may depend on what its process has served before: a counter, a memo, what was looked at last. Such a baseline answers otherwise
in a part of the workload than in the whole, and after the timed requests otherwise than right after boot, so the contract of the whole says
nothing about it there. Runs of the same part, in the same way, do; and what they differ in among themselves is noise.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import Contract, make_contract
from auditor.measure.contract.declared import Declared
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.contract.mask import Mask, mask_of
from auditor.measure.contract.recording import Recording
from auditor.measure.workload import Workload

_FEWEST: Final = 2
_MOST: Final = 4
"""Runs, where the baseline is seen to differ from itself and something is left all the same."""


def left_alike(
    found: tuple[Difference, ...],
    recording: Recording,
    known: Contract,
    run: Callable[[int], Recording],
    /,
    *,
    workload: Workload,
    declared: Declared,
    excluded: Sequence[str] = (),
) -> tuple[Difference, ...]:
    """Those of `found` whose request differs in the same part (body, headers, …) from the baseline in runs like the candidate's.

    Args:
        found: what the candidate differs in from `known`.
        recording: the candidate's.
        known: what the baseline answers and does by the runs of its contract; what is noise there stays noise.
        run: a run of the baseline like the candidate's, by its number.
        workload: what was sent.
        declared: what the change says beforehand.
        excluded: places that are noise by the target's settings.
    """
    runs: list[Recording] = []
    left = found
    while left and len(runs) < _MOST:
        runs.append(run(len(runs)))
        own = make_contract(workload, runs, about=known.about, excluded=excluded)
        now = failures(compare(_with(own, known, runs[0]), recording, declared=declared))
        left = _of(found, now)
        if len(runs) >= _FEWEST and not (own.masks or own.left.blurs or own.statuses):
            break
    return left


def _of(found: tuple[Difference, ...], now: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Those that are there now: at the same place where there are any, else in the same part, since a list that is shorter is told otherwise."""
    places = {(one.request, one.part, one.place) for one in now}
    parts = {(one.request, one.part) for one in now}
    exact = tuple(one for one in found if (one.request, one.part, one.place) in places)
    return exact or tuple(one for one in found if (one.request, one.part) in parts)


def _with(own: Contract, known: Contract, run: Recording) -> Contract:
    """The noise of both, held to that run."""
    masks = {
        id_: mask_of([*own.masks.get(id_, Mask()).blurs, *known.masks.get(id_, Mask()).blurs])
        for id_ in own.masks.keys() | known.masks.keys()
    }
    statuses = {
        id_: tuple(sorted({*own.statuses.get(id_, ()), *known.statuses.get(id_, ())}))
        for id_ in own.statuses.keys() | known.statuses.keys()
    }
    left = mask_of([*own.left.blurs, *known.left.blurs])
    return replace(known, recording=run, masks=masks, statuses=statuses, left=left)


def in_another_order(workload: Workload, number: int, /) -> Workload:
    """The same requests, for runs that are sent eight at a time: from the end for the first, from the middle for the second, …

    Which of them comes first is chance there, but the first that is sent mostly does, so runs in one order seldom show what hangs on it.
    """
    requests = workload.requests[::-1] if number % 2 else workload.requests
    half = len(requests) // 2 if number % 4 >= 2 else 0
    return replace(workload, requests=(*requests[half:], *requests[:half]))
