"""What is in a transcript, what is not, and that it can be run again."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from auditor.llm.answer import Answered, Unanswered
from auditor.llm.client import Client
from auditor.llm.exchange import Data, Instruction, Noted, Provider, Request, Turn
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.loopback.hand_clock import HandClock
from auditor.llm.price import free
from auditor.llm.providers.replay import Replay
from auditor.llm.providers.scripted import Cue, Scripted
from auditor.llm.redaction.vault import Vault
from auditor.llm.replaying import replayed, shown
from auditor.llm.spending import Spending
from auditor.llm.transcript import Recorded, Transcript, read_transcript
from auditor.llm.watching import Seen
from auditor.model.fault import Fault

KEY = "sk-ant-api03-" + "Zx9" * 20


class Count(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: int


def request(text: str) -> Request[Count]:
    source = Data(name="source of a.py", text=f'key = "{KEY}"\n' + "x = 1\n" * 100, keep=True)
    return Request(
        task="count",
        system="You count. " * 40,
        turns=(Turn("user", (source, Instruction(text=text))),),
        output=Count,
    )


def run(provider: Provider, path: Path, texts: Sequence[str] = ("one?", "two?")) -> list[object]:
    client = Client(provider, transcript=Transcript(path, model="m"), clock=HandClock())

    async def ask() -> list[object]:
        found: list[object] = []
        for text in texts:
            answer = await client.ask(request(text))
            found.append(answer.data if isinstance(answer, Answered) else answer.reason)
        return found

    return asyncio.run(ask())


LINES: tuple[Cue, ...] = (
    "nonsense",
    Count(value=1),
    ServiceFailure(FailureKind.OVERLOADED, "busy"),
    Count(value=2),
)


def test_a_replay_answers_as_the_recording_did(tmp_path: Path) -> None:
    recorded = run(Scripted(LINES), tmp_path / "a")
    assert run(Replay(tmp_path / "a"), tmp_path / "b") == recorded == [Count(value=1), Count(value=2)]


def test_the_same_run_writes_the_same_bytes(tmp_path: Path) -> None:
    run(Scripted(LINES), tmp_path / "a")
    run(Scripted(LINES), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_secret_is_nowhere_in_it(tmp_path: Path) -> None:
    run(Scripted(LINES), tmp_path / "a")
    content = (tmp_path / "a").read_text()
    assert "Zx9Zx9" not in content
    assert "AUDITOR_SECRET_0001" in content


def test_a_text_stands_in_it_once(tmp_path: Path) -> None:
    run(Scripted([Count(value=n) for n in range(9)]), tmp_path / "a", [f"{n}?" for n in range(9)])
    content = (tmp_path / "a").read_text()
    assert content.count("You count. You count.") == 40 / 2
    assert len(list(read_transcript(tmp_path / "a"))) == 9


def test_every_call_is_shown_with_its_ending(tmp_path: Path) -> None:
    run(Scripted(LINES), tmp_path / "a")
    assert [row.ending for row in shown(tmp_path / "a")] == [
        "answered",
        "answered",
        "failed: busy",
        "answered",
    ]
    assert [row.usable for row in replayed(tmp_path / "a")] == [False, True, True, True]


def test_a_question_that_was_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    run(Scripted([Count(value=1)]), tmp_path / "a", ["one?"])
    content = (tmp_path / "a").read_text()
    (tmp_path / "a").write_text(content.replace("x = 1", "x = 2"))
    (row,) = replayed(tmp_path / "a")
    assert not row.usable
    assert "not the one it is filed under" in row.ending


def test_another_question_is_not_in_it(tmp_path: Path) -> None:
    run(Scripted(LINES), tmp_path / "a")
    with pytest.raises(Fault) as caught:
        run(Replay(tmp_path / "a"), tmp_path / "b", ["three?"])
    assert caught.value.exit_code == 2
    assert "the transcript has no answer to this question" in str(caught.value)


def test_a_run_that_goes_on_does_not_ask_again(tmp_path: Path) -> None:
    run(Scripted([Count(value=1)]), tmp_path / "a", ["one?"])
    seen: list[Seen] = []
    provider = Scripted([Count(value=2)])
    client = Client(
        provider,
        transcript=Transcript(tmp_path / "a", model="m"),
        recorded=Recorded(tmp_path / "a"),
        watch=seen.append,
    )

    async def ask() -> list[object]:
        answers = [await client.ask(request(text)) for text in ("one?", "two?")]
        return [answer.data.value for answer in answers if isinstance(answer, Answered)]

    assert asyncio.run(ask()) == [1, 2]
    assert len(provider.requests) == 1
    assert any(isinstance(one, Noted) and "not sent again" in one.text for one in seen)
    assert [exchange.number for exchange in read_transcript(tmp_path / "a")] == [1, 2]


def test_a_call_whose_answer_was_lost_is_named_before_it_is_sent_again(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path / "a", model="m")
    vault = Vault()
    client = Client(Scripted(()), vault=vault)
    transcript.sent(client._redacted(request("one?")))
    seen: list[Seen] = []
    again = Client(Scripted([Count(value=1)]), recorded=Recorded(tmp_path / "a"), watch=seen.append)
    assert isinstance(asyncio.run(again.ask(request("one?"))), Answered)
    assert any(isinstance(one, Noted) and "its answer was lost" in one.text for one in seen)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no transcript"),
        ("", "there is no transcript"),
        (
            '{"schema": "auditor/transcript@9", "auditor": "4.2"}\n',
            r"'auditor/transcript@9', written by auditor 4.2",
        ),
        ('{"schema": "auditor/spending@1"}\n', "no transcript that this version can read"),
        ("not json\n", "damaged"),
        ('{"schema": "auditor/transcript@1"}\n{"call": 1}\n', "damaged"),
        ('{"schema": "auditor/transcript@1"}\n{"reply": 1}\n', "damaged"),
        (
            '{"schema": "auditor/transcript@1"}\n{"call": 1, "question": "q", "task": "t", "model": "m", "request": 3}\n',
            "damaged",
        ),
    ],
)
def test_what_is_no_transcript_says_so(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "t"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Fault, match=problem):
        Replay(path)


def test_a_line_that_broke_off_is_dropped(tmp_path: Path) -> None:
    run(Scripted(LINES), tmp_path / "a")
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(content[:-20])
    assert [row.ending for row in shown(tmp_path / "a")][-1].startswith("lost")
    run(Scripted([Count(value=3)]), tmp_path / "a", ["three?"])
    assert [row.ending for row in shown(tmp_path / "a")][-1] == "answered"


def test_unanswered_is_recorded_like_the_rest(tmp_path: Path) -> None:
    client = Client(
        Scripted(["no", "no", "no"]),
        transcript=Transcript(tmp_path / "a", model="m"),
        spending=Spending(free),
    )
    answer = asyncio.run(client.ask(request("one?")))
    assert isinstance(answer, Unanswered)
    assert len(list(read_transcript(tmp_path / "a"))) == 3
    assert all(json.loads(line) for line in (tmp_path / "a").read_text().splitlines())
