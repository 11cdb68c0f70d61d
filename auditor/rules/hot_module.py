"""A module that everything goes through and everybody changes

## What it finds
Modules at the head of three lists at once: how often they were changed in a year of history, how many queries and calls
to the outside they hold, and how many endpoints pass through them.

## Why it is slow
Not today: here is where the next slow query will be added, by somebody in a hurry, for all endpoints at once. Here a
batch, a cache or a budget of queries pays more than anywhere else, and a test that counts queries pays most of all.

## When it does not matter
The changes are generated, or the module is about to be replaced.

## Example
`services/orders.py`: 48 of 400 commits, 37 queries, 60 endpoints.

## Instead
Put a test that counts the statements of its most used functions beside it; split what changes often from what everybody
needs; look at this file first in every review.

## How to verify
The list a year later: either the changes or the endpoints should have moved away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.claim import Claim
from auditor.rules.scene import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function, Module
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="hot-module",
    group="structure",
    phase=7,
    severity=Severity.LOW,
    title="module that everything goes through and everybody changes",
    docs=__doc__,
)

_KINDS: Final = frozenset({"sql", "http", "llm", "cache", "mail", "task"})
_CHANGES: Final = 12
"""Once a month."""
_SHARE: Final = 0.03
"""Of all commits of the year."""
_OPERATIONS: Final = 8
_ENDPOINTS: Final = 5
_TOLD: Final = 3
"""More would be no list of what to look at first."""


@dataclass(frozen=True, slots=True)
class Heat:
    """What one module is in the way of."""

    module: Module
    operations: int
    endpoints: int
    functions: tuple[Function, ...]
    """Those with operations of their own."""
    changes: int = 0

    @property
    def score(self) -> int:
        return self.changes * self.operations * self.endpoints


def find(scene: Scene) -> Iterator[Claim]:
    """At most three claims."""
    candidates = [h for h in busy(scene) if h.operations >= _OPERATIONS and h.endpoints >= _ENDPOINTS]
    if not candidates:
        return
    history = scene.history()
    least = max(_CHANGES, history.commits * _SHARE)
    hot = [
        Heat(h.module, h.operations, h.endpoints, h.functions, history.changes.get(h.module.path, 0))
        for h in candidates
    ]
    ordered = sorted((h for h in hot if h.changes >= least), key=lambda h: (-h.score, h.module.path))
    for heat in ordered[:_TOLD]:
        yield claim(heat, history.commits)


def busy(scene: Scene) -> Iterator[Heat]:
    """What each module's own code does outside, and for how many endpoints."""
    found: dict[int, tuple[Module, set[int], dict[int, Function]]] = {}
    for _, effect in scene.effects():
        function = effect.site.function
        if function is not None and effect.kind in _KINDS and function.module.role == "app":
            _, sites, functions = found.setdefault(id(function.module), (function.module, set(), {}))
            sites.add(effect.site.line)
            functions[id(function)] = function
    for module, sites, functions in found.values():
        endpoints = {e.id for f in functions.values() for e in scene.trace.endpoints_of(f)}
        yield Heat(module, len(sites), len(endpoints), tuple(functions.values()))


def claim(heat: Heat, commits: int) -> Claim:
    """What is told of it."""
    return Claim(
        spot=Spot(heat.module, None, 1, 1, 1),
        title=f"`{heat.module.path}` was changed by {heat.changes} of {commits} commits, and {heat.endpoints} endpoints "
        "pass through it",
        evidence=[
            Evidence(kind="count", text=f"{heat.operations} places in it query, or call something outside"),
            Evidence(
                kind="count", text=f"{heat.changes} of the {commits} commits of the year before the last one"
            ),
        ],
        confidence=0.7,
        could_be_wrong="The changes were moves and formatting.",
        fix="Put a test that counts statements beside it, and look here first in reviews.",
        payers=heat.functions,
    )
