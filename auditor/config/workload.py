"""``[workload]``: which requests are replayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.shape import INSIDE, TEXTS, Key

WORKLOAD_KEYS: Final[Mapping[str, Key]] = {
    "file": INSIDE,
    "skip": TEXTS,
    "exclude": TEXTS,
    "audit_loggers": TEXTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSettings:
    """Which requests are replayed, and what of their answers is compared."""

    file: str | None = None
    """A ``requests.jsonl``, relative to the top of the tree; None: the workload is made."""
    skip: tuple[str, ...] = ()
    """Endpoints that are never called: ids, or patterns as in a shell."""
    exclude: tuple[str, ...] = ()
    """Places in bodies (``$.generated_at``) that are compared by presence and type only."""
    audit_loggers: tuple[str, ...] = ()
    """Loggers (and those below them) whose records count at any level; a name with the word ``audit`` does so by itself."""


def parse_workload(values: Mapping[str, Any], /) -> WorkloadSettings:
    """The section's values, whose shape was checked."""
    return WorkloadSettings(
        file=values.get("file"),
        skip=tuple(values.get("skip", ())),
        exclude=tuple(values.get("exclude", ())),
        audit_loggers=tuple(values.get("audit_loggers", ())),
    )
