"""FastAPI under ASGI servers: tasks, threads of a pool, streams, work after the answer."""

import pytest

from auditor.measure.records import ProbeRecord

from .conftest import Boot

APP = """
import asyncio, sqlite3, time
import aiosqlite
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware

class Polite(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        answer = await call_next(request)
        answer.headers["x-polite"] = "yes"
        return answer

app = FastAPI()
app.add_middleware(Polite)
with sqlite3.connect("a.db") as setup:
    setup.execute("create table if not exists t (n integer)")
    setup.executemany("insert into t values (?)", [(n,) for n in range(8)])

@app.get("/ready")
async def ready():
    return "ok"

def rows(count):
    connection = sqlite3.connect("a.db")
    found = [connection.execute("select n from t where n < ?", (count,)).fetchall() for _ in range(count)]
    connection.close()
    return found

async def slowly(count):
    async with aiosqlite.connect("a.db") as connection:
        for _ in range(count):
            await asyncio.sleep(0.001)
            async with connection.execute("select n from t where n = ?", (count,)) as cursor:
                await cursor.fetchall()

@app.get("/sync/{count}")
def sync(count: int, request: Request):
    assert "x-auditor-request" not in request.headers
    return len(rows(count))

@app.get("/async/{count}")
async def asynchronous(count: int):
    await slowly(count)
    return count

@app.get("/gather/{count}")
async def gather(count: int):
    await asyncio.gather(*(slowly(1) for _ in range(count)))
    return await asyncio.get_running_loop().run_in_executor(None, lambda: len(rows(count)))

@app.get("/stream/{count}")
async def stream(count: int):
    async def parts():
        for n in range(count):
            await slowly(1)
            yield "part"
    return StreamingResponse(parts())

@app.get("/after/{count}")
async def after(count: int, tasks: BackgroundTasks):
    tasks.add_task(rows, count)
    return "soon"

@app.get("/broken")
async def broken():
    raise LookupError("no such thing")

@app.get("/refused")
async def refused():
    raise HTTPException(418)
"""

SERVERS = {
    "uvicorn": ["uvicorn", "--uds", "{door}", "app:app"],
    "uvicorn-asyncio": ["uvicorn", "--uds", "{door}", "--loop", "asyncio", "app:app"],
    "hypercorn": ["hypercorn", "--bind", "unix:{door}", "app:app"],
    "daphne": ["daphne", "-u", "{door}", "app:app"],
    "gunicorn-asgi": ["gunicorn", "--bind", "unix:{door}", "--worker-class", "asgi", "app:app"],
}


def selects(record: ProbeRecord) -> int:
    return len([effect for effect in record.of_kind("sql") if effect.op == "SELECT"])


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_requests_at_once_do_not_mix(boot: Boot, command: list[str]) -> None:
    server = boot({"app.py": APP}, command)
    kinds = ("sync", "async", "gather", "stream", "after")
    answers = server.at_once({f"{kind}-{count}": f"/{kind}/{count}" for kind in kinds for count in (1, 2, 5)})
    for request, answer in answers.items():
        kind, _, count = request.partition("-")
        record = server.record(request)
        assert (record.status, answer.status) == (200, 200), request
        assert selects(record) == int(count) * (2 if kind == "gather" else 1), request
        assert record.notes == ()
        assert record.bytes_out == len(answer.body)
        assert ("x-polite", "yes") in [(name.lower(), value) for name, value in answer.headers]
        handler = {"async": "asynchronous", "after": "rows", "stream": "stream.<locals>.parts"}.get(
            kind, kind
        )
        for effect in record.of_kind("sql"):
            assert effect.stack, (request, effect)
            assert effect.late == (kind == "after")
            functions = [frame.function.rpartition(".")[2] for frame in effect.stack]
            assert handler.rpartition(".")[2] in functions, (request, functions)


def test_exceptions_and_refusals(boot: Boot) -> None:
    server = boot({"app.py": APP}, SERVERS["uvicorn"])
    assert server.get("/broken", "r1").status == 500
    (error,) = server.record("r1").errors
    assert (error.type, error.stack[-1].function) == ("LookupError", "broken")
    assert server.get("/refused", "r2").status == 418
    assert server.record("r2").errors == ()
    assert server.record("r2").status == 418


def test_answers_are_the_same_without_the_probe(boot: Boot) -> None:
    command = SERVERS["uvicorn"]
    with_probe, without = boot({"app.py": APP}, command), boot({"app.py": APP}, command, probe=False)
    for path in ("/sync/2", "/async/2", "/gather/2", "/stream/2", "/after/2", "/broken", "/nothing"):
        one, other = with_probe.get(path, "r"), without.get(path)
        assert (one.status, one.body) == (other.status, other.body)
        assert [pair for pair in one.headers if pair[0] != "date"] == [
            pair for pair in other.headers if pair[0] != "date"
        ]
