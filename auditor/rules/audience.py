"""Who waits for a piece of code: a request, a worker, a person at a prompt, or nobody that we know of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.rules.by_hand import is_started_by_name
from auditor.rules.claim import GUESSED_PENALTY, UNREACHED_PENALTY

if TYPE_CHECKING:
    from auditor.rules.claim import Claim
    from auditor.rules.scene import Scene, Spot

Audience: TypeAlias = Literal["request", "task", "command", "unknown"]
_ANSWERED: Final = frozenset({"http", "graphql"})
_QUEUED: Final = frozenset({"task", "consumer"})
_LEAST: Final = 0.4
"""Below it a finding is a guess that costs its reader more than it gives."""


def audience(scene: Scene, spot: Spot) -> Audience:
    """The most impatient of those who wait; `command` for scripts and for what only commands reach."""
    kinds = {entry.kind for entry in scene.trace.endpoints_of(spot.function)}
    if kinds & _ANSWERED:
        return "request"
    if kinds & _QUEUED:
        return "task"
    alone = spot.module.role == "script" or "/management/commands/" in f"/{spot.module.path}"
    return "command" if kinds or alone else "unknown"


def is_by_hand(scene: Scene, spot: Spot) -> bool:
    """Whether only people at a prompt run it: a script, or a file that is started by its name and that nothing known reaches."""
    return is_started_by_name(spot.module) and audience(scene, spot) in {"command", "unknown"}


def shares_a_pool(scene: Scene, spot: Spot) -> bool:
    """Whether other runs take connections from the same pool: a command has that of its process to itself."""
    return audience(scene, spot) != "command" and not is_by_hand(scene, spot)


def believable(scene: Scene, claim: Claim) -> bool:
    """Whether a claim is worth a reader's time once what is not known is taken off its confidence."""
    unreached = not scene.trace.endpoints_of(claim.spot.function)
    taken = (UNREACHED_PENALTY if unreached else 0) + (GUESSED_PENALTY if claim.guessed else 0)
    return round(claim.confidence - taken, 2) >= _LEAST
