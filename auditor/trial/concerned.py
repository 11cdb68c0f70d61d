"""Which requests a change concerns: those that run what it changed, and of each endpoint the ones worth timing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.trial.constraints.edited import Edited
from auditor.trial.counted import Counts
from auditor.trial.gates.counts import changed_lines, function_lines
from auditor.trial.reach import Lines

MOST_ENDPOINTS: Final = 3
"""Timed for one change: each takes pairs, and pairs take seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """One endpoint that a change concerns, and which of its requests stand for it."""

    endpoint: str
    heaviest: str
    """The one with the most rows and statements."""
    lightest: str
    """The one with the fewest of which the answer still says something."""


def concerned(
    files: tuple[Edited, ...],
    ran: Mapping[str, Lines],
    counts: Counts,
    endpoint_of: Callable[[str], str],
    /,
    *,
    first: Collection[str] = (),
    only: Collection[str] | None = None,
) -> tuple[Concerned, ...]:
    """Endpoints in the order in which they are worth a look: those in `first`, then the heaviest.

    Args:
        files: what the change edits.
        ran: the lines of each request with a good answer, in the candidate.
        counts: what each request costs known-good.
        endpoint_of: which endpoint a request asks.
        first: endpoints that something was promised or won for. Without any, what changes no function concerns all.
        only: requests that may be sent over and over; None is all of them.
    """
    changed = {file.path: function_lines(file.trees[1]) & changed_lines(file) for file in files if file.trees}
    inside = {path: lines for path, lines in changed.items() if lines}
    groups: dict[str, list[str]] = {}
    for request, lines in sorted(ran.items()):
        if only is not None and request not in only:
            continue
        meets = any(lines.get(path, frozenset()) & wanted for path, wanted in inside.items())
        named = endpoint_of(request) in first if first else not inside
        if meets or named:
            groups.setdefault(endpoint_of(request), []).append(request)

    def weight(request: str) -> int:
        costs = counts.get(request, {})
        return costs.get("rows", 0) + costs.get("sql", 0)

    found = [
        Concerned(endpoint=endpoint, heaviest=max(requests, key=weight), lightest=min(requests, key=weight))
        for endpoint, requests in groups.items()
    ]
    return tuple(
        sorted(found, key=lambda one: (one.endpoint not in first, -weight(one.heaviest), one.endpoint))
    )
