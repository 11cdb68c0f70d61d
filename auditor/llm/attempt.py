"""One try of one call, within its time; and what it may have cost when it breaks off."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from auditor.llm.clock import Clock
from auditor.llm.estimate import at_most_input, at_most_tokens
from auditor.llm.exchange import (
    Began,
    Event,
    Finished,
    Provider,
    Reply,
    Request,
    TextArrived,
    Thinking,
)
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.reading import LONGEST_ANSWER
from auditor.llm.usage import Usage
from auditor.llm.watching import Watch

_NEVER_BILLED = frozenset(FailureKind) - {
    FailureKind.CUT_OFF,
    FailureKind.MIXED_UP,
    FailureKind.TOO_SLOW,
    FailureKind.TOO_LARGE,
}
"""Before a reply has begun: the service said no, or was not reached."""


@dataclass(slots=True)
class Attempt:
    """How far a try has come."""

    began: bool = False
    said: Usage | None = None
    text: list[str] = field(default_factory=list)
    characters: int = 0
    thought: int = 0
    last_event_s: float = 0.0
    reply: Reply | None = None

    def note(self, event: Event, now: float, /) -> None:
        """Remembers what the bill may need; `ServiceFailure` for an answer without end."""
        self.last_event_s = now
        if isinstance(event, Began):
            self.began, self.said = True, event.usage
        elif isinstance(event, TextArrived):
            self.text.append(event.text)
            self.characters += len(event.text)
        elif isinstance(event, Thinking):
            self.thought += event.characters
        elif isinstance(event, Finished):
            self.reply = event.reply
        if self.characters > LONGEST_ANSWER:
            what = f"the answer grew over {LONGEST_ANSWER:,} characters"
            raise ServiceFailure(FailureKind.TOO_LARGE, what)

    def lost(self, request: Request[Any], failure: ServiceFailure, /) -> Usage | None:
        """What a try that broke off took at most; None when nothing of it is billed."""
        if not self.began and failure.kind in _NEVER_BILLED:
            return None
        return self.so_far(request)

    def so_far(self, request: Request[Any], /) -> Usage:
        """What a try took at most until now; from its sending on, the question counts."""
        read = self.said.input_tokens if self.said is not None else at_most_input(request)
        written = at_most_tokens("".join(self.text)) + self.thought
        return Usage(input_tokens=read, output_tokens=written, estimated=True)


async def make(
    attempt: Attempt,
    provider: Provider,
    request: Request[Any],
    /,
    *,
    clock: Clock,
    until_s: float,
    silence_s: float,
    watch: Watch,
) -> Reply:
    """The reply; `ServiceFailure` when there is none until `until_s` of the clock."""
    attempt.last_event_s = clock.now()

    async def read() -> None:
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                attempt.note(event, clock.now())
                watch(event)

    reader = asyncio.ensure_future(read())
    try:
        while not reader.done():
            left_s = min(until_s, attempt.last_event_s + silence_s) - clock.now()
            if left_s <= 0:
                raise _too_slow(clock.now() >= until_s, attempt, silence_s)
            alarm = asyncio.ensure_future(clock.alarm(left_s))
            try:
                await asyncio.wait({reader, alarm}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                alarm.cancel()
        await reader
    finally:
        if not reader.done():
            reader.cancel()
            await asyncio.wait({reader})
    assert attempt.reply is not None, "a provider's last event is Finished"
    return attempt.reply


def _too_slow(over: bool, attempt: Attempt, silence_s: float) -> ServiceFailure:  # noqa: FBT001  one caller
    if not over:
        return ServiceFailure(FailureKind.CUT_OFF, f"nothing came for {silence_s:.0f} s")
    state = f"{attempt.characters:,} characters had come" if attempt.began else "no reply had begun"
    return ServiceFailure(FailureKind.TOO_SLOW, f"the time for this question is over; {state}")
