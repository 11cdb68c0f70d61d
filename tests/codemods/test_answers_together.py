"""What `await_together` leaves gives the same answers and raises the same errors: the calls are made on a transport of our own."""

import asyncio
from typing import Any

import pytest

from auditor.codemods import await_together

from .conftest import applied, proposed

_SHOP = """
import httpx
from fastapi import FastAPI

app = FastAPI()
made = []
failing = {}

async def answered(request):
    made.append(request.url.path)
    if request.url.path in failing:
        turns, error = failing[request.url.path]
        for _ in range(turns):  # the loop goes round once
            await __import__("asyncio").sleep(0)
        raise error
    return httpx.Response(200, json=request.url.path)

client = httpx.AsyncClient(base_url="https://shop.example", transport=httpx.MockTransport(answered))

@app.get("/card/{user_id}")
async def card(user_id: int):
    user = await client.get(f"/users/{user_id}")
    orders = await client.get("/orders")
    points = await client.get("/points", params={"user": user_id})
    return {"user": user.json(), "orders": orders.json(), "points": points.json()}
"""
_USER, _ORDERS = KeyError("no user"), OSError("no orders")


@pytest.fixture(scope="module")
def written() -> str:
    files = {"app.py": _SHOP}
    _, results = proposed(files, await_together)
    after = applied(files, results)["app.py"]
    assert "asyncio.gather" in after
    return after


def asked(text: str, failing: dict[str, tuple[int, Exception]]) -> tuple[object, list[str], int]:
    """The answer or the error, the calls that were made, and the tasks that were left behind."""

    async def run() -> tuple[object, int]:
        names: dict[str, Any] = {}
        exec(compile(text, "app.py", "exec"), names)
        names["failing"].update(failing)
        found.append(names["made"])
        answer: object
        try:
            answer = await names["card"](7)
        except Exception as error:  # noqa: BLE001  whatever it is, it is compared
            answer = error
        await names["client"].aclose()
        return answer, len(asyncio.all_tasks()) - 1

    found: list[list[str]] = []
    answer, left = asyncio.run(run())
    return answer, found[0], left


def test_the_answer_is_the_same(written: str) -> None:
    before, after = asked(_SHOP, {}), asked(written, {})
    assert before[0] == after[0] == {"user": "/users/7", "orders": "/orders", "points": "/points"}
    assert sorted(before[1]) == sorted(after[1])


@pytest.mark.parametrize(
    "failing",
    [
        {"/users/7": (0, _USER)},
        {"/orders": (0, _ORDERS)},
        {"/users/7": (9, _USER), "/orders": (0, _ORDERS)},
        {"/users/7": (0, _USER), "/orders": (9, _ORDERS)},
        {"/orders": (9, _ORDERS), "/points": (0, ValueError("no points"))},
    ],
)
def test_the_error_is_the_one_of_the_first_call_that_fails(
    written: str, failing: dict[str, tuple[int, Exception]]
) -> None:
    before, after = asked(_SHOP, failing), asked(written, failing)
    assert isinstance(before[0], Exception)
    assert before[0] is after[0]
    assert after[2] == 0
