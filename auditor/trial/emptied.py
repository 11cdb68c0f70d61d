"""The same requests on data that holds nothing: a sum of no rows, a status that nobody has, the first of none.

Rows at the edges stand beside others; that a table has none at all shows nowhere else. What has to be there for anybody to be let in
stays.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from auditor.execution.databases.tables import Table
from auditor.measure.exchange import Exchange
from auditor.measure.workload import Workload, part_of
from auditor.trial.reach import READING, Reached, words_of

_REFUSED: Final = frozenset({401, 403})
_OK: Final = 300
_MOST: Final = 60
"""Requests."""


def asked_of_nothing(workload: Workload, reach: Mapping[str, Reached], /) -> Workload:
    """What reads and is answered, the first of each path for each identity: nothing that is written before it is there."""
    first: dict[tuple[str, str | None], str] = {}
    for one in workload.requests:
        seen = reach.get(one.id)
        answered = seen is not None and seen.status is not None and seen.status < _OK
        if one.method in READING and "time" in one.roles and answered and not workload.needs[one.id]:
            first.setdefault((one.path, one.identity), one.id)
    return part_of(workload, list(first.values())[:_MOST])


def letting_in(workload: Workload, reach: Mapping[str, Reached], /) -> frozenset[str]:
    """Words that the statements of all who have a name have in common: by some of them they are known."""
    named = [reach[one.id].words for one in workload.requests if one.identity is not None]
    return frozenset.intersection(*named) if named else frozenset()


def to_be_emptied(
    tables: Iterable[Table], words: Iterable[frozenset[str]], keep: Collection[str], /
) -> tuple[str, ...]:
    """The tables that the statements name and nothing that stays refers to, those that refer to others first.

    Args:
        tables: all that there are.
        words: of the statements, by request.
        keep: words of the statements that had to be asked for somebody to be let in.
    """
    known = {table.name: table for table in tables}
    named = frozenset[str]().union(*words)
    stays = {name for name in known if plain(name) in keep or plain(name) not in named}
    waiting = list(stays)
    while waiting:
        for reference in known[waiting.pop()].references:
            if reference.table in known and reference.table not in stays:
                stays.add(reference.table)
                waiting.append(reference.table)
    return tuple(children_first({name: known[name] for name in sorted(known) if name not in stays}))


def refused_now(before: Mapping[str, Reached], exchanges: Iterable[Exchange], /) -> frozenset[str]:
    """Words of the statements of those that are not let in any more."""
    turned = [
        one
        for one in exchanges
        if one.answer.status in _REFUSED and before[one.request.id].status not in _REFUSED
    ]
    return frozenset[str]().union(*map(words_of, turned))


def children_first(tables: Mapping[str, Table], /) -> Iterator[str]:
    """Their names, those that refer to others before these."""
    left = dict(tables)
    while left:
        referred = {
            reference.table
            for name, table in left.items()
            for reference in table.references
            if reference.table != name
        }
        free = [name for name in left if name not in referred]
        for name in free or [next(iter(left))]:  # a circle is entered somewhere
            del left[name]
            yield name


def plain(name: str, /) -> str:
    """The name of a table as words of statements are held against it: without its schema, in lower case."""
    return name.rpartition(".")[2].lower()
