"""Every driver of PostgreSQL: what the probe tells is what the server's own log says, statement by statement."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from auditor.execution.databases.postgres_binaries import find_postgres
from auditor.measure.records import ProbeRecord

from .guest import run_guest

NOBODY = 65534


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The folder of a running server: its socket and its log of every statement, each line begun by the application's name."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    as_whom = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if as_whom:
        os.chown(folder, NOBODY, NOBODY)
    tools = find_postgres().folder
    subprocess.run(
        [tools / "initdb", "-D", folder / "data", "-U", "app", "-A", "trust", "--no-sync", "-E", "UTF8"],
        check=True,
        capture_output=True,
        cwd="/",
        **as_whom,  # type: ignore[call-overload]
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [tools / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off",
             "-c", "log_statement=all", "-c", "log_line_prefix=%a|"],
            stdout=log, stderr=log, cwd="/", **as_whom,
        )  # fmt: skip
    deadline = time.monotonic() + 20
    while True:
        try:
            with psycopg.connect(
                host=str(folder), user="app", dbname="postgres", application_name="setup"
            ) as setup:
                setup.execute("create table t (n int)")
                setup.execute("insert into t select generate_series(1, 9)")
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
    yield folder
    process.send_signal(signal.SIGINT)
    process.wait(20)
    shutil.rmtree(folder)


def logged(folder: Path, name: str) -> list[str]:
    found = []
    for line in (folder / "log").read_text().splitlines():
        who, _, rest = line.partition("|")
        kind, _, text = rest.partition(": ")[2].partition(": ")
        if who == name and kind.strip().split(" ")[0] in {"statement", "execute"}:
            found.append(text)
    return found


def verb(text: str) -> str:
    return text.split(maxsplit=1)[0].strip(";").upper()


def told(record: ProbeRecord) -> list[str]:
    assert record.notes == ()
    effects = [effect for effect in record.effects if effect.kind in {"sql", "transaction"}]
    return [effect.op.upper() for effect in effects]


def same(server: Path, record: ProbeRecord, name: str) -> None:
    wanted = [verb(text) for text in logged(server, name)]
    assert len(wanted) > 3
    assert told(record) == wanted, logged(server, name)


def dsn(server: Path, name: str) -> str:
    return f"host={server} user=app dbname=postgres application_name={name}"


def test_psycopg2(server: Path, tmp_path: Path) -> None:
    script = f"""
    import psycopg2, psycopg2.extras, psycopg2.sql

    def view():
        connection = psycopg2.connect({dsn(server, "two")!r})
        assert isinstance(connection, psycopg2.extensions.connection)
        with connection, connection.cursor() as cursor:
            cursor.execute("select n from t where n < %s", (4,))
            cursor.fetchall()
            cursor.executemany("insert into t values (%s)", [(20,), (21,)])
            psycopg2.extras.execute_values(cursor, "insert into t values %s", [(22,), (23,)])
        with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(psycopg2.sql.SQL("select * from {{}} where n = 1").format(psycopg2.sql.Identifier("t")))
            assert cursor.fetchone() == {{"n": 1}}
        connection.rollback()
        connection.commit()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("delete from t where n > 9")
            try:
                cursor.execute("select nothing")
            except psycopg2.errors.UndefinedColumn:
                pass
        connection.close()

    request(view)
    """
    record = run_guest(tmp_path, script)["r1"]
    same(server, record, "two")
    assert [effect.rows for effect in record.of_kind("sql") if effect.op == "SELECT"] == [3, 1, None]
    assert [effect.shape for effect in record.of_kind("sql")][:2] == ["(int)", "(int)"]
    assert record.of_kind("sql")[-2].detail == {"affected": 4}
    assert record.of_kind("sql")[-1].detail == {"error": "UndefinedColumn"}


def test_psycopg_3_and_its_pool(server: Path, tmp_path: Path) -> None:
    script = f"""
    import asyncio, psycopg, psycopg_pool

    def view():
        with psycopg.connect({dsn(server, "three")!r}) as connection:
            assert connection.execute("select n from t where n < %s", (4,)).fetchall()
            with connection.transaction():
                connection.execute("select 1")
            with connection.cursor() as cursor:
                cursor.executemany("insert into t values (%s)", [(20,), (21,)])
        asyncio.run(later())

    async def later():
        connection = await psycopg.AsyncConnection.connect({dsn(server, "three")!r}, autocommit=True)
        async with connection:
            await connection.execute("delete from t where n > 9")
            async with connection.transaction():
                cursor = await connection.execute("select n from t limit 2")
                await cursor.fetchall()

    def pooled():
        with psycopg_pool.ConnectionPool({dsn(server, "pool")!r}, min_size=1) as pool:
            for _ in range(2):
                with pool.connection() as connection:
                    connection.execute("select 1")

    request(view)
    request(pooled, "r2")
    """
    records = run_guest(tmp_path, script)
    same(server, records["r1"], "three")
    assert [effect.op for effect in records["r1"].of_kind("session")] == ["connect", "connect"]
    assert [effect.rows for effect in records["r1"].of_kind("sql") if effect.op == "SELECT"] == [3, 1, 2]
    same(server, records["r2"], "pool")
    assert [effect.op for effect in records["r2"].of_kind("session")] == ["checkout", "checkout"]


def test_asyncpg(server: Path, tmp_path: Path) -> None:
    script = f"""
    import asyncio, asyncpg

    async def main():
        connection = await asyncpg.connect(
            host={str(server)!r}, user="app", database="postgres", server_settings={{"application_name": "async"}})
        assert len(await connection.fetch("select n from t where n < $1", 4)) == 3
        await connection.fetchval("select 1")
        await connection.execute("insert into t values ($1)", 20)
        await connection.execute("delete from t where n > 9")
        async with connection.transaction():
            statement = await connection.prepare("select n from t where n < $1")
            await statement.fetch(3)
            async for row in connection.cursor("select n from t limit 3"):
                pass
        await connection.close(timeout=5)

    async def pooled():
        async with asyncpg.create_pool(host={str(server)!r}, user="app", database="postgres", min_size=2) as pool:
            await pool.fetch("select 1")

    request(lambda: asyncio.run(main()))
    request(lambda: asyncio.run(pooled()), "r2")
    """
    records = run_guest(tmp_path, script)
    record = records["r1"]
    same(server, record, "async")
    assert [effect.op for effect in record.of_kind("session")] == ["connect"]
    assert [effect.op for effect in records["r2"].of_kind("session")] == ["checkout"]
    assert record.of_kind("sql")[0].rows == 3
    assert {effect.stack[-1].function for effect in record.of_kind("sql")} == {"main"}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_sqlalchemy_over(server: Path, tmp_path: Path, driver: str) -> None:
    name = f"orm-{driver}"
    arguments = (
        {"server_settings": {"application_name": name}} if driver == "asyncpg" else {"application_name": name}
    )
    begin = f"""
    import asyncio
    from sqlalchemy import create_engine, text
    from sqlalchemy.ext.asyncio import create_async_engine
    url, arguments = "postgresql+{driver}://app@/postgres?host={server}", {arguments!r}
    """
    sync = """
    engine = create_engine(url, connect_args=arguments)

    def view():
        with engine.begin() as connection:
            connection.execute(text("insert into t values (:n)"), [{"n": 20}, {"n": 21}])
            connection.execute(text("select n from t where n < :n"), {"n": 4}).all()
        with engine.connect() as connection:
            connection.execute(text("delete from t where n > 9"))
            connection.commit()
            connection.execute(text("select 1"))
    """
    concurrent = """
    async def main():
        engine = create_async_engine(url, connect_args=arguments)
        async with engine.begin() as connection:
            await connection.execute(text("insert into t values (:n)"), {"n": 20})
            (await connection.execute(text("select n from t where n < :n"), {"n": 4})).all()
        async with engine.connect() as connection:
            await connection.execute(text("delete from t where n > 9"))
            await connection.commit()
            await connection.execute(text("select 1"))
        await engine.dispose()

    def view():
        asyncio.run(main())
    """
    from textwrap import dedent

    script = dedent(begin) + dedent(concurrent if driver == "asyncpg" else sync) + "\nrequest(view)\n"
    record = run_guest(tmp_path, script)["r1"]
    same(server, record, name)
    assert [effect.op for effect in record.of_kind("session")].count("checkout") == 2
