"""Rows that say how many there are: a list of nobody's has none, and a count in its place has one.

Where much is empty, counting in SQL fetches a row more each time that it fetches none less: that is no rise.
"""

import re
from collections.abc import Mapping
from typing import Final

from auditor.trial.counted import Statements

_ALONE: Final = re.compile(
    r"\s*SELECT\s+(?:(?:CAST\s*|ROUND\s*)?\(\s*)*(?:COUNT|SUM|MIN|MAX|AVG|TOTAL|EXISTS|COALESCE)\s*\(",
    re.IGNORECASE,
)
"""Django casts what SQLite makes of decimals: `SELECT (CAST(SUM(…) AS NUMERIC))`."""
_GROUPED: Final = re.compile(r"\b(?:GROUP\s+BY|OVER\s*\(|UNION)\b", re.IGNORECASE)


def lone_rows(now: Statements, before: Statements, /) -> Mapping[str, int]:
    """By request, how often it is answered with one aggregate that it was not asked for before, or not as often."""
    found: dict[str, int] = {}
    for request, texts in now.items():
        was = before.get(request, {})
        found[request] = sum(
            max(0, times - was.get(text, 0)) for text, times in texts.items() if is_alone(text)
        )
    return found


def is_alone(statement: str, /) -> bool:
    """Whether a statement gives one row, whatever rows there are."""
    return _ALONE.match(statement) is not None and _GROUPED.search(statement) is None
