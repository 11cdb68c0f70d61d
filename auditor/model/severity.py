"""How much a finding matters, as one ordered scale."""

from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """Four steps; compare them by `rank`, because the strings themselves sort by spelling."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low up to 3 for critical."""
        return _RANKS[self]

    def at_least(self, threshold: "Severity") -> bool:
        """Whether this severity reaches `threshold` (what `--fail-on` asks)."""
        return self.rank >= threshold.rank


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}
