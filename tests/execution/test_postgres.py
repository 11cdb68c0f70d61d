"""PostgreSQL of a world's own, and the witness before it."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import psycopg2
import pytest

from auditor.execution.address import Address
from auditor.execution.confinement import Jail
from auditor.execution.databases.postgres import ADMIN, Postgres
from auditor.execution.databases.postgres_client import PostgresClient, PostgresError
from auditor.execution.databases.postgres_plans import numbered
from auditor.execution.databases.tables import NewRow, Reference
from auditor.execution.databases.users_postgres import UsersPostgres
from auditor.execution.guest import guest_identity
from auditor.execution.removal import remove_tree
from auditor.execution.witness.seen import Seen
from auditor.model.fault import Fault


class Stand:
    """A server that tests in this file share; the host plays the target."""

    def __init__(self, jail: Jail, folder: Path) -> None:
        (folder / "run" / "pg").mkdir(parents=True)
        self.folder = folder
        self.jail = jail
        self.database = self.another("one")
        self.database.start_empty()
        with self.connect() as connection:
            connection.execute("CREATE TABLE people (id int PRIMARY KEY, name text)")
            connection.execute("INSERT INTO people SELECT n, 'p' || n FROM generate_series(1, 10) n")
        self.database.mark()
        self.database.store(folder / "template")
        with self.database._admin("postgres") as admin:  # a user's server has one
            admin.query("CREATE DATABASE template1 TEMPLATE postgres")

    def another(self, name: str) -> Postgres:
        return Postgres(self.folder / name, self.folder / "run", jail=self.jail, guest=guest_identity())

    def words(self, **changes: str) -> dict[str, str]:
        values = self.database.place.values
        return {
            "host": str(self.folder / "run" / "pg"),
            "user": values["user"],
            "password": values["password"],
            "dbname": values["name"],
            **changes,
        }

    def connect(self, **changes: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(**self.words(**changes))  # type: ignore[arg-type]

    def during(self, act: Callable[[], object]) -> Seen:
        since = time.monotonic()
        act()
        return self.database.witness.seen(since)


@pytest.fixture(scope="module")
def stand(jail: Jail, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    stand = Stand(jail, tmp_path_factory.mktemp("pg"))
    yield stand
    stand.database.close()
    remove_tree(stand.folder)


@pytest.fixture
def written(stand: Stand) -> Iterator[Stand]:
    """For tests that write."""
    yield stand
    stand.database.reset()


def texts(seen: Seen) -> list[str]:
    return [statement.text for statement in seen.statements]


def test_the_template_comes_back(stand: Stand) -> None:
    with stand.connect() as connection:
        connection.execute("DELETE FROM people")
        connection.execute("CREATE TABLE more (id int)")
    assert stand.database.dump() == {"more": (), "people": ()}
    stand.database.reset()
    dumped = stand.database.dump()
    assert list(dumped) == ["people"]
    assert {"id": 10, "name": "p10"} in dumped["people"]
    assert len(dumped["people"]) == 10


def test_rows_are_put_beside_the_targets_own_and_taken_away(stand: Stand) -> None:
    with stand.connect() as connection:
        connection.execute(
            "CREATE TABLE orders (id serial PRIMARY KEY, person int REFERENCES people, paid bool, note varchar(5) NOT NULL,"
            " tag uuid UNIQUE, twice int GENERATED ALWAYS AS (person * 2) STORED)"
        )
        connection.execute("INSERT INTO orders (person, paid, note) VALUES (1, true, 'a')")
    database = stand.database
    database.mark()
    orders, people = database.tables()
    assert [(c.name, c.kind, c.nullable) for c in orders.columns] == [
        ("id", "integer", False),
        ("person", "integer", True),
        ("paid", "boolean", True),
        ("note", "text", False),
        ("tag", "other", True),
    ]
    assert (orders.key, orders.unique) == (("id",), (("tag",),))
    assert orders.references == (Reference(columns=("person",), table="people", to=("id",)),)
    assert people.key == ("id",)
    names = tuple(column.name for column in orders.columns)

    def row(**cells: str | int | bool | None) -> NewRow:
        return NewRow(table="orders", columns=names, like={"id": 1}, cells=cells, key=("id",))

    rows = [
        row(id=2, person=None, paid=False, tag="0b8e2b5e-55a7-4f9e-8f19-3f6f4e2b8a01"),
        row(id=3, person=99),
        row(id=4, note="too long"),
    ]
    refused = database.put_rows(rows)
    assert [one.row.cells["id"] for one in refused] == [3, 4]
    database.reset()
    with stand.connect() as connection:
        assert connection.execute("SELECT person, paid, note FROM orders WHERE id = 2").fetchall() == [
            (None, False, "a")
        ]
        assert connection.execute("INSERT INTO orders (note) VALUES ('b') RETURNING id").fetchall() == [(3,)]
    database.take_rows(rows)
    assert [one["id"] for one in database.dump()["orders"]] == [1]
    people = database.dump()["people"]
    assert not database.empty(("people", "orders"))
    assert (len(database.dump()["orders"]), database.dump()["people"]) == (1, people)
    assert database.empty(("orders",))
    database.reset()
    assert (database.dump()["orders"], database.dump()["people"]) == ((), people)
    with stand.connect() as connection:
        connection.execute("DROP TABLE orders")
    database.mark()


def test_reading_leaves_the_state_as_it_is_and_writing_does_not(written: Stand) -> None:
    database = written.database
    database.reset()
    marked = database.mark_of_state()
    with written.connect() as connection:
        connection.execute("SELECT count(*) FROM people JOIN pg_class ON true").fetchall()
        connection.execute("CREATE TABLE IF NOT EXISTS people (id int)")
    assert database.dump()
    assert database.mark_of_state() == marked
    for statement in ("UPDATE people SET name = name WHERE id = 1", "CREATE TABLE more (id int)"):
        with written.connect() as connection:
            connection.execute(statement)
        assert database.mark_of_state() != marked
        marked = database.mark_of_state()


def test_what_nobody_was_connected_to_is_not_made_again(stand: Stand) -> None:
    access = json.loads((stand.folder / "template" / "access.json").read_text())
    address = Address(path=stand.folder / "one" / "run" / ".s.PGSQL.5432")

    def made() -> object:
        with PostgresClient(address, user=ADMIN, password=access["admin"], database="postgres") as admin:
            return admin.query("SELECT oid FROM pg_database WHERE datname = 'app'")

    stand.database.reset()
    first = made()
    stand.database.reset()
    assert made() == first
    stand.connect().close()
    stand.database.reset()
    assert made() != first
    second = made()
    stand.database.explain(["SELECT 1"])  # in the target's own name
    stand.database.reset()
    assert made() != second


@pytest.mark.parametrize(
    "forbidden",
    [
        "COPY people TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE ROLE other SUPERUSER",
        "CREATE DATABASE other",
        "SET ROLE auditor_admin",
    ],
)
def test_the_targets_role_is_nobody(stand: Stand, forbidden: str) -> None:
    with stand.connect() as connection:
        connection.autocommit = True
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(forbidden)


@pytest.mark.parametrize("changes", [{"user": "auditor_admin"}, {"dbname": "postgres"}, {"password": "x"}])
def test_nobody_else_comes_in(stand: Stand, changes: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError):
        stand.connect(**changes)


def test_simple_queries_are_counted(written: Stand) -> None:
    def act() -> None:
        connection = psycopg2.connect(**written.words())
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM people WHERE id <= %s", [3])
        cursor.fetchall()
        cursor.execute("UPDATE people SET name = 'x' WHERE id > 8; SELECT 1")
        connection.commit()
        connection.close()

    seen = written.during(act)
    assert [(each.tag, each.part, each.rows, each.affected) for each in seen.statements] == [
        ("BEGIN", 0, 0, 0),
        ("SELECT", 0, 3, 3),
        ("UPDATE", 0, 0, 2),
        ("SELECT", 1, 1, 1),
        ("COMMIT", 0, 0, 0),
    ]
    assert (seen.queries, seen.transactions, seen.rows, seen.connections) == (3, 1, 4, 1)
    assert seen.bytes_out > 0
    assert all(each.ended_s >= each.began_s for each in seen.statements)


def test_extended_queries_are_counted_by_execution(stand: Stand) -> None:
    def act() -> None:
        with stand.connect() as connection:
            connection.prepare_threshold = 0
            for number in range(4):
                connection.execute("SELECT name FROM people WHERE id = %s", [number])

    seen = stand.during(act)
    assert seen.queries == 4
    assert seen.rows == 3
    assert [each.prepared for each in seen.statements if each.tag == "SELECT"] == [False, True, True, True]
    assert {each.text for each in seen.statements if each.tag == "SELECT"} == {
        "SELECT name FROM people WHERE id = $1"
    }


def test_a_pipeline_with_an_error_counts_up_to_the_error(stand: Stand) -> None:
    with stand.connect() as connection:
        connection.autocommit = True

        def act() -> None:
            with suppress(psycopg.errors.DivisionByZero), connection.pipeline():
                for text in ("SELECT 1", "SELECT 1 / 0", "SELECT 3"):
                    connection.execute(text)
            connection.execute("SELECT 4")

        seen = stand.during(act)
    assert [(each.text, each.error) for each in seen.statements] == [
        ("SELECT 1", None),
        ("SELECT 1 / 0", "22012"),
        ("SELECT 4", None),
    ]


def test_copy_is_one_statement_with_its_rows(written: Stand) -> None:
    def act() -> None:
        with written.connect() as connection, connection.cursor() as cursor:
            with cursor.copy("COPY people FROM STDIN") as copy:
                for number in range(100, 150):
                    copy.write_row((number, "c"))
            with cursor.copy("COPY people TO STDOUT") as copy:
                assert len(list(copy.rows())) == 60

    seen = written.during(act)
    assert [(each.tag, each.affected) for each in seen.statements if not each.controls] == [
        ("COPY", 50),
        ("COPY", 60),
    ]


def test_a_cursor_that_is_read_bit_by_bit_is_one_query_and_its_fetches(stand: Stand) -> None:
    def act() -> None:
        with stand.connect() as connection, connection.cursor("named") as cursor:
            cursor.execute("SELECT id FROM people")
            assert len(cursor.fetchmany(4)) == 4
            assert len(cursor.fetchall()) == 6

    assert [each.tag for each in stand.during(act).statements if not each.controls][:3] == [
        "DECLARE CURSOR",
        "FETCH",
        "FETCH",
    ]


def test_running_sums_are_those_of_the_statements(stand: Stand) -> None:
    before = stand.database.witness.totals()
    with stand.connect() as connection:
        connection.execute("SELECT * FROM people")
        connection.execute("SAVEPOINT s")
    added = stand.database.witness.totals().since(before)
    assert (added.queries, added.transactions, added.rows, added.connections) == (1, 1, 10, 1)


def test_connections_are_told_apart_and_windows_too(stand: Stand) -> None:
    with stand.connect() as first, stand.connect() as second:
        first.execute("SELECT 'before'")
        since = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: [each.execute("SELECT 1") for _ in range(50)], (first, second)))
        seen = stand.database.witness.seen(since)
    by_connection = {each.connection for each in seen.statements}
    assert len(by_connection) == 2
    assert sum(each.tag == "SELECT" for each in seen.statements) == 100
    assert "SELECT 'before'" not in texts(seen)


def test_large_values_pass_unchanged(stand: Stand) -> None:
    with stand.connect() as connection:
        large = "x" * 5_000_000
        row = connection.execute("SELECT %s::text, repeat('y', 3000000)", [large]).fetchone()
    assert row == (large, "y" * 3_000_000)


def test_a_round_trip_can_be_added(stand: Stand) -> None:
    with stand.connect() as connection:
        connection.execute("SELECT 1")
        stand.database.witness.round_trip_ms = 20
        try:
            began = time.monotonic()
            for _ in range(5):
                connection.execute("SELECT 1")
            assert time.monotonic() - began >= 0.1
        finally:
            stand.database.witness.round_trip_ms = 0


def test_the_servers_usual_way_to_sign_in(stand: Stand) -> None:
    values = stand.database.place.values
    address = Address(path=stand.folder / "one" / "run" / ".s.PGSQL.5432")
    with PostgresClient(address, user=values["user"], password=values["password"], database="app") as client:
        assert client.query("SELECT count(*), NULL FROM people") == [("10", None)]
    with pytest.raises(PostgresError, match="password authentication failed"):
        PostgresClient(address, user=values["user"], password="wrong", database="app")


def users(stand: Stand) -> str:
    password = stand.database._admin_password
    return f"postgresql+psycopg2://auditor_admin:{password}@/app?host={stand.folder / 'one' / 'run'}"


def test_a_users_database_is_copied_and_never_written(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    before = stand.database.dump()
    with UsersPostgres(users(stand), tmp_path, guest=guest_identity()) as copy:
        copy.start_empty()
        copy.mark()
        values = copy.place.values
        words = {"host": str(tmp_path / "pg"), "user": values["user"], "password": values["password"]}
        with psycopg.connect(**words, dbname=values["name"]) as connection:
            connection.execute("DELETE FROM people")
        assert copy.dump() == {"people": ()}
        assert copy.witness.seen().queries == 1
        for other in ("app", "postgres"):
            with pytest.raises(psycopg.OperationalError, match="only to its own database"):
                psycopg.connect(**words, dbname=other)
        copy.reset()
        assert copy.dump() == before == stand.database.dump()
    with stand.database._admin("postgres") as admin:
        assert sorted(str(name) for (name,) in admin.query("SELECT datname FROM pg_database")) == [
            "app", "app_template", "postgres", "template1",
        ]  # fmt: skip


def test_what_a_killed_run_left_on_a_users_server_goes(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    with stand.database._admin("postgres") as admin:
        for name in ("auditor_99999999_1_abc_copy", "auditor_of_somebody"):
            admin.query(f"CREATE DATABASE {name}")
        with UsersPostgres(users(stand), tmp_path, guest=guest_identity()) as copy:
            copy.start_empty()
        left = {str(name) for (name,) in admin.query("SELECT datname FROM pg_database")}
        admin.query("DROP DATABASE auditor_of_somebody")
    assert "auditor_99999999_1_abc_copy" not in left
    assert "auditor_of_somebody" in left


@pytest.mark.parametrize("host", ["db.example.com", "10.0.0.7", "localhost.example.com", "[2001:db8::1]"])
def test_a_users_database_elsewhere_is_refused(tmp_path: Path, host: str) -> None:
    url = f"postgresql://u:secret@{host}/app"
    with pytest.raises(Fault, match="not on this machine") as raised:
        UsersPostgres(url, tmp_path, guest=guest_identity())
    assert "secret" not in str(raised.value)
    UsersPostgres(url, tmp_path, guest=guest_identity(), allow_remote=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app",
        "mysql://u:p@localhost/app",
        "postgresql://localhost/app",
        "postgresql://u@localhost:x/app",
        "postgresql://u@localhost/",
    ],
)
def test_what_is_no_url_is_said(tmp_path: Path, url: str) -> None:
    with pytest.raises(Fault, match="is no URL of a PostgreSQL database"):
        UsersPostgres(url, tmp_path, guest=guest_identity())


def test_a_stored_template_makes_another_server(stand: Stand, state: Path) -> None:
    (state / "run" / "pg").mkdir(parents=True)
    other = Postgres(state / "two", state / "run", jail=stand.jail, guest=guest_identity())
    try:
        other.take(stand.folder / "template")
        assert other.dump() == stand.database.dump()

        def asked_while_it_dies() -> None:
            with other._admin("app") as admin:
                other._server.kill()  # type: ignore[union-attr]
                admin.query("SELECT 1")

        for ask in (asked_while_it_dies, other.check):
            with pytest.raises(Fault, match="has died, so what was measured is void"):
                ask()
    finally:
        other.close()


def until_it_is_told(database: Postgres) -> None:
    """The server writes of a process that ended a moment after whoever was connected has seen it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        database.check()


def test_a_process_of_the_server_that_was_killed_makes_void_what_was_measured_and_the_next_is_not(
    stand: Stand,
) -> None:
    other = stand.another("crashing")
    try:
        other.take(stand.folder / "template")
        with other._admin("app") as admin, suppress(PostgresError):
            admin.query(
                "DO $$ BEGIN RAISE EXCEPTION 'server process (PID 1) was terminated by signal 9'; END $$"
            )
        with other._admin("app") as admin, suppress(PostgresError):
            admin.query(
                "SELECT 'x\n2026-01-01 00:00:00 UTC [1] ERROR:  could not x: No space left on device' + 1"
            )
        other.check()
        with other._admin("app") as admin, suppress(PostgresError, OSError):
            admin.query("COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'")
        with pytest.raises(
            Fault, match=r"so what was measured is void: server process \(PID \d+\) was terminated"
        ):
            until_it_is_told(other)
        while True:  # it recovers
            try:
                PostgresClient(
                    other._address, user=ADMIN, password=other._admin_password, database="postgres"
                ).close()
                break
            except (OSError, PostgresError):
                other.check()
        other.reset()
        assert other.dump() == stand.database.dump()
        other.check()
    finally:
        other.close()


def test_a_full_disk_makes_void_what_was_measured(stand: Stand) -> None:
    other = stand.another("full")
    try:
        other.take(stand.folder / "template")
        with other._admin("app") as admin:
            admin.query("CREATE TABLE letters (text text)")
            ((path,),) = admin.query("SELECT pg_relation_filepath('letters')")
        file = stand.folder / "full" / "cluster" / str(path)
        file.unlink()
        file.symlink_to("/dev/full")
        with other._admin("app") as admin, pytest.raises(PostgresError, match="No space left"):
            admin.query("INSERT INTO letters VALUES ('a')")
        with pytest.raises(Fault, match=r"is void: could not .*No space left on device") as raised:
            other.check()
        assert "make room" in raised.value.hint
    finally:
        other.close()


def test_a_plan_is_made_without_values_and_follows_its_indexes(stand: Stand) -> None:
    other = stand.another("planned")
    try:
        other.take(stand.folder / "template")
        words = stand.words(
            host=str(stand.folder / "planned" / "run"), user=ADMIN, password=other._admin_password
        )
        with psycopg.connect(**words, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute("INSERT INTO people SELECT n, 'p' || n FROM generate_series(11, 20000) n")
            connection.execute("ANALYZE")
            sent = "SELECT id FROM people WHERE name = %(name)s AND id + 0 > %(least)s"
            (step,) = other.explain([sent, "DELETE FROM people", "SELECT nothing"])[sent]
            assert (step.table, step.how, step.rows) == ("people", "scan", 20000)
            before = other.indexes()
            connection.execute("CREATE INDEX people_name ON people (name)")
        (step,) = other.explain([sent])[sent]
        assert (step.table, step.how, step.index) == ("people", "search", "people_name")
        assert step.rows < 100
        more = other.indexes() - before
        assert len(more) == 1
        assert other.dump()["people"][:1] == ({"id": 1, "name": "p1"},)
        other.reset()
        for refused in ([*more, "CREATE INDEX no ON nowhere (x)"], ["DROP TABLE people"]):
            assert not other.add_indexes(refused)
            assert other.indexes() == before
        assert other.add_indexes(more)
        other.reset()
        assert other.indexes() == before | more
    finally:
        other.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", ("SELECT 1", 0)),
        ("SELECT %s, %s", ("SELECT $1, $2", 2)),
        ("SELECT %(a)s, %(b)s, %(a)s", ("SELECT $1, $2, $1", 2)),
        ("SELECT $1, $2, $1", ("SELECT $1, $2, $1", 2)),
        ("SELECT '50%%' LIKE %s", ("SELECT '50%' LIKE $1", 1)),
    ],
)
def test_placeholders_of_drivers_are_numbered(statement: str, expected: tuple[str, int]) -> None:
    assert numbered(statement) == expected
