"""The order of changes: the most worthwhile first, but never before what it depends on."""

from collections.abc import Iterable, Mapping, Sequence

from auditor.stages.planning.change import Draft
from auditor.stages.planning.grouping import Group


def with_dependencies(drafts: Sequence[Draft]) -> dict[str, tuple[str, ...]]:
    """By change id, the ids of the changes of the same function that its remedy needs in place first."""
    return {draft.change.id: tuple(_needed(draft, drafts)) for draft in drafts}


def ranked(drafts: Iterable[Draft], needed: Mapping[str, Sequence[str]]) -> tuple[Draft, ...]:
    """By worth, each after the ones it needs; equal worth by number of endpoints, then by title."""
    by_id = {draft.change.id: draft for draft in sorted(drafts, key=_key)}
    placed: dict[str, Draft] = {}
    for change_id in by_id:
        for earlier in (*needed[change_id], change_id):
            placed.setdefault(earlier, by_id[earlier])
    return tuple(placed.values())


def _key(draft: Draft) -> tuple[float, int, str, str]:
    return -round(draft.worth, 6), -len(draft.change.endpoints), draft.change.title, draft.change.id


def _needed(draft: Draft, drafts: Iterable[Draft]) -> Iterable[str]:
    """In the order in which the remedy names them, so that filtering comes before ordering."""
    needs = draft.group.remedy.needs
    found = [other for other in drafts if other is not draft and _shares(draft.group, other.group)]
    return [other.change.id for need in needs for other in found if other.group.remedy.name == need]


def _shares(group: Group, other: Group) -> bool:
    return not group.functions.isdisjoint(other.functions)
