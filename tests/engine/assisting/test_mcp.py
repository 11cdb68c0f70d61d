"""An assistant that has nothing but the tools: it finds what is slow, is stopped when it breaks something, and makes it fast."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from auditor.engine.assisting.assistant import Assistant
from auditor.engine.fixing.request import FixRequest
from auditor.engine.measuring.record import RecordRequest
from auditor.engine.request import Notes
from auditor.mcp_server import TOOLS, server_of

Ask = Callable[..., Awaitable[dict[str, Any]]]
LOOP = """            teams = connection.execute("SELECT name FROM teams WHERE person = ?", [row["id"]]).fetchall()
            found.append({"id": row["id"], "name": row["name"], "teams": [team["name"] for team in teams]})
"""
BATCH = """            found.append({"id": row["id"], "name": row["name"], "teams": teams.get(row["id"], [])})
"""
BEFORE = "        found = []\n        for row in rows:\n"
GATHERED = """        teams = {}
        for team in connection.execute("SELECT person, name FROM teams"):
            teams.setdefault(team["person"], []).append(team["name"])
"""


def with_client(assistant: Assistant, steps: Callable[[Ask], Awaitable[None]]) -> None:
    """Runs `steps` with a client that speaks the protocol to the server, in memory."""
    from mcp import Client

    async def run() -> None:
        async with Client(server_of(assistant)) as client:

            async def ask(tool: str, /, **arguments: object) -> dict[str, Any]:
                answered = await client.call_tool(tool, dict(arguments))
                assert not answered.is_error, answered
                found = answered.structured_content
                if found is None:
                    found = json.loads(answered.content[0].text)  # type: ignore[union-attr]
                return found.get("result", found) if isinstance(found, dict) else found

            await steps(ask)

    asyncio.run(run())


@pytest.fixture
def assistant(known: tuple[RecordRequest, object], notes_of_module: Notes) -> Any:
    asked, _ = known
    made = Assistant(FixRequest(audit=asked.audit, user=asked.user), notes_of_module)
    yield made
    made.close()


async def decided(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    while answer.get("verdict") == "running":
        answer = await ask("verdict", trial=answer["trial"])
    return answer


def test_from_a_slow_endpoint_to_a_kept_change(assistant: Assistant) -> None:
    async def steps(ask: Ask) -> None:
        (slow,) = [one for one in (await ask("routes"))["endpoints"] if one["endpoint"] == "GET /people"]
        assert "·" in slow["cost"]["sql"] or "+" in slow["cost"]["sql"]
        (found,) = (await ask("findings", endpoint="GET /people", rule="query-in-loop"))["findings"]
        assert (await ask("finding", id=found["id"]))["function"] == "app.people"
        shown = await ask("source", symbol="people")
        assert LOOP in shown["text"]
        measured = await ask("measure", endpoint="GET /people")
        assert measured["statements"][0]["per_request"] > 1

        edit = {"file": shown["file"], "search": LOOP, "replace": BATCH}
        before = {"file": shown["file"], "search": BEFORE, "replace": GATHERED + BEFORE}
        nameless = {**edit, "replace": LOOP.replace('"name": row["name"], ', "")}
        broken = await decided(
            ask,
            await ask("verify_patch", title="fewer fields", edits=[nameless], endpoint="GET /people"),
        )
        assert (broken["verdict"], broken["gate"]) == ("reverted", "contract"), broken
        assert any("name" in line for line in (*broken["evidence"], broken["text"]))
        assert LOOP in (await ask("source", symbol="people"))["text"]

        kept = await decided(
            ask, await ask("verify_patch", title="one query", edits=[before, edit], endpoint="GET /people")
        )
        assert kept["verdict"] == "kept", kept
        assert any("sql" in line for line in kept["gain"])
        assert BATCH in (await ask("source", symbol="people"))["text"]
        assert (await ask("findings", endpoint="GET /people", rule="query-in-loop"))["findings"] == []
        assert (await ask("measure", endpoint="GET /people"))["statements"][0]["per_request"] <= 1
        summed = await ask("progress")
        assert [one["title"] for one in summed["kept"]] == ["one query"]
        assert [one["gate"] for one in summed["not_kept"]] == ["contract"]

    with_client(assistant, steps)


BAD = {
    "an unknown endpoint": ("trace", {"endpoint": "GET /none"}, "no endpoint"),
    "an unknown finding": ("finding", {"id": "F-none"}, "no finding"),
    "an unknown symbol": ("source", {"symbol": "peeple"}, "near: "),
    "a file outside": ("source", {"file": "../../etc/passwd"}, "no text file"),
    "an unknown trial": ("verdict", {"trial": "T-9"}, "no trial"),
    "no edit": ("verify_patch", {"title": "x", "edits": []}, "no edit"),
    "a search that stands nowhere": (
        "verify_patch",
        {"title": "x", "edits": [{"file": "app.py", "search": "nowhere", "replace": ""}]},
        "does not stand",
    ),
    "a search that is not unique": (
        "verify_patch",
        {"title": "x", "edits": [{"file": "app.py", "search": "connection", "replace": ""}]},
        "times",
    ),
    "a path that leads out": (
        "verify_patch",
        {"title": "x", "edits": [{"file": "../out.py", "create": "x = 1"}]},
        "leads through",
    ),
    "git's own folder": (
        "verify_patch",
        {"title": "x", "edits": [{"file": ".git/hooks/pre-commit", "create": "x"}]},
        "git's own",
    ),
    "a file that exists": (
        "verify_patch",
        {"title": "x", "edits": [{"file": "app.py", "create": "x = 1"}]},
        "exists",
    ),
}


def test_what_can_not_be_answered_is_said_and_nothing_is_tried(assistant: Assistant) -> None:
    async def steps(ask: Ask) -> None:
        for name, (tool, arguments, said) in BAD.items():
            answer = await ask(tool, **arguments)
            assert said in f"{answer.get('problem')} {answer.get('hint')}", (name, answer)
        assert await ask("progress") == {**await ask("progress"), "kept": [], "not_kept": []}

    with_client(assistant, steps)


def test_every_tool_says_what_it_is_for_and_only_one_writes(assistant: Assistant) -> None:
    async def list_tools() -> list[Any]:
        from mcp import Client

        async with Client(server_of(assistant)) as client:
            return list((await client.list_tools()).tools)

    tools = asyncio.run(list_tools())
    assert sorted(one.name for one in tools) == sorted(TOOLS)
    assert all(one.description for one in tools)
    assert [one.name for one in tools if not one.annotations.read_only_hint] == ["verify_patch"]
