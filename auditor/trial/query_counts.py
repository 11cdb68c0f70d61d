"""Tests that pin how many statements an application sends: they fail when it sends fewer, which is what a change was for."""

import re
from dataclasses import dataclass
from typing import Final

_DJANGO: Final = re.compile(r"(?P<seen>\d+) queries executed, (?P<expected>\d+) expected")
_PYTEST_DJANGO: Final = re.compile(
    r"Expected to perform (?P<expected>\d+) quer(?:y|ies) (?:or less )?but (?P<seen>\d+) (?:was|were) done"
)
_COMPARED: Final = re.compile(
    r"(?:AssertionError: |\bassert )(?P<left>\d+) (?:==|!=|>=|<=) (?P<right>\d+)\b(?P<rest>.*)", re.DOTALL
)
_EXPLAINED: Final = re.compile(r"where (?P<seen>\d+) = (?P<what>[^\n]*)")
_ABOUT_QUERIES: Final = re.compile(r"quer(?:y|ies)|statement|\bsql|num_sql|db_calls", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fewer:
    """What a test expected, and what it saw."""

    expected: int
    seen: int


def fewer_queries(message: str, /) -> Fewer | None:
    """What a failed test says, if it says that fewer queries were sent than it expects; None for any other failure.

    Known are Django's `assertNumQueries`, pytest-django's fixtures, and a plain `assert` of which pytest shows where the number it
    compares comes from, where that has queries, statements or SQL in its name.
    """
    for pattern in (_DJANGO, _PYTEST_DJANGO):
        found = pattern.search(message)
        if found is not None:
            return _fewer(int(found["expected"]), int(found["seen"]))
    compared = _COMPARED.search(message)
    if compared is None:
        return None
    explained = _EXPLAINED.search(compared["rest"])
    if explained is None or not _ABOUT_QUERIES.search(compared["rest"]):
        return None
    sides = {int(compared["left"]), int(compared["right"])}
    seen = int(explained["seen"])
    return _fewer((sides - {seen}).pop(), seen) if seen in sides and len(sides) == 2 else None


def _fewer(expected: int, seen: int) -> Fewer | None:
    return Fewer(expected, seen) if seen < expected else None
