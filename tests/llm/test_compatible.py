"""Servers that speak a protocol in part: what they don't take is left out, once, and said."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.llm.answer import Answered
from auditor.llm.client import Client
from auditor.llm.exchange import Noted, Provider
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.loopback.answers import models, only, page, raw, say, status
from auditor.llm.loopback.hand_clock import HandClock
from auditor.llm.loopback.server import Answer, Call, LoopbackService
from auditor.llm.loopback.trying import GOOD, QUESTION, WAYS
from auditor.llm.providers.anthropic import Anthropic
from auditor.llm.providers.openai import OpenAi
from auditor.llm.usage import Usage
from auditor.llm.watching import Seen
from auditor.model.fault import Fault


def ask(provider: Provider, times: int = 1) -> tuple[list[int], list[str]]:
    """The values that come back, and what is said about how they were asked for."""
    seen: list[Seen] = []
    client = Client(provider, clock=HandClock(), watch=seen.append)

    async def run() -> list[int]:
        answers = [await client.ask(QUESTION) for _ in range(times)]
        return [answer.data.value for answer in answers if isinstance(answer, Answered)]

    return asyncio.run(run()), [one.text for one in seen if isinstance(one, Noted)]


def picky(*refused: str) -> Answer:
    """A server that refuses requests with any of these parameters, as such servers do."""

    def answer(call: Call) -> None:
        for name in refused:
            head, _, rest = name.partition(".")
            held = call.body.get(head) or (head in json.dumps(call.body.get("system", "")) or None)
            if held is not None and (not rest or rest in held):
                status(
                    400,
                    f"Unsupported parameter: '{name}' is not supported with this model.",
                    kind="unsupported",
                )(call)
                return
        say(GOOD)(call)

    return answer


@pytest.mark.parametrize(
    ("way", "refused", "told"),
    [
        ("anthropic messages", ["thinking"], ["no setting for thinking"]),
        (
            "anthropic messages",
            ["output_config.effort", "thinking"],
            ["no setting for thinking", "no degree of effort"],
        ),
        ("anthropic messages", ["output_config.format"], ["no schema as a parameter"]),
        ("anthropic messages", ["cache_control"], ["nothing said about its cache"]),
        ("openai responses", ["reasoning"], ["no degree of effort"]),
        ("openai responses", ["prompt_cache_key", "text"], ["nothing said about its cache"]),
        ("openai chat", ["reasoning_effort"], ["no degree of effort"]),
        (
            "openai chat",
            ["max_completion_tokens", "stream_options"],
            ["in place of `max_completion_tokens`", "no count of tokens"],
        ),
        ("openai chat", ["response_format"], ["no schema as a parameter"]),
    ],
)
def test_a_part_that_is_refused_is_left_out(way: str, refused: list[str], told: list[str]) -> None:
    if "text" in refused:
        refused = ["prompt_cache_key", "text.format"]
    with LoopbackService([picky(*refused)]) as service:
        values, notes = ask(WAYS[way](service.url), times=2)
    assert values == [3, 3]
    assert all(any(words in note for note in notes) for words in told)
    assert len(service.questions) == 2 + len(refused), "what was refused once is not tried again"


def test_a_refusal_that_means_something_else_is_not_worked_around() -> None:
    with (
        LoopbackService([status(400, "messages: roles must alternate")]) as service,
        pytest.raises(Fault, match="roles must alternate"),
    ):
        ask(WAYS["anthropic messages"](service.url))
    assert len(service.questions) == 1


def detecting(url: str) -> OpenAi:
    return OpenAi("m", key="k", base_url=f"{url}/v1")


@pytest.mark.parametrize(
    "answer",
    [only(["chat"], say(GOOD)), lambda call: (say(GOOD) if call.protocol == "chat" else page(404))(call)],
)
def test_a_server_that_knows_only_chat_is_found_out_once(answer: Answer) -> None:
    with LoopbackService([answer]) as service:
        values, notes = ask(detecting(service.url), times=3)
    assert values == [3, 3, 3]
    assert [call.protocol for call in service.questions] == ["responses", "chat", "chat", "chat"]
    assert notes == [f"{service.url}/v1 does not know Responses; it is asked by Chat Completions"]


def test_a_server_that_knows_responses_is_asked_by_them() -> None:
    with LoopbackService([say(GOOD)]) as service:
        assert ask(detecting(service.url), times=2) == ([3, 3], [])
    assert {call.protocol for call in service.questions} == {"responses"}


def test_an_unknown_model_is_not_taken_for_an_unknown_protocol() -> None:
    unknown = status(404, "The model `m` does not exist", kind="model_not_found")
    with LoopbackService([unknown]) as service, pytest.raises(Fault, match="there is no such model"):
        ask(detecting(service.url))
    assert len(service.questions) == 1


def test_a_wrong_address_is_named_and_not_guessed_at() -> None:
    with LoopbackService([page(404, title="Nothing here")]) as service, pytest.raises(Fault) as caught:
        ask(detecting(service.url))
    assert "what answers is not the service" in str(caught.value)
    assert "check the base URL" in caught.value.hint


MAKERS: dict[str, Callable[..., Any]] = {"messages": Anthropic, "responses": OpenAi}


@pytest.mark.parametrize(
    ("way", "usage"),
    [
        (
            "anthropic messages",
            Usage(input_tokens=900, cache_read_tokens=600, cache_write_tokens=200, output_tokens=70),
        ),
        (
            "openai responses",
            Usage(
                input_tokens=900,
                cache_read_tokens=600,
                cache_write_tokens=200,
                output_tokens=70,
                reasoning_tokens=20,
            ),
        ),
        (
            "openai chat",
            Usage(input_tokens=900, cache_read_tokens=600, output_tokens=70, reasoning_tokens=20),
        ),
    ],
)
def test_all_services_count_in_one_convention(way: str, usage: Usage) -> None:
    said = say(
        GOOD,
        input_tokens=900,
        cache_read_tokens=600,
        cache_write_tokens=200,
        output_tokens=70,
        reasoning_tokens=20,
        thinking="hm",
    )
    with LoopbackService([said]) as service:
        answer = asyncio.run(Client(WAYS[way](service.url)).ask(QUESTION))
    assert answer.bill.usage == usage


@pytest.mark.parametrize("way", WAYS)
def test_the_sdks_own_repetitions_are_off(way: str) -> None:
    with LoopbackService([status(503), say(GOOD)]) as service:
        ask(WAYS[way](service.url))
    assert [call.headers["x-stainless-retry-count"] for call in service.questions] == ["0", "0"]


@pytest.mark.parametrize("way", WAYS)
def test_the_model_can_be_checked_without_asking_it(way: str) -> None:
    provider = WAYS[way]
    with LoopbackService([models("loopback-1", "other")]) as service:
        made = provider(service.url)
        assert isinstance(made, Anthropic | OpenAi)
        assert asyncio.run(made.check()) == "loopback-1"
    assert service.questions == []


@pytest.mark.parametrize("body", [b'"a text"', b"[]", b"7", b'{"data": 7}'])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_description_of_a_model_is_not_the_service(way: str, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    with LoopbackService([raw(head + body)]) as service:
        made = WAYS[way](service.url)
        assert isinstance(made, Anthropic | OpenAi)
        with pytest.raises(ServiceFailure) as raised:
            asyncio.run(made.check())
    assert raised.value.kind in {FailureKind.NOT_THE_SERVICE, FailureKind.UNKNOWN_MODEL}
