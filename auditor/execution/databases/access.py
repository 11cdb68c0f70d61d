"""How a database means to get at the rows of a table for one statement."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One step of a statement's plan."""

    table: str
    how: Literal["scan", "search"]
    """`scan`: all rows are read; `search`: those that an index leads to."""
    index: str = ""
    """The index it goes by; also of a scan in the order of one."""
    rows: float = 0.0
    """Rows read for it in one run of the statement, estimated: of a search, the mean over the keys there are."""
