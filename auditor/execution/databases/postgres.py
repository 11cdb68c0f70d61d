"""PostgreSQL of the world's own: in a jail of its own, without TCP, behind a witness; a template goes before each replay."""

import json
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from auditor.execution.address import Address
from auditor.execution.beneath import tail_beneath
from auditor.execution.confinement import RUN, Bind, Jail, Limits
from auditor.execution.databases import postgres_plans, postgres_tables
from auditor.execution.databases.access import Access
from auditor.execution.databases.database import Place, Row
from auditor.execution.databases.postgres_binaries import PostgresBinaries, find_postgres
from auditor.execution.databases.postgres_client import PostgresClient, PostgresError, identifier, literal
from auditor.execution.databases.postgres_log import PostgresLog
from auditor.execution.databases.tables import NewRow, Refused, Table
from auditor.execution.guest import Guest
from auditor.execution.in_bulk import copy_whole
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.execution.supervised import LOGS, Process, Relay, Supervised, prepare_run_folder, supervise
from auditor.execution.witness.relay import Witness
from auditor.model.fault import Fault

ADMIN: Final = "auditor_admin"
DATABASE: Final = "app"
PORT: Final = 5432
DOOR: Final = "pg"
"""In the target's shared folder: where the witness listens."""
_TEMPLATE: Final = "app_template"
_SOCKET: Final = f".s.PGSQL.{PORT}"
_DATA: Final = "/pg"
_ACCESS: Final = "access.json"
_CLUSTER: Final = "cluster"
_START_S: Final = 60.0
_SPARE: Final = ("template0", "template1")
"""Nothing is made from these afterwards, and each is 300 files to copy for every world."""
_LIMITS: Final = Limits(wall_s=24 * 3600.0)
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_directories": RUN,
    "unix_socket_permissions": "0700",
    # What is lost when the machine fails is made again.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "shared_buffers": "64MB",
    # It would change plans and timings in the middle of a replay; the template is analyzed instead.
    "autovacuum": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",
}


class Postgres:
    """One server with the target's database."""

    def __init__(
        self, folder: Path, run: Path, /, *, jail: Jail, guest: Guest, round_trip_ms: float = 0.0
    ) -> None:
        """Nothing is started yet. `folder` is new and holds the server's files, `run` is shared with the target."""
        self._folder = folder
        self._run = run
        self._jail = jail
        self._guest = guest
        self._round_trip_ms = round_trip_ms
        self._binaries: PostgresBinaries = find_postgres()
        self._role = f"app_{secrets.token_hex(4)}"
        self._password = secrets.token_urlsafe(18)
        self._admin_password = secrets.token_urlsafe(18)
        self._server: Supervised | None = None
        self._door: Witness | None = None
        self._log = PostgresLog(folder / "run" / LOGS, "postgres.log")
        self._untouched: int | None = None
        """How many connections the target had made when its database was last made anew; None when that is not enough to know."""
        folder.mkdir(mode=0o755)
        prepare_run_folder(folder / "run")
        own_copy(folder / "run", guest)

    @property
    def name(self) -> str:
        """``postgresql-16``."""
        return f"postgresql-{self._binaries.version}"

    is_users = False

    @property
    def place(self) -> Place:
        """On the target's loopback, as its production has it on another host."""
        return Place(
            values={
                "host": "127.0.0.1",
                "port": str(PORT),
                "name": DATABASE,
                "user": self._role,
                "password": self._password,
            },
            relays=(
                Relay(
                    name="postgresql", listen=f"tcp:127.0.0.1:{PORT}", to=(f"unix:{RUN}/{DOOR}/{_SOCKET}",)
                ),
            ),
        )

    @property
    def witness(self) -> Witness:
        """What counts between the target and the server; `Fault` before the server was started."""
        if self._door is None:
            raise Fault("the database was not started: the world is not prepared")
        return self._door

    def start_empty(self) -> None:
        (self._folder / _CLUSTER).mkdir(mode=0o700)
        own_copy(self._folder / _CLUSTER, self._guest)
        self._initialize()
        self._start()
        with self._admin("postgres") as admin:
            role = identifier(self._role)
            admin.query(
                f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {literal(self._password)}"
            )
            admin.query(f"CREATE DATABASE {DATABASE} OWNER {role}")
            admin.query("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
            for spare in _SPARE:
                admin.query(f"ALTER DATABASE {spare} IS_TEMPLATE false")
                admin.query(f"DROP DATABASE {spare}")

    def mark(self) -> None:
        with self._admin(DATABASE) as admin:
            admin.query("VACUUM (ANALYZE)")
        with self._admin("postgres") as admin:
            self._disconnect(admin)
            admin.query(f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)")
            admin.query(f"ALTER DATABASE {DATABASE} RENAME TO {_TEMPLATE}")
        self._make()

    def store(self, folder: Path, /) -> None:
        with self._admin("postgres") as admin:
            admin.query(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        self._stop()
        folder.mkdir(mode=0o700)
        (folder / _CLUSTER).mkdir(mode=0o700)
        copy_whole(self._folder / _CLUSTER, folder / _CLUSTER, guest=self._guest)
        access = {"role": self._role, "password": self._password, "admin": self._admin_password}
        (folder / _ACCESS).write_text(json.dumps(access), "utf-8")
        self._start()
        self._make()

    def take(self, folder: Path, /) -> None:
        access = json.loads((folder / _ACCESS).read_text("utf-8"))
        self._role, self._password, self._admin_password = access["role"], access["password"], access["admin"]
        (self._folder / _CLUSTER).mkdir(mode=0o700)
        copy_whole(folder / _CLUSTER, self._folder / _CLUSTER, guest=self._guest)
        self._start()
        self._make()

    def reset(self) -> None:
        """Nothing is done where the target was not connected since it was done last."""
        if self._untouched is None or self._untouched != self.witness.totals().connections:
            self._make()

    def _make(self) -> None:
        """Makes the database anew from the template."""
        with self._admin("postgres") as admin:
            admin.query(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            admin.query(f"CREATE DATABASE {DATABASE} TEMPLATE {_TEMPLATE} OWNER {identifier(self._role)}")
        self._untouched = self.witness.totals().connections

    def dump(self) -> dict[str, tuple[Row, ...]]:
        with self._admin(DATABASE) as admin:
            return dump_tables(admin)

    def mark_of_state(self) -> str:
        """The number that the next transaction gets that writes: one that only reads is given none, and what reading tidies up takes none."""
        with self._admin("postgres") as admin:
            ((number,),) = admin.query("SELECT txid_snapshot_xmax(txid_current_snapshot())")
        return str(number)

    def indexes(self) -> frozenset[str]:
        with self._admin(DATABASE) as admin:
            return postgres_plans.indexes(admin)

    def tables(self) -> tuple[Table, ...]:
        with self._admin(DATABASE) as admin:
            return postgres_tables.tables(admin)

    def put_rows(self, rows: Sequence[NewRow], /) -> tuple[Refused, ...]:
        """As the target's own role: a trigger may run functions of its own."""
        self.reset()
        with self._target() as client:
            refused = postgres_tables.insert(client, rows)
        self.mark()
        return refused

    def take_rows(self, rows: Sequence[NewRow], /) -> None:
        self.reset()
        with self._target() as client:
            postgres_tables.delete(client, rows)
        self.mark()

    def empty(self, tables: Sequence[str], /) -> bool:
        """As `put_rows`."""
        self.reset()
        with self._target() as client:
            emptied = postgres_tables.empty(client, tables)
        if emptied:
            self.mark()
        return emptied

    def add_indexes(self, statements: Collection[str], /) -> bool:
        """As `put_rows`: an index may be on what a function of its own gives."""
        self.reset()
        with self._target() as client:
            made = postgres_plans.add_indexes(client, statements)
        if made:
            self.mark()
        return made

    def explain(self, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
        """As the target's own role: planning may run functions of its own."""
        with self._target() as client:
            return postgres_plans.explain(client, statements)

    def check(self) -> None:
        """`Fault` when the server has died, or a process of it, or its disk is full: what was measured since is void."""
        if self._server is None:
            return
        if not self._server.alive():
            raise Fault(
                "the database has died, so what was measured is void",
                where=self.name,
                hint=self._last_words(),
            )
        if trouble := self._log.trouble():
            raise Fault(
                f"the database was in trouble, so what was measured is void: {trouble}",
                where=self.name,
                hint="make room on the disk"
                if "space" in trouble
                else "something on this machine ended it, or it took more memory than a jail has: try again",
            )

    def close(self) -> None:
        if self._door is not None:
            self._door.close()
        if self._server is not None:
            self._server.kill()

    @property
    def _address(self) -> Address:
        return Address(path=self._folder / "run" / _SOCKET)

    def _disconnect(self, admin: PostgresClient) -> None:
        admin.query(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {literal(DATABASE)}"  # noqa: S608  a name of ours
        )

    def _target(self) -> AbstractContextManager[PostgresClient]:
        """As the target's own role."""
        self._untouched = None
        return self._asked(user=self._role, password=self._password, database=DATABASE)

    def _admin(self, database: str) -> AbstractContextManager[PostgresClient]:
        return self._asked(user=ADMIN, password=self._admin_password, database=database)

    @contextmanager
    def _asked(self, *, user: str, password: str, database: str) -> Iterator[PostgresClient]:
        """A connection; `Fault` for what the server refuses on it, and where it dies meanwhile."""
        try:
            with PostgresClient(self._address, user=user, password=password, database=database) as client:
                yield client
        except (OSError, PostgresError) as error:
            self.check()
            raise Fault(f"the database did not do what it was asked: {error}", where=self.name) from error

    def _initialize(self) -> None:
        """A new cluster, whose administrator has a password and whose only other way in is the target's role's."""
        password = self._folder / "run" / "password"
        password.write_text(self._admin_password, "utf-8")
        password.chmod(0o644)  # below a folder of ours alone; the guest reads it
        locale = "C.UTF-8" if any(Path("/usr/lib/locale").glob("C.[uU]*8")) else "C"
        words = (
            "-D",
            _DATA,
            "-U",
            ADMIN,
            "--auth=password",
            f"--pwfile={RUN}/password",
            "--no-sync",
            "--wal-segsize=1",  # MB: what is kept of them for the next writes is copied as well
            "-E",
            "UTF8",
        )
        with self._supervised("initdb", (*words, f"--locale={locale}", "--no-instructions")) as making:
            ended = making.running.wait(_START_S)
        password.unlink()
        if not ended.succeeded:
            raise Fault(f"initdb failed: {self._last_words('initdb')}", where=str(self._binaries.folder))
        rules = self._folder / _CLUSTER / "pg_hba.conf"
        rules.unlink()
        rules.write_text(f"local all {ADMIN} password\nlocal {DATABASE} all scram-sha-256\n", "utf-8")
        own_copy(self._folder / _CLUSTER, self._guest)

    def _start(self) -> None:
        (self._folder / _CLUSTER / "postmaster.pid").unlink(missing_ok=True)
        options = tuple(word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}"))
        self._server = self._supervised("postgres", ("-D", _DATA, *options))
        deadline = time.monotonic() + _START_S
        while True:
            try:
                PostgresClient(
                    self._address,
                    user=ADMIN,
                    password=self._admin_password,
                    database="postgres",
                ).close()
                break
            except (OSError, PostgresError) as error:
                if not self._server.alive() or time.monotonic() > deadline:
                    self._server.kill()
                    raise Fault(f"PostgreSQL did not start: {self._last_words()}", where=self.name) from error
                time.sleep(0.01)
        if self._door is None:
            self._door = Witness(
                self._run / DOOR / _SOCKET,
                self._address,
                role=self._role,
                database=DATABASE,
                guest=self._guest,
                round_trip_ms=self._round_trip_ms,
            )

    def _stop(self) -> None:
        assert self._server is not None
        self._server.stop()
        self._server = None

    def _supervised(self, program: str, words: tuple[str, ...]) -> Supervised:
        remove_tree(self._folder / "run" / _SOCKET)
        return supervise(
            self._jail,
            self._folder / "run",
            processes=(
                Process(
                    name=program,
                    argv=(str(self._binaries.folder / program), *words),
                    env={"PATH": f"{self._binaries.folder}:/usr/bin:/bin", "LC_ALL": "C"},
                    cwd=_DATA,
                    stop_signal="INT",
                ),
            ),
            binds=(Bind(source=self._folder / _CLUSTER, target=_DATA, writable=True), *self._binaries.binds),
            limits=_LIMITS,
        )

    def _last_words(self, program: str = "postgres") -> str:
        log = tail_beneath(self._folder / "run" / LOGS, f"{program}.log", limit=4096).decode(
            "utf-8", "replace"
        )
        return " / ".join(log.strip().splitlines()[-3:]) or "it says nothing"


def dump_tables(admin: PostgresClient, /) -> dict[str, tuple[Row, ...]]:
    """Every row by table; a table outside of `public` has its schema before its name."""
    tables = admin.query(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    )
    return {
        f"{name}" if schema == "public" else f"{schema}.{name}": _rows(admin, str(schema), str(name))
        for schema, name in tables
    }


def _rows(admin: PostgresClient, schema: str, name: str) -> tuple[Row, ...]:
    table = f"{identifier(schema)}.{identifier(name)}"
    found = admin.query(f"SELECT to_json(t)::text FROM {table} t ORDER BY 1")  # noqa: S608  a table's own name, quoted
    return tuple(json.loads(str(row)) for (row,) in found)
