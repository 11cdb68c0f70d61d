"""PostgreSQL's plans: EXPLAIN of a prepared statement without values, as the target's own role."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from auditor.execution.databases.access import Access
from auditor.execution.databases.postgres_client import PostgresClient, PostgresError, all_or_none

_READS: Final = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_MAKES: Final = re.compile(r"CREATE INDEX ")
"""A unique one may be part of a constraint."""
_LONGEST: Final = "60s"
"""For indexes on all the data that there are."""
_PLACE: Final = re.compile(r"%\((?P<name>\w+)\)s|%s|%%|\$(?P<number>\d+)")
_NAME: Final = "auditor_plan"


def indexes(client: PostgresClient, /) -> frozenset[str]:
    """What makes each index, those of keys too."""
    found = client.query(
        "SELECT indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return frozenset(str(definition) for (definition,) in found)


def add_indexes(client: PostgresClient, definitions: Iterable[str], /) -> bool:
    """Whether all of them could be made; else none is."""
    listed = sorted(definitions)
    if not all(_MAKES.match(one) for one in listed):
        return False
    return all_or_none(client, listed, longest=_LONGEST)


def explain(client: PostgresClient, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
    """The steps of each statement that only reads and can be planned; nothing of them is run."""
    client.query("SET plan_cache_mode = force_generic_plan")
    sizes = {
        str(name): float(rows or 0)
        for name, rows in client.query(
            "SELECT relname, greatest(reltuples, 0) FROM pg_class WHERE relkind IN ('r', 'p')"
        )
    }
    found: dict[str, tuple[Access, ...]] = {}
    for statement in statements:
        if _READS.match(statement):
            with suppress(PostgresError, ValueError):
                found[statement] = tuple(_steps(_plan(client, statement), sizes, 1.0))
    return found


def numbered(statement: str, /) -> tuple[str, int]:
    """The statement with `$1` … in the place of a driver's placeholders, and how many there are."""
    known: dict[str, int] = {}
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found["number"]:
            count = max(count, int(found["number"]))
            return found[0]
        if found["name"] in known:
            return f"${known[found['name']]}"
        count += 1
        if found["name"]:
            known[found["name"]] = count
        return f"${count}"

    return _PLACE.sub(place, statement), count


def _plan(client: PostgresClient, statement: str) -> Mapping[str, Any]:
    text, count = numbered(statement)
    client.query(f"PREPARE {_NAME} AS {text}")
    try:
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        rows = client.query(f"EXPLAIN (FORMAT JSON) EXECUTE {_NAME}{values}")
    finally:
        client.query(f"DEALLOCATE {_NAME}")
    plan: Mapping[str, Any] = json.loads("".join(str(row[0]) for row in rows))[0]["Plan"]
    return plan


def _steps(node: Mapping[str, Any], sizes: Mapping[str, float], turns: float) -> Iterator[Access]:
    kind, table = str(node.get("Node Type", "")), node.get("Relation Name")
    if table is not None:
        searched = "Index" in kind or "Bitmap" in kind
        each = float(node.get("Plan Rows", 1)) if searched else sizes.get(str(table), 0.0)
        yield Access(
            table=str(table), how="search" if searched else "scan", index=_index(node), rows=turns * each
        )
    inner = turns
    for child in node.get("Plans", ()):
        yield from _steps(child, sizes, inner)
        if kind == "Nested Loop":  # the second child runs for each row of the first
            inner = turns * max(1.0, float(child.get("Plan Rows", 1)))


def _index(node: Mapping[str, Any]) -> str:
    own = node.get("Index Name")
    return str(own) if own else next(filter(None, map(_index, node.get("Plans", ()))), "")
