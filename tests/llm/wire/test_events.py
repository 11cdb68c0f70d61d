"""What the events of the services mean, also where one says less than it should."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.llm.exchange import Event, Finished, Instruction, PlainText, Reply, Request, Turn
from auditor.llm.failure import ServiceFailure
from auditor.llm.loopback.speech import Said, events
from auditor.llm.wire import anthropic_messages, openai_chat, openai_responses

REQUEST = Request(task="t", system="", turns=(Turn("user", (Instruction(text="x"),)),), output=PlainText)
WIRES = {"messages": anthropic_messages, "responses": openai_responses, "chat": openai_chat}


def read(wire: ModuleType, trees: Sequence[Any]) -> list[Event]:
    async def given_one_by_one() -> AsyncIterator[Any]:
        for tree in trees:
            yield tree

    async def collect() -> list[Event]:
        return [event async for event in wire.read_events(given_one_by_one(), REQUEST)]

    return asyncio.run(collect())


def reply(wire: ModuleType, trees: Sequence[Any]) -> Reply:
    last = read(wire, trees)[-1]
    assert isinstance(last, Finished)
    return last.reply


def trees(protocol: Any, said: Said) -> list[Any]:
    return [data for _, data in events(protocol, said) if not isinstance(data, str)]


@pytest.mark.parametrize("protocol", WIRES)
def test_a_reply_is_the_same_in_every_protocol(protocol: str) -> None:
    found = reply(WIRES[protocol], trees(protocol, Said(text="é" * 60, thinking="hm")))
    assert (found.text, found.stop, found.model, found.request_id) == (
        "é" * 60,
        "end",
        "loopback-1",
        "reply-1",
    )
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.estimated) == (1000, 100, False)


def test_anthropics_first_guess_at_the_output_is_not_its_count() -> None:
    """`message_start` says 1; a reply whose end says nothing must be estimated and not cost one token."""
    told = trees("messages", Said(text="word " * 200))
    told = [{**tree, "usage": {}} if tree["type"] == "message_delta" else tree for tree in told]
    usage = reply(anthropic_messages, told).usage
    assert usage.estimated
    assert usage.output_tokens >= 200


def test_anthropics_long_cache_is_counted_apart() -> None:
    told = trees("messages", Said(text="x", cache_write_tokens=500))
    told[0]["message"]["usage"]["cache_creation"] = {
        "ephemeral_1h_input_tokens": 400,
        "ephemeral_5m_input_tokens": 100,
    }
    usage = reply(anthropic_messages, told).usage
    assert (usage.cache_write_tokens, usage.cache_write_long_tokens, usage.input_tokens) == (500, 400, 1000)


def test_a_stop_that_has_no_name_here_is_no_end() -> None:
    told = trees("messages", Said(text="x"))
    for tree in told:
        if tree["type"] == "message_delta":
            tree["delta"]["stop_reason"] = "pause_turn"
    assert (reply(anthropic_messages, told).stop, reply(anthropic_messages, told).detail) == (
        "other",
        "pause_turn",
    )


def test_the_whole_answer_of_responses_counts_where_pieces_are_missing() -> None:
    told = [tree for tree in trees("responses", Said(text="whole")) if not tree["type"].endswith(".delta")]
    assert reply(openai_responses, told).text == "whole"


def test_a_refusal_keeps_its_words() -> None:
    for protocol, wire in WIRES.items():
        found = reply(wire, trees(protocol, Said(text="not that", stop="refusal")))
        assert found.stop == "refusal"
        assert found.detail in {"not that", "against the rules of use"}


@pytest.mark.parametrize(
    "usage", ["many", 7, [1], {"input_tokens": "many", "output_tokens": -3}, {"input_tokens": True}]
)
def test_a_count_that_is_none_is_estimated(usage: object) -> None:
    told = trees("messages", Said(text="x"))
    told[0]["message"]["usage"] = usage
    told = [{**tree, "usage": usage} if tree["type"] == "message_delta" else tree for tree in told]
    assert reply(anthropic_messages, told).usage.estimated
    for protocol in ("responses", "chat"):
        told = trees(protocol, Said(text="x"))
        if protocol == "responses":
            told[-1]["response"]["usage"] = usage
        else:
            told[-1]["usage"] = usage
        assert reply(WIRES[protocol], told).usage.estimated


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "type id delta text usage message response choices error content stop_reason finish_reason output code".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMED = st.builds(
    lambda kind, rest: {**(rest if isinstance(rest, dict) else {}), "type": kind},
    st.sampled_from(
        "message_start content_block_delta message_delta message_stop response.created response.output_text.delta "
        "response.completed response.failed error".split()
    ),
    JUNK,
)


@pytest.mark.parametrize("protocol", WIRES)
@given(told=st.lists(NAMED | JUNK, max_size=8))
def test_nothing_a_service_sends_makes_it_stumble(protocol: str, told: list[Any]) -> None:
    try:
        found = read(WIRES[protocol], told)
    except ServiceFailure:
        return
    assert isinstance(found[-1], Finished)
