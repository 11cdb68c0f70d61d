"""Servers of the Model Context Protocol (FastMCP, the official SDK's too): tools, resources and prompts.

An assistant waits for what they answer, so each is an endpoint that a message calls: `CONSUMER dotted.name`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.entry import EntryPoint
from auditor.frameworks.wiring import wire
from auditor.index.symbols import Function

if TYPE_CHECKING:
    from auditor.index.project import Project

_SERVERS: Final = (
    "fastmcp.FastMCP",
    "fastmcp.server.FastMCP",
    "fastmcp.server.server.FastMCP",
    "mcp.server.fastmcp.FastMCP",
    "mcp.server.fastmcp.server.FastMCP",
)
_KINDS: Final = frozenset({"tool", "resource", "prompt"})


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """What is registered by a decorator of a server."""
    for server in wire(project).made_from(*_SERVERS):
        for call in server.calls:
            for target in (*call.args, *call.targets) if call.method in _KINDS else ():
                if isinstance(target, Function):
                    yield EntryPoint(
                        "consumer", "CONSUMER", target.qualname, "mcp_tools", target, None,
                        target.qualname, target.module.path, target.line,
                    )  # fmt: skip
