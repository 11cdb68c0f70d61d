"""Which part of the workload a trial begins with. What is left out is played before anything is accepted: docs/decisions/0014.

A part can be held against the contract of the whole: it has every request that alters something, in the order of the whole, so
what reads finds the data that it found there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from auditor.measure.workload import Workload, part_of
from auditor.trial.reach import READING, Reached

BUDGET_MS: Final = 2000.0
"""Of what the chosen requests took on the baseline, beside those that are always there."""
AT_ONCE_MS: Final = 1000.0
"""Likewise, for those that are sent eight at once."""
FEWEST_AT_ONCE: Final = 24
"""Three for each of the eight senders: fewer hardly meet."""


def in_order(
    workload: Workload,
    reach: Mapping[str, Reached],
    affected: frozenset[str],
    /,
    *,
    pairs: Iterable[tuple[str, str]] = (),
) -> frozenset[str]:
    """Ids of what is played one after another: what alters, what is timed, and of what is affected as many kinds as can be.

    Args:
        workload: the whole.
        reach: what its requests did on the baseline.
        affected: those that run what was changed.
        pairs: the same asked before and after a write that shows.
    """
    always = {one.id for one in workload.requests if one.id not in reach or reach[one.id].acts}
    always |= {one.id for one in workload.requests if "time" in one.roles}
    always |= signing_in(workload, reach)
    chosen = set(part_of(workload, always).needs)
    left = BUDGET_MS
    wanted = [*_kinds(reach, affected), *(id_ for pair in pairs if affected & {*pair} for id_ in pair)]
    for id_ in dict.fromkeys([*wanted, *_others(reach, affected)]):
        more = set(part_of(workload, {id_}).needs) - chosen
        cost = sum(reach[one].ms for one in more if one in reach)
        if cost <= left:
            chosen |= more
            left -= cost
    return frozenset(chosen)


def at_once(workload: Workload, reach: Mapping[str, Reached], /) -> Workload:
    """What is sent eight at a time: of all that only reads, one of each kind, and some more where there are few kinds.

    What writes is left out, also where it is a GET that counts its visits, for who reads before and who after it would be chance;
    where every request writes, none is. Two requests of a kind come to the same effects by
    the same lines for the same person: other values in them are what the round in order is for.
    """
    reads = {one.id for one in workload.requests if one.method in READING - {"OPTIONS"}}
    apart = {id_ for id_ in reads if part_of(workload, {id_}).needs.keys() <= reads}
    apart = {id_ for id_ in apart if id_ not in reach or not reach[id_].writes} or apart
    if not apart:
        return workload
    known = frozenset(apart) & reach.keys()
    chosen = {*_kinds(reach, known), *(apart - reach.keys())}
    for id_ in _others(reach, known):
        if len(chosen) >= FEWEST_AT_ONCE:
            break
        chosen.add(id_)
    return part_of(workload, chosen)


def some_at_once(
    whole: Workload, reach: Mapping[str, Reached], affected: frozenset[str], /
) -> frozenset[str]:
    """Ids of a part of `at_once` that meets the changed lines, and of one request of every other path beside it."""
    ids = frozenset(one.id for one in whole.requests)
    paths: dict[str, str] = {}
    for one in whole.requests:
        paths.setdefault(one.path, one.id)
    chosen: set[str] = set()
    left = AT_ONCE_MS
    for id_ in dict.fromkeys([*_kinds(reach, affected & ids), *paths.values()]):
        more = set(part_of(whole, {id_}).needs) - chosen
        cost = sum(reach[one].ms for one in more if one in reach)
        if cost <= left or len(chosen) < FEWEST_AT_ONCE // 3:
            chosen |= more
            left -= cost
    return frozenset(chosen)


def signing_in(workload: Workload, reach: Mapping[str, Reached]) -> set[str]:
    """The cheapest request of each identity: whoever is named signs in, and that may leave something behind."""
    cheapest: dict[str, tuple[float, str]] = {}
    for one in workload.requests:
        if one.identity is not None:
            cost = (reach[one.id].ms if one.id in reach else 0.0), one.id
            cheapest[one.identity] = min(cost, cheapest.get(one.identity, cost))
    return {id_ for _, id_ in cheapest.values()}


def _kinds(reach: Mapping[str, Reached], ids: frozenset[str]) -> Iterator[str]:
    """The cheapest of each kind, the rarest kinds first."""
    groups: defaultdict[tuple[object, ...], list[Reached]] = defaultdict(list)
    for id_, one in reach.items():
        if id_ in ids:
            groups[one.way].append(one)
    for group in sorted(groups.values(), key=len):
        yield min(group, key=lambda one: one.ms).request.id


def _others(reach: Mapping[str, Reached], ids: frozenset[str]) -> Iterator[str]:
    """The rest: first what asks with a parameter or a header that nothing before it had, then the first, second, … of every kind."""
    seen: set[tuple[str, str]] = set()
    turn: defaultdict[tuple[object, ...], int] = defaultdict(int)
    later: list[tuple[int, int, str]] = []
    for at, (id_, one) in enumerate(reach.items()):
        if id_ not in ids:
            continue
        asked = one.request
        named = {(asked.path, name) for name, _ in asked.query} | {
            (asked.path, f"{name.lower()}:") for name, _ in asked.headers
        }
        if named - seen:
            seen |= named
            yield id_
        else:
            turn[one.way] += 1
            later.append((turn[one.way], at, id_))
    yield from (id_ for _, _, id_ in sorted(later))
