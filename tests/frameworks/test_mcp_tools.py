"""Tools of MCP servers."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import mcp_tools
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a tool of an agent": """
        from pydantic_ai import Agent

        agent = Agent("x")

        @agent.tool
        def no(): ...
        """,
    "a decorator of the project's own": """
        class FastMCP:
            def tool(self, f):
                return f

        mcp = FastMCP()

        @mcp.tool
        def no(): ...
        """,
    "another method of a server": """
        from fastmcp import FastMCP

        mcp = FastMCP("x")

        @mcp.custom
        def no(): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(mcp_tools, source) == []


def test_tools_resources_and_prompts(entries: Entries) -> None:
    source = """
        from fastmcp import FastMCP
        from mcp.server.fastmcp import FastMCP as Official

        mcp = FastMCP("x")
        other = Official("y")

        @mcp.tool()
        async def first(): ...

        @mcp.tool
        def second(): ...

        @other.resource("books://{key}")
        def third(key): ...

        @other.prompt()
        def fourth(): ...
        """
    found = entries(mcp_tools, source)
    assert [e.id for e in found] == [f"CONSUMER {e.handler.qualname}" for e in found]
    assert {e.handler.name for e in found} == {"first", "second", "third", "fourth"}
