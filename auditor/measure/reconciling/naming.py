"""Whether a statement that was seen is about the table or relation that the trace names."""

import re
from functools import lru_cache
from typing import Final

from auditor.sql.read import read_statement

_NAME: Final = re.compile(r"[A-Za-z_][\w.]*")
_VERBS: Final = frozenset(
    {"select", "insert", "update", "delete", "exists", "count", "prefetch", "into", "from"}
)
READING: Final = frozenset({"SELECT", "SHOW", "PRAGMA", "EXPLAIN", "VALUES", "WITH", "FETCH", "CALL"})


@lru_cache(maxsize=8192)
def tables_of(statement: str) -> tuple[str, ...]:
    """The tables a fingerprint names, without their schemas; none where it can't be read."""
    found = read_statement(statement)
    return (
        () if found is None else tuple(name.rpartition(".")[2].strip('"`').lower() for name in found.tables)
    )


@lru_cache(maxsize=8192)
def is_about(statement: str, label: str) -> bool:
    """Whether one of the tables of `statement` may be what `label` calls `Space.location` or `SELECT Booking`.

    A model's table is called like the model, in the plural or after its application; a relation like its model.
    No answer but True says much: tables can be called anything.
    """
    wanted = {_plain(name) for name in _names(label)}
    return any(
        table == name or table.endswith(name)
        for table in map(_plain, tables_of(statement))
        for name in wanted
    )


def _names(label: str) -> list[str]:
    """The last parts of the names in `label`, its verbs left out; of a relation the relation."""
    return [
        name.rpartition(".")[2]
        for name in _NAME.findall(label)
        if name.lower() not in _VERBS and len(name.rpartition(".")[2]) > 1
    ]


def _plain(name: str) -> str:
    """Small letters, without underscores, in the singular as far as English is regular."""
    bare = name.replace("_", "").lower()
    if bare.endswith("ies"):
        return bare[:-3] + "y"
    if bare.endswith(("sses", "xes", "ches", "shes")):
        return bare[:-2]
    return bare[:-1] if bare.endswith("s") and not bare.endswith("ss") else bare
