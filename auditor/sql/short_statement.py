"""A statement in the width of a table's cell: what it reads and by what, not each column."""

from typing import Final

from auditor.sql.secret_literals import without_secrets

_COLUMNS: Final = 28
"""Characters of a list of columns that are still shown."""


def short_statement(text: str, limit: int = 110, /) -> str:
    """On one line, without secrets; a long list of columns before FROM becomes an ellipsis, and so does what is over `limit`."""
    line = without_secrets(" ".join(text.split()))
    end = _outer_from(line)
    if line[:7].upper() == "SELECT " and end is not None and end - 7 > _COLUMNS:
        line = f"{line[:7]}…{line[end:]}"
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _outer_from(line: str) -> int | None:
    """Where the FROM of the statement itself stands, that of a query in its columns left out."""
    depth = 0
    for at, char in enumerate(line):
        depth += (char == "(") - (char == ")")
        if char == " " and depth == 0 and line[at : at + 6].upper() == " FROM ":
            return at
    return None
