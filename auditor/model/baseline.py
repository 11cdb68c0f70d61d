"""What a report says beside an earlier one: what is new, what was known, what is gone."""

from typing import Literal

from pydantic import Field

from auditor.model.severity import Severity
from auditor.model.value import Value

BaselineState = Literal["new", "known", "changed"]
"""`changed` was known, too: it stands in other words, or at another place, than it did."""


class Gone(Value):
    """A finding of the earlier report that is not found any more."""

    id: str
    rule: str
    title: str
    file: str
    """Where it stood then."""
    line: int = Field(ge=1)
    severity: Severity


class Baseline(Value):
    """The earlier report, and what became of its findings."""

    source: str
    """The file or the revision, as the user named it."""
    commit: str | None = None
    """The commit it was made at, where that is known."""
    new: int = Field(ge=0)
    known: int = Field(ge=0)
    """Those whose words or place changed among them."""
    gone: tuple[Gone, ...] = ()
    """In source order. Only of the rules and endpoints that were asked for."""
