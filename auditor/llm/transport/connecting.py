"""An SDK's client, as every provider opens it."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from auditor.llm.transport.guard import guarded_client, timeouts

ClientT = TypeVar("ClientT")


async def connected(
    sdk: Callable[..., ClientT], stack: AsyncExitStack, /, *, key: str, base_url: str
) -> ClientT:
    """The client that `sdk` makes, on a guarded connection that `stack` closes; it repeats nothing by itself."""
    http = await stack.enter_async_context(guarded_client())
    return sdk(api_key=key, base_url=base_url, max_retries=0, timeout=timeouts(), http_client=http)
