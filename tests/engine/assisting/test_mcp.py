"""The tools of an assistant: what they say, also where nothing can be answered. What they lead to is shown on the sample."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from small_target import Silent, asking

from auditor.engine.assisting.assistant import Assistant
from auditor.engine.fixing.request import FixRequest
from auditor.mcp_server import TOOLS, server_of

Ask = Callable[..., Awaitable[dict[str, Any]]]


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
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Any:
    asked = asking(tmp_path_factory)
    made = Assistant(FixRequest(audit=asked.audit, user=asked.user), Silent())
    yield made
    made.close()


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
        "times in app.py, from lines ",
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
    told = {name: field for one in tools for name, field in one.input_schema["properties"].items()}
    assert "routes" in told["endpoint"]["description"]
    assert "next_page" in told["page"]["description"]
    assert [one.name for one in tools if not one.annotations.read_only_hint] == ["verify_patch"]
