"""A statement that counts or sums for one key, written as text, turned into one for many keys."""

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|:\w+|\w+(?:\.\w+)*|<=|>=|<>|!=|\|\||[^\s\w]")
_AGGREGATE: Final = re.compile(r"(?i)^(COUNT|SUM|MIN|MAX|AVG) \( (\*|\w+) \)$")
_COALESCE: Final = re.compile(r"(?i)^COALESCE \( (?P<inner>.+) , (?P<other>(?:- )?\d+) \)$")
_NEVER: Final = frozenset(
    "OR BETWEEN UNION JOIN GROUP ORDER LIMIT OFFSET HAVING DISTINCT SELECT WITH INTERSECT EXCEPT FOR CASE WINDOW "
    "OVER FETCH".split()
)
"""Words after which the conditions are not plainly one AND another, or the statement is another kind of thing."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """The statement for many keys."""

    text: str
    table: str
    column: str
    """The one that is compared with the key."""
    missing: str
    """Python source of what the statement for one key gives where no row has it."""
    counts: bool
    """It gives a COUNT, whose type is the same everywhere."""


def grouped(sql: str, parameter: str, keys: str, /) -> Grouped | None:
    """`SELECT column, … WHERE column IN :keys … GROUP BY column`; None for anything but a plain aggregate of one table."""
    tokens = _TOKEN.findall(sql)
    words = [token.upper() for token in tokens]
    if words[:1] != ["SELECT"] or words.count("FROM") != 1 or words.count("WHERE") != 1 or ";" in tokens:
        return None
    start, where = words.index("FROM"), words.index("WHERE")
    if _NEVER & set(words[1:]) or where != start + 2 or not re.fullmatch(r"[A-Za-z_]\w*", tokens[start + 1]):
        return None
    missing = _missing(" ".join(tokens[1:start]))
    column = _column(tokens[where + 1 :], f":{parameter}")
    if missing is None or column is None or tokens.count(f":{parameter}") != 1:
        return None
    condition = re.compile(rf"\b{column}\s*=\s*:{parameter}\b")
    if len(condition.findall(sql)) != 1:
        return None
    text = condition.sub(f"{column} IN :{keys}", sql)
    text = re.sub(r"(?i)^(\s*SELECT)\s", rf"\g<1> {column}, ", text, count=1).rstrip()
    return Grouped(
        text=f"{text} GROUP BY {column}",
        table=tokens[start + 1],
        column=column,
        missing=missing,
        counts=missing == "0" and words[1] == "COUNT",
    )


def _missing(selected: str) -> str | None:
    """What an aggregate gives over no rows, as Python source; None where it is no plain aggregate."""
    whole = _COALESCE.match(selected)
    found = _AGGREGATE.match(whole["inner"] if whole else selected)
    if found is None or (found[2] == "*" and found[1].upper() != "COUNT"):
        return None
    if found[1].upper() == "COUNT":
        return "0"
    return whole["other"].replace(" ", "") if whole else "None"


def _column(conditions: list[str], wanted: str) -> str | None:
    """The column that one of the conditions at the top compares with the parameter."""
    depth, part = 0, list[str]()
    parts: list[list[str]] = []
    for word in conditions:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word.upper() == "AND" and depth == 0:
            parts.append(part)
            part = []
        else:
            part.append(word)
    parts.append(part)
    for one in parts:
        if (
            len(one) == 3 and one[1] == "=" and one[2] == wanted and re.fullmatch(r"[A-Za-z_]\w*", one[0])
        ):  # column, sign, parameter
            return one[0]
    return None
