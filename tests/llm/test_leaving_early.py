"""A reply that nobody reads to its end: every generator on the way is closed by the one that reads it."""

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.llm.loopback.answers import say
from auditor.llm.loopback.server import LoopbackService
from auditor.llm.loopback.trying import GOOD, QUESTION, WAYS


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
