"""A reply that nobody reads to its end: every generator on the way is closed by the one that reads it."""

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.llm.client import Client
from auditor.llm.loopback.answers import hang, say
from auditor.llm.loopback.server import LoopbackService
from auditor.llm.loopback.trying import GOOD, QUESTION, WAYS
from auditor.llm.price import free
from auditor.llm.spending import Spending


@pytest.mark.parametrize("way", WAYS)
def test_whoever_leaves_a_reply_leaves_no_generator_open(way: str) -> None:
    dropped: list[str] = []

    async def leave_early(url: str) -> None:
        hooks = sys.get_asyncgen_hooks()

        def note(generator: AsyncGenerator[Any, Any]) -> None:
            if (
                Path(auditor.__file__).parent in Path(generator.ag_code.co_filename).parents
            ):  # the SDKs are not ours to mend
                dropped.append(generator.__qualname__)
            assert hooks.finalizer is not None
            hooks.finalizer(generator)

        sys.set_asyncgen_hooks(finalizer=note)
        events = WAYS[way](url).stream(QUESTION)
        await anext(events)
        await events.aclose()
        del events
        gc.collect()

    with LoopbackService([say(GOOD)]) as service:
        asyncio.run(leave_early(service.url))
    assert dropped == []


def test_a_question_that_was_interrupted_counts_with_what_was_sent_and_had_come() -> None:
    """The service has read it, and bills it; the most that the answer could have been is set free again."""
    arrived = threading.Event()
    spending = Spending(free)

    async def ask_and_leave(url: str) -> None:
        client = Client(WAYS[next(iter(WAYS))](url), spending=spending)
        asking = asyncio.ensure_future(client.ask(QUESTION))
        await asyncio.to_thread(arrived.wait)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with LoopbackService([hang(arrived, after=3)]) as service:
        asyncio.run(ask_and_leave(service.url))
    assert spending.reserved.calls == 0
    assert spending.spent.calls == 1
    assert spending.spent.usage.input_tokens > 0
    assert spending.spent.usage.output_tokens < QUESTION.max_tokens
    assert spending.spent.usage.estimated
