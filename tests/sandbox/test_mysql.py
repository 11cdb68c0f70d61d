"""Drivers of MySQL: what the probe tells is what the server was sent, each statement once, and its rows."""

import json
from pathlib import Path
from textwrap import dedent

from .guest import run_guest
from .test_libraries import told

SERVER = """
import asyncio, threading
from mysql_mimic import MysqlServer, Session
from mysql_mimic.errors import MysqlError
from mysql_mimic.types import ServerStatus

sent = []

class Seen(Session):
    async def handle_query(self, sql, attrs):
        sent.append(sql)
        if "AUTOCOMMIT" in sql.upper():  # the server says how it stands with each answer; this one's does not by itself
            self.connection.status_flags = ServerStatus(2 if sql.rstrip()[-1] == "1" else 0)
        if sql.startswith("select n"):
            return [(1,), (2,), (3,)], ["n"]
        if sql.startswith(("insert", "update", "delete")):
            return [], []
        if sql.startswith("select missing"):
            raise MysqlError("no such column")
        return await super().handle_query(sql, attrs)

def serve():
    async def main():
        server = MysqlServer(session_factory=Seen)
        await server.start_server(host="127.0.0.1", port=0)
        ports.append(server._server.sockets[0].getsockname()[1])
        up.set()
        await asyncio.Event().wait()
    asyncio.run(main())

ports, up = [], threading.Event()
threading.Thread(target=serve, daemon=True).start()
up.wait(10)
where = {"host": "127.0.0.1", "port": ports[0], "user": "app"}

def witnessed():
    own = ("SET NAMES", "SET AUTOCOMMIT", "SET autocommit")
    return [sql for sql in sent if not sql.startswith(own)]
"""


def test_pymysql(tmp_path: Path) -> None:
    script = """
    import json, pymysql, pymysql.cursors

    def view():
        connection = pymysql.connect(**where)
        with connection.cursor() as cursor:
            cursor.execute("select n from t where n < %s", (4,))
            cursor.executemany("insert into t values (%s, %s)", [(1, "secret"), (2, "secret")])
            cursor.executemany("update t set n = %s", [(1,), (2,)])
            try:
                cursor.execute("select missing")
            except pymysql.MySQLError:
                pass
        connection.commit()
        with connection.cursor(pymysql.cursors.SSCursor) as cursor:
            cursor.execute("select n from t")
            cursor.fetchone(), cursor.fetchmany(5)
        connection.query("select n from u")
        connection.rollback()
        connection.autocommit(True)
        with connection.cursor() as cursor:
            cursor.execute("delete from t")
        connection.begin()
        connection.close()

    request(view)
    with open("sent", "w") as out:
        json.dump(witnessed(), out)
    """
    (record,) = run_guest(tmp_path, SERVER + dedent(script)).values()
    assert told(record) == [
        ("session", "connect", "mysql"),
        ("transaction", "begin", None),
        ("sql", "SELECT", "select n from t where n < %s"),
        ("sql", "INSERT", "insert into t values (%s, %s)"),
        ("sql", "UPDATE", "update t set n = %s"),
        ("sql", "UPDATE", "update t set n = %s"),
        ("sql", "SELECT", "select missing"),
        ("transaction", "commit", None),
        ("transaction", "begin", None),
        ("sql", "SELECT", "select n from t"),
        ("sql", "SELECT", "select n from u"),
        ("transaction", "rollback", None),
        ("sql", "DELETE", "delete from t"),
        ("transaction", "begin", None),
    ]
    statements = record.of_kind("sql")
    assert [effect.rows for effect in statements if effect.op == "SELECT"] == [3, None, 3, None]
    assert [effect.shape for effect in statements[:3]] == ["(int)", "(int,str:6)", "(int)"]
    assert "error" in statements[4].detail
    assert {effect.stack[-1].function for effect in record.effects} == {"view"}
    sent = json.loads((tmp_path / "tree/sent").read_text())
    probe = [op.lower() for kind, op, _ in told(record) if kind in {"sql", "transaction"}]
    for _ in range(2):  # what begins where the connection does not commit by itself: no word of it is sent
        probe.remove("begin")
    assert probe == [text.split()[0].lower() for text in sent]


def test_aiomysql_and_its_pool(tmp_path: Path) -> None:
    script = """
    import aiomysql

    async def main():
        connection = await aiomysql.connect(autocommit=True, **where)
        async with connection.cursor() as cursor:
            await cursor.execute("select n from t where n < %s", (4,))
            await cursor.executemany("insert into t values (%s)", [(1,), (2,)])
        async with connection.cursor(aiomysql.SSCursor) as cursor:
            await cursor.execute("select n from u")
            await cursor.fetchone(), await cursor.fetchall()
        connection.close()

    async def pooled():
        pool = await aiomysql.create_pool(minsize=0, maxsize=2, autocommit=True, **where)

        async def use(number):
            async with pool.acquire() as connection, connection.cursor() as cursor:
                await cursor.execute("select n from t")

        await asyncio.gather(*map(use, range(4)))
        pool.close()
        await pool.wait_closed()

    request(lambda: asyncio.run(main()))
    request(lambda: asyncio.run(pooled()), "r2")
    """
    records = run_guest(tmp_path, SERVER + dedent(script))
    assert told(records["r1"]) == [
        ("session", "connect", "mysql"),
        ("sql", "SELECT", "select n from t where n < %s"),
        ("sql", "INSERT", "insert into t values (%s)"),
        ("sql", "SELECT", "select n from u"),
    ]
    assert [effect.rows for effect in records["r1"].of_kind("sql")] == [3, None, 3]
    assert {effect.stack[-1].function for effect in records["r1"].effects} == {"main"}
    pooled = records["r2"]
    assert [effect.op for effect in pooled.of_kind("session")] == ["checkout"] * 4
    assert [effect.stack[-1].function for effect in pooled.of_kind("sql")] == ["pooled.<locals>.use"] * 4
