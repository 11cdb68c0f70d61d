"""Holds a recording against a contract."""

from collections.abc import Iterable, Iterator

from auditor.measure.contract.allowance import Allowance, allowance_of, order_difference, without_order
from auditor.measure.contract.comparing import Found, differences
from auditor.measure.contract.contract import Contract
from auditor.measure.contract.declared import NOTHING_DECLARED, Declared
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.freshness import stale
from auditor.measure.contract.mask import Mask
from auditor.measure.contract.recording import Heard, Recording, settled, without_once
from auditor.measure.contract.vanished import vanished
from auditor.measure.contract.view import FORM, left_behind, named, view_of, without_effects


def compare(
    contract: Contract,
    recording: Recording,
    /,
    *,
    declared: Declared = NOTHING_DECLARED,
    without_seldom: bool = False,
) -> tuple[Difference, ...]:
    """Every difference that is not noise, declared ones marked; the contract's own recording gives none.

    Args:
        contract: what known-good does.
        recording: of the same workload in the same mode, on the same data.
        declared: what the change says beforehand.
        without_seldom: leaves out what each process of both did a few times, and not only what it did once.
    """
    baseline = contract.recording
    candidate = settled(baseline, recording)
    found = list(vanished(baseline, candidate))
    allowance = allowance_of(declared, baseline, recording)
    once = baseline.seldom & recording.seldom if without_seldom else baseline.once & recording.once
    for id_, was in baseline.heard.items():
        now = candidate.heard.get(id_)
        if now is not None and was != now and was.answer.ending == now.answer.ending == "answered":
            found += _of_request(contract, id_, without_once(was, once), without_once(now, once), allowance)
    left = differences(left_behind(baseline), left_behind(candidate), contract.left.by_place())
    found += _gathered(None, left, allowance)
    return (*found, *stale(contract, recording))


def _of_request(
    contract: Contract, id_: str, was: Heard, now: Heard, allowance: Allowance
) -> Iterator[Difference]:
    if was.answer.status != now.answer.status and now.answer.status not in contract.statuses.get(id_, ()):
        yield Difference(
            request=id_,
            part="status",
            what="changed",
            before=str(was.answer.status),
            after=str(now.answer.status),
        )
    before, after = view_of(was), view_of(now)
    if not (was.observed and now.observed):
        before, after = without_effects(before), without_effects(after)
    blurs = contract.masks.get(id_, Mask()).by_place()
    form, form_now = before["body"], after["body"]
    assert isinstance(form, dict)
    assert isinstance(form_now, dict)
    if form["as"] != form_now["as"]:
        if FORM not in blurs:
            yield Difference(
                request=id_, part="body", what="form", before=str(form["as"]), after=str(form_now["as"])
            )
        before, after = {**before, "body": {}}, {**after, "body": {}}
    found = differences(before, after, blurs)
    if found and (orderless := allowance.declared.orderless(id_)):
        found, freed = without_order(before, after, blurs, orderless, found)
        yield from (order_difference(id_, each) for each in freed)
    yield from _gathered(id_, found, allowance, allowance.merged(was, now))


def _gathered(
    id_: str | None, found: Iterable[Found], allowance: Allowance, merged: frozenset[str] = frozenset()
) -> Iterator[Difference]:
    """Like differences at like places become one, in the order of the first of them."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for each in found:
        groups.setdefault((each.place.text, each.what), []).append(each)
    for (place, _), members in groups.items():
        part, name = named(place)
        first = members[0]
        yield Difference(
            request=id_,
            part=part,
            what=first.what,
            place=name,
            before=first.before,
            after=first.after,
            count=len(members),
            first=named(first.place.exact)[1] if len(members) > 1 else "",
            allowed=allowance.of(first, merged),
        )
