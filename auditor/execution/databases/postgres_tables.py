"""Tables and new rows in PostgreSQL."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from auditor.execution.databases.postgres_client import PostgresClient, PostgresError, all_or_none
from auditor.execution.databases.tables import (
    Column,
    Kind,
    NewRow,
    Quoting,
    Reference,
    Refused,
    Table,
    deletion,
    insertion,
)

_KINDS: Final[dict[str, Kind]] = {
    "text": "text", "varchar": "text", "bpchar": "text", "citext": "text", "bool": "boolean",
    "int2": "integer", "int4": "integer", "int8": "integer",
    "float4": "number", "float8": "number", "numeric": "number",
}  # fmt: skip
_CHOICE: Final = re.compile(r"'((?:[^']|'')*)'::(?:character varying|text|bpchar)")
_LONGEST: Final = "5s"
_TABLES: Final = """
SELECT json_build_object(
  'name', CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
  'columns', (
    SELECT json_agg(json_build_array(a.attname, t.typname, NOT a.attnotnull, a.atthasdef OR a.attidentity <> '',
      CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END,
      (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
      (SELECT max(pg_get_constraintdef(k.oid)) FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum])) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  'unique', (
    SELECT json_agg(json_build_array(i.indisprimary, (
      SELECT json_agg(a.attname ORDER BY k.place)
      FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number)) ORDER BY i.indexrelid)
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL),
  'references', (
    SELECT json_agg(json_build_array(
      (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(f.conkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number),
      CASE WHEN pn.nspname = 'public' THEN p.relname ELSE pn.nspname || '.' || p.relname END,
      (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(f.confkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = k.number)) ORDER BY f.conname)
    FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE f.conrelid = c.oid AND f.contype = 'f'))::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY n.nspname, c.relname
"""
_SEQUENCES: Final = """
SELECT format('SELECT setval(%L, greatest((SELECT max(%I) FROM %s), 1))',
  pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname), a.attname,
  format('%I.%I', n.nspname, c.relname))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) IS NOT NULL
"""


class _Quoting(Quoting):
    def table(self, name: str, /) -> str:
        schema, _, plain = name.rpartition(".")
        return f"{self.name(schema or 'public')}.{self.name(plain)}"


_QUOTED: Final = _Quoting()


def tables(client: PostgresClient, /) -> tuple[Table, ...]:
    """Every ordinary table, by schema and name."""
    return tuple(_table(json.loads(str(text))) for (text,) in client.query(_TABLES))


def insert(client: PostgresClient, rows: Iterable[NewRow], /) -> tuple[Refused, ...]:
    """Puts them, one after the other; those that can't be put are given back. Numbers that columns give go on behind them."""
    client.query(f"SET statement_timeout = '{_LONGEST}'")
    refused, put = [], set()
    for row in rows:
        try:
            found = client.query(
                insertion(row, quoted=_QUOTED, overriding="OVERRIDING SYSTEM VALUE ") + " RETURNING 1"
            )
        except PostgresError as error:
            refused.append(Refused(row=row, reason=str(error)))
            continue
        if found:
            put.add(row.table)
        else:
            refused.append(Refused(row=row, reason="the row that it is like is not there"))
    if put:
        for (statement,) in client.query(_SEQUENCES):
            with suppress(
                PostgresError
            ):  # a sequence of another's: then a number may be taken, and the row's insertion fails as before
                client.query(str(statement))
    return tuple(refused)


def delete(client: PostgresClient, rows: Iterable[NewRow], /) -> None:
    """Takes them away, the last first."""
    for row in reversed(list(rows)):
        with suppress(PostgresError):  # one that was refused is not there
            client.query(deletion(row, quoted=_QUOTED))


def empty(client: PostgresClient, tables: Iterable[str], /) -> bool:
    """Whether every row of them is gone; else none is."""
    statements = (f"DELETE FROM {_QUOTED.table(name)}" for name in tables)  # noqa: S608  names are quoted
    return all_or_none(client, statements, longest=_LONGEST)


def _choices(check: str) -> tuple[str, ...]:
    """The texts of `CHECK (x = ANY (ARRAY['a'::text, …]))`, the form that every IN is kept in."""
    return tuple(_CHOICE.findall(check)) if "= ANY (" in check else ()


def _table(told: dict[str, Any]) -> Table:
    unique = told["unique"] or []
    key = next((tuple(columns) for primary, columns in unique if primary), ())
    return Table(
        name=told["name"],
        columns=tuple(
            Column(
                name=name,
                kind=_KINDS.get(kind, "other"),
                nullable=nullable,
                declared=kind,
                defaults=defaults,
                choices=tuple(labels or _choices(check or "")),
                longest=longest,
            )
            for name, kind, nullable, defaults, longest, labels, check in told["columns"] or []
        ),
        key=key,
        unique=tuple(tuple(columns or ()) for primary, columns in unique if not primary),
        references=tuple(
            Reference(columns=tuple(columns), table=table, to=tuple(to))
            for columns, table, to in told["references"] or []
        ),
    )
