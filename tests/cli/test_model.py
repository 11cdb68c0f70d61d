"""What the command line does about models: naming, checking, transcripts. Nothing leaves this machine."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from auditor.cli.model_arguments import add_model_arguments, with_model_arguments
from auditor.cli.parser import Parser
from auditor.config.model_settings import ModelSettings
from auditor.config.user import load_user_settings
from auditor.llm.checking import check_model
from auditor.llm.client import Client
from auditor.llm.loopback.answers import models, page, status
from auditor.llm.loopback.server import LoopbackService
from auditor.llm.loopback.trying import GOOD, QUESTION
from auditor.llm.providers.scripted import Scripted
from auditor.llm.transcript import Transcript
from auditor.model.fault import Fault

Run = Callable[..., "CompletedProcess[str]"]
ENV = {"ANTHROPIC_API_KEY": "sk-ant-0001", "OPENAI_API_KEY": "sk-0002"}


def model_check(auditor: Run, *arguments: str, env: dict[str, str] | None = None) -> tuple[bool, str]:
    run = auditor("doctor", "--json", *arguments, env=ENV if env is None else env)
    (check,) = [check for check in json.loads(run.stdout) if check["name"] == "model"]
    return check["ok"], check["text"]


def test_doctor_asks_nobody_unless_a_model_is_named(auditor: Run) -> None:
    with LoopbackService([page()]) as service:
        env = {**ENV, "ANTHROPIC_BASE_URL": service.url, "OPENAI_BASE_URL": service.url}
        ok, text = model_check(auditor, env=env)
    assert ok
    assert text.startswith("none is named, so nothing is ever sent")
    assert service.calls == []


def test_doctor_says_what_would_be_asked(auditor: Run) -> None:
    with LoopbackService([models("claude-opus-5-5")]) as service:
        ok, text = model_check(auditor, "--model", "anthropic:claude-opus-5-5", "--base-url", service.url)
    assert ok
    price = r"\$\d+\.\d\d and \$\d+\.\d\d for a million tokens in and out"
    assert re.fullmatch(
        rf"anthropic:claude-opus-5-5 answers at {service.url} as claude-opus-5-5; {price}", text
    )


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
def test_a_check_names_a_wrong_key_an_unknown_model_and_a_wrong_address(kind: str) -> None:
    for answer, words in (
        (status(401, "invalid key"), "the key is not accepted"),
        (models("other"), "there is no such model"),
        (page(), "an HTML page titled 'Sign in'"),
    ):
        with LoopbackService([answer]) as service:
            user = replace(
                load_user_settings({}), model=ModelSettings(name=f"{kind}:mine", base_url=service.url)
            )
            with pytest.raises(Fault, match=words) as caught:
                check_model(user, ENV)
        assert caught.value.exit_code == 3


def test_doctor_names_a_missing_key(auditor: Run) -> None:
    ok, text = model_check(auditor, "--model", "openai:m", env={"OPENAI_API_KEY": ""})
    assert (ok, text.partition(":")[0]) == (False, "OPENAI_API_KEY")


def parsed(
    *arguments: str, env: dict[str, str] | None = None
) -> tuple[str | None, str | None, float | None, int | None]:
    parser = Parser(prog="auditor fix")
    add_model_arguments(parser)
    user = with_model_arguments(load_user_settings(env or {}), parser.parse(arguments))
    return user.model.name, user.model.base_url, user.limits.usd, user.limits.tokens


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[model]\nname = "openai:filed"\nbase_url = "http://filed"\n[limits]\nusd = 1\ntokens = 5\n'
    )
    env = {"AUDITOR_CONFIG": str(path)}
    assert parsed(env=env) == ("openai:filed", "http://filed", 1, 5)
    assert parsed(env={**env, "AUDITOR_MODEL": "anthropic:set"}) == ("anthropic:set", "http://filed", 1, 5)
    assert parsed("--model", "offline", "--max-cost", "$2.50", env=env) == ("offline", "http://filed", 2.5, 5)
    assert parsed("--base-url", "http://flag", "--max-tokens", "60_000") == (
        None,
        "http://flag",
        None,
        60_000,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--max-cost", "five"),
        ("--max-cost", "-1"),
        ("--max-cost", "nan"),
        ("--max-tokens", "0"),
        ("--max-tokens", "1.5"),
    ],
)
def test_a_limit_that_is_none_is_refused(arguments: tuple[str, str]) -> None:
    with pytest.raises(Fault, match="is no"):
        parsed(*arguments)


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "transcript.jsonl"
    client = Client(Scripted(["three", GOOD]), transcript=Transcript(path, model="scripted:"))
    asyncio.run(client.ask(QUESTION))
    return path


def test_a_transcript_is_shown_call_by_call(auditor: Run, transcript: Path) -> None:
    run = auditor("transcript", "show", str(transcript.parent))
    assert run.returncode == 0
    head, first, second, last = run.stdout.splitlines()
    assert head.split() == ["call", "task", "in", "cached", "out", "ending"]
    assert (first.split()[:2], first.split()[-1]) == (["1", "count"], "answered")
    assert second.split()[0] == "2"
    assert last.split()[0] == "together"


def test_one_call_is_shown_whole(auditor: Run, transcript: Path) -> None:
    shown = auditor("transcript", "show", str(transcript), "--call", "2").stdout
    assert "# call 2: count, to scripted:" in shown
    assert "## user: a list" in shown
    assert "## assistant\nthree" in shown
    assert shown.endswith('## answer (answered)\n{"value": 3}\n')


def test_a_replay_says_which_answers_can_be_used(auditor: Run, transcript: Path) -> None:
    run = auditor("transcript", "replay", str(transcript), "--format", "json")
    assert run.returncode == 1
    assert [row["usable"] for row in json.loads(run.stdout)] == [False, True]


def test_a_transcript_of_another_version_is_a_clear_fault(auditor: Run, tmp_path: Path) -> None:
    (tmp_path / "t").write_text('{"schema": "auditor/transcript@7", "auditor": "3.1"}\n')
    run = auditor("transcript", "replay", "t")
    assert run.returncode == 2
    assert "t: is no transcript that this version can read" in run.stderr
    assert "read it with the version that wrote it" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "arguments", [("show",), ("show", "missing"), ("show", "missing", "--call", "1"), ("eat", "x")]
)
def test_what_cant_be_shown_is_said(auditor: Run, arguments: tuple[str, ...]) -> None:
    run = auditor("transcript", *arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("auditor: ")
    assert run.stdout == ""
