"""Why a patch is not even tried."""

from dataclasses import dataclass
from typing import Literal

RefusalKind = Literal[
    "path",
    "protected",
    "missing",
    "exists",
    "stale",
    "absent",
    "ambiguous",
    "overlap",
    "empty",
    "binary",
    "encoding",
    "too-large",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason, about one edit."""

    kind: RefusalKind
    file: str
    text: str
    """For a person, without a final full stop."""

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"
