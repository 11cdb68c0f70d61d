"""The events of an SDK's stream as plain values."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Protocol

import httpx2

from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.transport.guard import end_reply
from auditor.llm.wire.tree import Tree


class SdkStream(Protocol):
    """What both SDKs give for a streamed reply."""

    @property
    def response(self) -> httpx2.Response:
        """What it is read from."""
        ...

    async def __anext__(self) -> Any:
        """The next event."""
        ...


async def as_trees(events: SdkStream, /) -> AsyncGenerator[Tree, None]:
    """Each event; `ServiceFailure` for one that is no object. Leaving the iteration ends the reply.

    The SDKs build their events without validation, so that any field may hold anything: plain values are safer
    to look into than attributes.
    """
    try:
        while True:
            try:
                event = await anext(events)
            except StopAsyncIteration:
                return
            tree = event.to_dict(mode="json", warnings=False) if hasattr(event, "to_dict") else event
            if not isinstance(tree, dict):
                raise ServiceFailure(FailureKind.NOT_THE_SERVICE, "an event of the reply is no JSON object")
            yield tree
    finally:
        end_reply(events.response)
        with suppress(Exception):  # what stands behind the end, or behind the fault, is of no interest
            while True:
                await anext(events)
