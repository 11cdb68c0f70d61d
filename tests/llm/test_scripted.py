"""The scripted provider says its lines in order, and then nothing."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from auditor.llm.exchange import (
    Event,
    Finished,
    Instruction,
    PlainText,
    Provider,
    Reply,
    Request,
    TextArrived,
    Turn,
)
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.providers.scripted import Scripted
from auditor.llm.usage import Usage


class Answer(BaseModel):
    value: int


def _ask(text: str = "how many?") -> Request[PlainText]:
    return Request(
        task="count",
        system="You count.",
        turns=(Turn("user", (Instruction(text=text),)),),
        output=PlainText,
    )


def _events(provider: Provider, request: Request[Any]) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in provider.stream(request)]

    return asyncio.run(collect())


def _last(events: list[Event]) -> Reply:
    assert isinstance(events[-1], Finished)
    return events[-1].reply


def test_lines_are_said_in_order_and_in_pieces() -> None:
    provider = Scripted(["x" * 100, Answer(value=3)])
    events = _events(provider, _ask())
    assert [event.text for event in events if isinstance(event, TextArrived)] == ["x" * 64, "x" * 36]
    assert _last(events).text == "x" * 100
    assert _last(_events(provider, _ask())).text == '{"value":3}'


def test_a_line_can_be_made_of_the_request() -> None:
    provider = Scripted([lambda request: request.turns[0].blocks[0].text.upper()])
    assert _last(_events(provider, _ask("so?"))).text == "SO?"
    assert [request.task for request in provider.requests] == ["count"]


def test_a_reply_keeps_its_stop_reason_and_usage() -> None:
    usage = Usage(input_tokens=10, output_tokens=5, reasoning_tokens=2)
    provider = Scripted([Reply(text="{", stop="length", usage=usage)])
    assert _last(_events(provider, _ask())) == Reply(text="{", stop="length", usage=usage)


def test_a_failure_is_raised_and_an_ended_script_says_so() -> None:
    provider = Scripted([ServiceFailure(FailureKind.OVERLOADED, "busy")])
    with pytest.raises(ServiceFailure, match="busy"):
        _events(provider, _ask())
    with pytest.raises(ServiceFailure, match=r"no line 2 \(task 'count'\)"):
        _events(provider, _ask())


def test_what_follows_leaves_the_beginning_as_it_was() -> None:
    first = _ask()
    second = first.followed_by("three", Instruction(text="sure?"))
    assert second.turns[: len(first.turns)] == first.turns
    assert [turn.role for turn in second.turns] == ["user", "assistant", "user"]


def test_usages_add_up() -> None:
    both = Usage(input_tokens=5, cache_read_tokens=4) + Usage(input_tokens=1, output_tokens=2, estimated=True)
    assert both == Usage(input_tokens=6, cache_read_tokens=4, output_tokens=2, estimated=True)
    assert both.total_tokens == 8
