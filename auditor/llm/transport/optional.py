"""Parts of a request that not every model or server takes: without them it can still be answered."""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Final

from auditor.llm.exchange import Event, Noted
from auditor.llm.failure import FailureKind, ServiceFailure

OptionalParts = Mapping[str, re.Pattern[str]]
"""Name of the part, and the words by which a refusal means it. The first that fits is left out."""

TOLD: Final[Mapping[str, str]] = {
    "cache": "nothing said about its cache",
    "effort": "no degree of effort",
    "format": "no schema as a parameter; the schema is told in words",
    "limit": "`max_tokens` in place of `max_completion_tokens`",
    "thinking": "no setting for thinking",
    "usage": "no count of tokens; they are estimated",
}
"""What is done instead, for a person."""


def unwanted_part(failure: ServiceFailure, parts: OptionalParts, without: frozenset[str], /) -> str | None:
    """The part of the request that the service refuses, if the request can do without it."""
    if failure.kind is not FailureKind.REFUSED_REQUEST:
        return None
    named = (name for name, words in parts.items() if name not in without and words.search(failure.what))
    return next(named, None)


async def adapted(
    attempt: Callable[[], AsyncGenerator[Event, None]], another_way: Callable[[ServiceFailure], str | None], /
) -> AsyncGenerator[Event, None]:
    """The events of `attempt`, which is made again whenever it is refused at once and `another_way` finds one.

    `another_way` gives a sentence about what will be different, or None when nothing can be. Whoever leaves the
    iteration closes it, and each generator the one that it reads: one that is only dropped is closed at some later time,
    perhaps while it is being read.
    """
    while True:
        begun = False
        try:
            async with aclosing(attempt()) as events:
                async for event in events:
                    begun = True
                    yield event
        except ServiceFailure as failure:
            note = None if begun else another_way(failure)
            if note is None:
                raise
        else:
            return
        yield Noted(note)
