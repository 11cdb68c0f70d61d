"""Rows of a database driver: how many a cursor gives, told by the statement that it ran last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index.values import UNKNOWN, Const, ExtInst, Many, Size, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.knowledge.facts import CallFact

_TABLE: Final = re.compile(r"\bFROM\s+(?:ONLY\s+)?[\"`\[]?(?:\w+[\"`\]]?\.[\"`\[]?)?(\w+)", re.IGNORECASE)
_LIMIT: Final = re.compile(r"\bLIMIT\s+(\d+)\s*(?:OFFSET\s+\S+\s*)?;?\s*$", re.IGNORECASE)
_AGGREGATE: Final = re.compile(
    r"^\s*SELECT\s+(?:COUNT|SUM|MIN|MAX|AVG|EXISTS)\s*\([^()]*\)(?:\s+AS\s+\w+)?\s+FROM\b", re.IGNORECASE
)


_NAMES: Final = ("query", "sql", "statement", "operation", "command")
"""What drivers call the parameter that is the statement."""


def remember(receiver: Value, result: Value, arguments: Iterable[Value]) -> None:
    """Notes on the cursor, and on what `execute` gave, which rows it holds now."""
    text = next((known for a in arguments if (known := statement(a)) is not None), None)
    size = None if text is None else size_of(text)
    for value in (receiver, result):
        if isinstance(value, ExtInst):
            value.rows = size


def leading(
    fact: CallFact, args: list[Value], kwargs: dict[str, Value]
) -> tuple[list[Value], dict[str, Value]]:
    """The arguments with the statement in front, where it was given by its name: `execute(query="SELECT …")`."""
    name = next((n for n in _NAMES if n in kwargs), None)
    if fact.sql_argument != 0 or args or name is None:
        return args, kwargs
    return [kwargs[name]], {k: v for k, v in kwargs.items() if k != name}


def statement(value: Value) -> str | None:
    """The statement that an argument is, where its text is known."""
    text = value.template if isinstance(value, Text) else value.value if isinstance(value, Const) else None
    return text if isinstance(text, str) and " " in text.strip() else None


def size_of(text: str) -> Size | None:
    """How many rows a statement gives: those of the first table it reads from, at most its limit."""
    table = _TABLE.search(text)
    if table is None:
        return None
    limit = _LIMIT.search(text)
    single = _AGGREGATE.search(text) is not None and "group by" not in text.lower()
    bound = 1 if single else int(limit[1]) if limit is not None else None
    return Size(table[1], bound=bound, table=table[1])


def fetched(receiver: ExtInst, fact: CallFact) -> Value:
    """What `fetchall()` and its like give: rows in memory, or one that nothing is known of."""
    if fact.fetch == "one":
        return UNKNOWN
    return Many(UNKNOWN, receiver.rows)
