"""The order of changes: the most worthwhile first, but never before what it depends on.

What a measured workload confirmed comes before what was only read, and what requests pay before what only tasks and commands
do, unless it is a small matter.
"""

from collections.abc import Iterable, Mapping, Sequence

from auditor.stages.planning.change import Draft


def with_dependencies(drafts: Sequence[Draft]) -> dict[str, tuple[str, ...]]:
    """By change id, the ids of the changes of the same function that its remedy needs in place first."""
    treated: dict[tuple[str, tuple[str, str]], list[str]] = {}
    for draft in drafts:
        for function in sorted(draft.group.functions):
            treated.setdefault((draft.group.remedy.name, function), []).append(draft.change.id)
    return {draft.change.id: _needed(draft, treated) for draft in drafts}


def ranked(drafts: Iterable[Draft], needed: Mapping[str, Sequence[str]]) -> tuple[Draft, ...]:
    """By worth, each after the ones it needs; equal worth by number of endpoints, then by title."""
    by_id = {draft.change.id: draft for draft in sorted(drafts, key=_key)}
    placed: dict[str, Draft] = {}
    for change_id in by_id:
        for earlier in (*needed[change_id], change_id):
            placed.setdefault(earlier, by_id[earlier])
    return tuple(placed.values())


def _key(draft: Draft) -> tuple[bool, bool, float, int, str, str]:
    change = draft.change
    nobody_waits = not draft.is_waited_for
    return (
        not draft.is_sure,
        nobody_waits,
        -round(draft.worth, 6),
        -len(change.endpoints),
        change.title,
        change.id,
    )


def _needed(draft: Draft, treated: Mapping[tuple[str, tuple[str, str]], Sequence[str]]) -> tuple[str, ...]:
    """In the order in which the remedy names them, so that filtering comes before ordering."""
    functions = sorted(draft.group.functions)
    found = (treated.get((need, function), ()) for need in draft.group.remedy.needs for function in functions)
    return tuple(dict.fromkeys(change for changes in found for change in changes))
