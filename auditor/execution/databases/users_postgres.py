"""A PostgreSQL server of the user's: the target works on a copy of the database there, never on the database itself."""

import os
import secrets
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from auditor.execution.address import Address
from auditor.execution.confinement import RUN
from auditor.execution.databases import postgres_plans, postgres_tables
from auditor.execution.databases.access import Access
from auditor.execution.databases.database import Place, Row
from auditor.execution.databases.postgres import DOOR, PORT, dump_tables
from auditor.execution.databases.postgres_client import PostgresClient, PostgresError, identifier, literal
from auditor.execution.databases.tables import NewRow, Refused, Table
from auditor.execution.disposable import start_time
from auditor.execution.guest import Guest
from auditor.execution.supervised import Relay
from auditor.execution.witness.relay import Witness
from auditor.model.fault import Fault

_PREFIX: Final = "auditor_"
_SCHEMES: Final = ("postgresql", "postgres")
_MAINTENANCE: Final = "postgres"


class UsersPostgres:
    """Copies of the database at a URL, on the same server, behind a witness that leads to the copy alone."""

    def __init__(
        self, url: str, run: Path, /, *, guest: Guest, allow_remote: bool = False, round_trip_ms: float = 0.0
    ) -> None:
        """Nothing is done on the server yet. `Fault` for a URL that can't be used, or a server that is not on this machine's loopback.

        `allow_remote` is the user's word, never the target's.
        """
        self._address, self._user, self._password, self._source = parse_url(url)
        if not self._address.is_local and not allow_remote:
            raise Fault(
                f"the database is on {self._address.host}, and not on this machine",
                where="the database's URL",
                hint="use a copy on this machine, or allow it in your own settings",
            )
        self._guest = guest
        self._run = run
        self._round_trip_ms = round_trip_ms
        own = f"{_PREFIX}{os.getpid()}_{start_time(os.getpid())}_{secrets.token_hex(3)}"
        self._copy, self._template = f"{own}_copy", f"{own}_template"
        self._door: Witness | None = None

    @property
    def name(self) -> str:
        """Never the same twice: what stands in a user's database is not known by any hash."""
        return f"postgresql of the user's, {self._copy}"

    is_users = True

    @property
    def place(self) -> Place:
        """On the target's loopback, with the user's own role: the witness sees to it that it is only good for the copy."""
        values = {
            "host": "127.0.0.1",
            "port": str(PORT),
            "name": self._copy,
            "user": self._user,
            "password": self._password,
        }
        relay = Relay(
            name="postgresql", listen=f"tcp:127.0.0.1:{PORT}", to=(f"unix:{RUN}/{DOOR}/.s.PGSQL.{PORT}",)
        )
        return Place(values=values, relays=(relay,))

    @property
    def witness(self) -> Witness:
        """What counts between the target and the server."""
        if self._door is None:
            raise Fault("the database was not copied: the world is not prepared")
        return self._door

    def start_empty(self) -> None:
        """A copy of what is there; databases that killed runs left behind are dropped."""
        with self._client(_MAINTENANCE) as client:
            for (left,) in client.query("SELECT datname FROM pg_database"):
                if _is_abandoned(str(left)):
                    client.query(f"DROP DATABASE {identifier(str(left))} WITH (FORCE)")
            self._create(client, self._copy, self._source)
        self._door = Witness(
            self._run / DOOR / f".s.PGSQL.{PORT}",
            self._address,
            role=self._user,
            database=self._copy,
            guest=self._guest,
            round_trip_ms=self._round_trip_ms,
        )

    def mark(self) -> None:
        with self._client(_MAINTENANCE) as client:
            client.query(f"DROP DATABASE IF EXISTS {identifier(self._template)} WITH (FORCE)")
            client.query(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {literal(self._copy)}"  # noqa: S608  as above
            )
            client.query(f"ALTER DATABASE {identifier(self._copy)} RENAME TO {identifier(self._template)}")
        self.reset()

    def store(self, folder: Path, /) -> None:
        """Nothing outlives the run: the data is the user's."""
        folder.mkdir(mode=0o700)

    def take(self, folder: Path, /) -> None:  # noqa: ARG002  the protocol's
        """There is nothing stored to be taken, so a copy is made anew."""
        self.start_empty()
        self.mark()

    def reset(self) -> None:
        with self._client(_MAINTENANCE) as client:
            client.query(f"DROP DATABASE IF EXISTS {identifier(self._copy)} WITH (FORCE)")
            self._create(client, self._copy, self._template)

    def dump(self) -> dict[str, tuple[Row, ...]]:
        with self._client(self._copy) as client:
            return dump_tables(client)

    def mark_of_state(self) -> str:
        """Never the same: others write on the user's server as well."""
        return secrets.token_hex(8)

    def indexes(self) -> frozenset[str]:
        with self._client(self._copy) as client:
            return postgres_plans.indexes(client)

    def tables(self) -> tuple[Table, ...]:
        with self._client(self._copy) as client:
            return postgres_tables.tables(client)

    def put_rows(self, rows: Sequence[NewRow], /) -> tuple[Refused, ...]:
        return tuple(Refused(row=row, reason="the data is the user's own") for row in rows)

    def take_rows(self, rows: Sequence[NewRow], /) -> None:
        """There are none."""

    def empty(self, tables: Sequence[str], /) -> bool:
        """They stay."""
        return not tables

    def add_indexes(self, statements: Collection[str], /) -> bool:
        """None is made."""
        return not statements

    def explain(self, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
        with self._client(self._copy) as client:
            return postgres_plans.explain(client, statements)

    def check(self) -> None:
        """`Fault` when the server does not answer any more."""
        self._client(_MAINTENANCE).close()

    def close(self) -> None:
        """Ends the witness and drops the copies."""
        if self._door is None:
            return
        self._door.close()
        with self._client(_MAINTENANCE) as client:
            for name in (self._copy, self._template):
                client.query(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _create(self, client: PostgresClient, name: str, source: str) -> None:
        try:
            client.query(f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(source)}")
        except PostgresError as error:
            hint = {
                "42501": f"ALTER ROLE {self._user} CREATEDB, and make it the owner of {source}",
                "55006": f"close what is connected to {source}: a database in use can't be copied",
            }.get(error.sqlstate, "")
            raise Fault(
                f"the database {source} can't be copied: {error}", where=str(self._address), hint=hint
            ) from error

    def _client(self, database: str) -> PostgresClient:
        try:
            return PostgresClient(self._address, user=self._user, password=self._password, database=database)
        except (OSError, PostgresError) as error:
            raise Fault(f"the database can't be reached: {error}", where=str(self._address)) from error


def parse_url(url: str, /) -> tuple[Address, str, str, str]:
    """Address, role, password and database of ``postgresql://role:password@host:port/name``, or with ``?host=/folder``.

    A driver's name after the scheme (``postgresql+psycopg2``) says nothing here. `Fault` for what is no such URL; it is not shown, for it holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError:
        parts, port = urlsplit(""), 0
    name, user = unquote(parts.path.strip("/")), unquote(parts.username or "")
    if parts.scheme.partition("+")[0] not in _SCHEMES or not name or not user:
        raise Fault(
            "is no URL of a PostgreSQL database",
            where="the database's URL",
            hint="postgresql://role:password@localhost/name",
        )
    folder = parse_qs(parts.query).get("host", [""])[0]
    if folder.startswith("/"):
        address = Address(path=Path(folder) / f".s.PGSQL.{port}")
    else:
        address = Address(host=parts.hostname or "localhost", port=port)
    return address, user, unquote(parts.password or ""), name


def _is_abandoned(name: str) -> bool:
    """Whether the process that made a database of ours is gone."""
    if not name.startswith(_PREFIX):
        return False
    pid, _, rest = name.removeprefix(_PREFIX).partition("_")
    started = rest.partition("_")[0]
    return pid.isdigit() and started.isdigit() and start_time(int(pid)) != int(started)
