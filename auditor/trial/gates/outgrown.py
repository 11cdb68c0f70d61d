"""What a change adds to each row, where it saves the same whatever rows there are: a copy for each of them, for one statement less.

A clock does not tell it: between two boots of the same code lie some per cent, and a loaded machine shows less still. Calls of functions
are as steady as counts. They say little of time (a call may take nanoseconds or all of it), so they decide only where nothing that
was saved grows with the data: then there is a size from which on the change loses.
"""

from collections.abc import Mapping
from typing import Final

from auditor.measure.counts import COUNTED

_SHARE: Final = 0.1
"""Of the calls that there were: less is a wrapper or two around each row."""
_GROWTH: Final = 2
"""So many times the rise among few rows is growth."""
_SAVED: Final = tuple(component for component in COUNTED if component != "bytes")

Costs = Mapping[str, int]
"""Of one request, by component of the vector."""
Calls = tuple[int, int]
"""Of functions, by one request, before and after."""


def saves_more(few: tuple[Costs, Costs], many: tuple[Costs, Costs], /) -> bool:
    """Whether anything that is counted is saved more often where there are many rows."""
    return any(_saved(component, many) > max(0, _saved(component, few)) for component in _SAVED)


def outgrown(few: Calls, many: Calls, /) -> bool:
    """Whether the work that was added grows with the data, from calls before and after among few rows and among many."""
    risen = many[1] - many[0]
    return risen > _SHARE * many[0] and risen > _GROWTH * max(0, few[1] - few[0])


def sentence(request: str, calls: Calls, /, *, scale: int) -> str:
    """For a person."""
    return (
        f"work: `{request}` calls {calls[1]:,} functions at scale {scale}, it called {calls[0]:,}: that grows with the data,"
        " and nothing that is saved does"
    )


def _saved(component: str, costs: tuple[Costs, Costs]) -> int:
    before, after = costs
    if component not in before or component not in after:
        return 0
    return before[component] - after[component]
