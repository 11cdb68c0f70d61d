"""Sums that a tree lets the database make where the baseline made them itself: of no rows each of them is NULL.

A row at the edge has no members of its own, but it stands beside others, and a sum is often of the members of members: of the lines
of all orders of a shop. That there is none of these shows only where the table that is summed is empty and those above it are not.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from auditor.execution.databases.tables import Table
from auditor.trial.counted import Statements
from auditor.trial.emptied import children_first, plain
from auditor.trial.lone_rows import is_alone

_NULL_OF_NONE: Final = re.compile(r"\b(?:SUM|MIN|MAX|AVG)\s*\(", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_MOST: Final = 2
"""Times that tables are emptied for a tree."""


def summed_anew(now: Statements, before: Statements, /) -> dict[str, frozenset[str]]:
    """By request, the statements that give one row with a sum, a mean, a least or a greatest, and were not sent before."""
    found = {
        request: frozenset(
            text
            for text in texts
            if text not in before.get(request, {}) and is_alone(text) and _NULL_OF_NONE.search(text)
        )
        for request, texts in now.items()
    }
    return {request: texts for request, texts in found.items() if texts}


def emptied_apart(
    tables: Iterable[Table], sums: Mapping[str, frozenset[str]], keep: Collection[str], /
) -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """The tables that are summed with all that refers to them, those that refer first, and the requests that sum them.

    A table and one that it refers to are emptied one after the other: what is above a table has to be there.

    Args:
        tables: all that there are.
        sums: as `summed_anew` gives them.
        keep: words of statements by which somebody is let in: what these name stays.
    """
    known = {table.name: table for table in tables}
    asking: dict[str, set[str]] = {}
    for request, texts in sorted(sums.items()):
        for name in {name for text in texts for name in _members(known, text)}:
            asking.setdefault(name, set()).add(request)
    rounds: list[tuple[set[str], set[str], set[str]]] = []
    for name in sorted(asking, key=lambda one: (len(_with_members(known, one)), one)):
        gone = _with_members(known, name)
        if any(plain(one) in keep for one in gone):
            continue
        for named, emptied, requests in rounds:
            if emptied.isdisjoint({name}) and gone.isdisjoint(named):
                named.add(name)
                emptied.update(gone)
                requests.update(asking[name])
                break
        else:
            rounds.append(({name}, set(gone), set(asking[name])))
    return tuple(
        (tuple(children_first({name: known[name] for name in sorted(emptied)})), frozenset(requests))
        for _, emptied, requests in rounds[:_MOST]
    )


def _members(known: Mapping[str, Table], text: str) -> Iterator[str]:
    """Of the tables that a statement names, those that no other of them refers to."""
    words = frozenset(_WORD.findall(text.lower()))
    named = [table for table in known.values() if plain(table.name) in words]
    above = {
        reference.table for table in named for reference in table.references if reference.table != table.name
    }
    yield from (table.name for table in named if table.name not in above)


def _with_members(known: Mapping[str, Table], name: str) -> set[str]:
    """A table and all that can't stay without its rows."""
    found = {name}
    while more := {
        table.name
        for table in known.values()
        if table.name not in found and any(one.table in found for one in table.references)
    }:
        found |= more
    return found
