"""``[load]``: how many ask at once, and for how long, when a change is tried under load."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.duration import duration_ms_of
from auditor.config.shape import COUNT, DURATION, Key
from auditor.model.fault import Fault

DEFAULT_POOL: Final = 15
"""Connections of one worker as SQLAlchemy has them by itself: 5, and 10 more when they are needed."""
DEFAULT_TIME_MS: Final = 10_000
_MOST_POOL: Final = 200

LOAD_KEYS: Final[Mapping[str, Key]] = {"pool": COUNT, "time": DURATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """A closed loop: each client sends its next request when the one before is answered."""

    pool: int = DEFAULT_POOL
    """Connections that the application has for its database, in all workers together."""
    time_ms: int = DEFAULT_TIME_MS
    """Of known-good and of the candidate each."""

    @property
    def clients(self) -> int:
        """Twice the pool: half of them wait for a connection."""
        return 2 * self.pool


def parse_load(values: Mapping[str, Any], /, *, name: str) -> LoadSettings:
    """The section's values, whose shape was checked; `name` is what messages call the file."""
    pool = values.get("pool", DEFAULT_POOL)
    if pool > _MOST_POOL:
        raise Fault(f"'load.pool' is more than {_MOST_POOL}", where=f"{name}: load")
    return LoadSettings(
        pool=pool,
        time_ms=duration_ms_of(values["time"], where=f"{name}: load.time")
        if "time" in values
        else DEFAULT_TIME_MS,
    )
