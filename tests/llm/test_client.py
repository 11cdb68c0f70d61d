"""How answers end: with data, repaired, or told apart why not; always with their bill."""

import asyncio

from pydantic import BaseModel, ConfigDict

from auditor.llm.answer import Answer, Answered, Unanswered
from auditor.llm.client import Check, Client
from auditor.llm.exchange import Instruction, Reply, Request, StopReason, Turn
from auditor.llm.providers.scripted import Cue, Scripted
from auditor.llm.rendering import turn_text
from auditor.llm.usage import Usage


class Count(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: int


REQUEST = Request(
    task="count", system="You count.", turns=(Turn("user", (Instruction(text="how many?"),)),), output=Count
)


def _ask(*script: Cue, check: Check[Count] | None = None) -> tuple[Answer[Count], Scripted]:
    provider = Scripted(script)
    return asyncio.run(Client(provider).ask(REQUEST, check=check)), provider


def test_a_right_answer_needs_one_call() -> None:
    answer, provider = _ask(Count(value=3))
    assert isinstance(answer, Answered)
    assert (answer.data, answer.repairs, answer.bill.calls) == (Count(value=3), 0, 1)
    assert len(provider.requests) == 1


def test_a_wrong_answer_is_sent_back_with_what_is_wrong() -> None:
    answer, provider = _ask('{"value": "many"}', '{"value": 7}')
    assert isinstance(answer, Answered)
    assert (answer.data.value, answer.repairs, answer.bill.calls) == (7, 1, 2)
    second = provider.requests[1]
    assert second.turns[0] == REQUEST.turns[0]
    assert turn_text(second.turns[1]) == '{"value": "many"}'
    assert "- value: " in turn_text(second.turns[2])


def test_the_askers_own_check_counts_like_the_model() -> None:
    def odd(count: Count) -> list[str]:
        return [] if count.value % 2 else [f"{count.value} is even"]

    answer, provider = _ask(Count(value=2), Count(value=3), check=odd)
    assert isinstance(answer, Answered)
    assert answer.data.value == 3
    assert "- 2 is even" in turn_text(provider.requests[1].turns[2])


def test_after_two_repairs_it_is_given_up() -> None:
    answer, provider = _ask("one", "", '{"value": 1.5}', Count(value=1))
    assert isinstance(answer, Unanswered)
    assert (answer.reason, answer.repairs, answer.bill.calls) == ("invalid", 2, 3)
    assert answer.detail.startswith("value: ")
    assert turn_text(provider.requests[2].turns[3]) == "(no answer)"


def test_what_did_not_end_by_itself_is_never_looked_at() -> None:
    usage = Usage(input_tokens=100, output_tokens=50)
    reasons: dict[StopReason, str] = {
        "length": "truncated",
        "context": "truncated",
        "refusal": "refused",
        "filtered": "refused",
        "other": "invalid",
    }
    for stop, reason in reasons.items():
        answer, provider = _ask(Reply(text='{"value": 3}', stop=stop, usage=usage))
        assert isinstance(answer, Unanswered)
        assert (answer.reason, answer.bill.usage, len(provider.requests)) == (reason, usage, 1)


def test_a_problem_that_quotes_a_secret_is_sent_back_without_it() -> None:
    key = "sk-ant-api03-" + "Zx9" * 20

    def quoting(count: Count) -> list[str]:
        return [] if count.value % 2 else [f'did you mean the line `key = "{key}"`?']

    _, provider = _ask(Count(value=2), Count(value=3), check=quoting)
    told = turn_text(provider.requests[1].turns[2])
    assert "Zx9" not in told
    assert "AUDITOR_SECRET_0001" in told
