"""A model is asked only where the user names one, and every way of naming it wrongly says what to do."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.cli.exit_code import ExitCode
from auditor.config.model_settings import ModelSettings, PriceSettings
from auditor.config.user import SpendingLimits, UserSettings, load_user_settings
from auditor.llm.naming import base_url_of, provider_names, provider_of
from auditor.llm.opening import open_model
from auditor.llm.providers.anthropic import Anthropic
from auditor.llm.providers.openai import OpenAi
from auditor.llm.usage import Usage
from auditor.model.fault import BUDGET_EXIT, PROVIDER_EXIT, Fault

KEYS = {"ANTHROPIC_API_KEY": "sk-ant-0001", "OPENAI_API_KEY": "sk-0002"}


def user(**model: object) -> UserSettings:
    return replace(load_user_settings({}), model=ModelSettings(**model))  # type: ignore[arg-type]


def test_keys_in_the_environment_alone_ask_nobody() -> None:
    assert open_model(user(), KEYS) is None
    assert open_model(user(name="offline"), KEYS) is None


def test_the_first_line_says_what_is_sent_where() -> None:
    model = open_model(user(name="anthropic:claude-opus-5-5"), KEYS)
    assert model is not None
    assert model.first_line == (
        "code on the way of requests, measurements and logs, without secrets, are sent to "
        "anthropic:claude-opus-5-5 at https://api.anthropic.com, without a spending limit"
    )
    limited = replace(
        user(name="openai:m", base_url="http://127.0.0.1:1/v1"), limits=SpendingLimits(tokens=5000)
    )
    model = open_model(limited, KEYS)
    assert model is not None
    assert model.first_line.endswith("to openai:m at http://127.0.0.1:1/v1, for at most 5,000 tokens")
    assert model.warnings == ()


def test_what_others_can_read_on_the_way_is_said() -> None:
    model = open_model(user(name="openai:m", base_url="http://models.example/v1"), KEYS)
    assert model is not None
    assert model.warnings == ("what is sent to http://models.example/v1 is not encrypted on its way",)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("claude-opus-5-5", "did you mean anthropic:claude-opus-5-5?"),
        ("gpt-6-sol", "did you mean openai:gpt-6-sol?"),
        ("antropic:claude", "did you mean anthropic:claude?"),
        ("openai:", "write anthropic:NAME, openai:NAME or offline"),
        ("OpenAI:gpt", "did you mean openai:gpt?"),
        ("llama", "write anthropic:NAME, openai:NAME or offline"),
        ("../x:y", "write anthropic:NAME, openai:NAME or offline"),
    ],
)
def test_a_name_that_means_nothing_is_a_fault_of_usage(name: str, hint: str) -> None:
    with pytest.raises(Fault) as caught:
        provider_of(ModelSettings(name=name), KEYS)
    assert (caught.value.exit_code, caught.value.hint) == (2, hint)


@pytest.mark.parametrize("name", ["anthropic:m", "openai:m"])
@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_begun(name: str, key: str | None) -> None:
    env = {} if key is None else dict.fromkeys(KEYS, key)
    with pytest.raises(Fault, match="there is no key for") as caught:
        provider_of(ModelSettings(name=name), env)
    assert caught.value.exit_code == PROVIDER_EXIT
    assert "--model offline" in caught.value.hint


def test_a_key_that_cant_be_sent_is_noticed_before() -> None:
    with pytest.raises(Fault, match="can't be a key"):
        provider_of(ModelSettings(name="openai:m"), {"OPENAI_API_KEY": "sk-with space"})
    with pytest.raises(Fault, match="can't be a key"):
        provider_of(ModelSettings(name="openai:m"), {"OPENAI_API_KEY": "sk-“quoted”"})


def test_a_server_of_ones_own_may_need_no_key() -> None:
    assert isinstance(
        provider_of(ModelSettings(name="openai:m", base_url="http://localhost:8080/v1"), {}), OpenAi
    )
    with pytest.raises(Fault, match="there is no key"):
        provider_of(ModelSettings(name="openai:m", base_url="http://localhost/v1", key_variable="MINE"), {})


def test_the_variables_of_the_services_own_tools_are_honoured() -> None:
    env = {**KEYS, "ANTHROPIC_BASE_URL": "http://127.0.0.1:7/"}
    provider = provider_of(ModelSettings(name="anthropic:m"), env)
    assert isinstance(provider, Anthropic)
    assert provider.destination == "http://127.0.0.1:7"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "ftp://x/y",
        "http://",
        "http://user:pass@host/v1",
        "http://host:port/",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_a_fault(url: str) -> None:
    with pytest.raises(Fault) as caught:
        base_url_of(ModelSettings(base_url=url), {}, variable="V", default="https://d")
    assert "pass@" not in str(caught.value)


def test_a_limit_in_dollars_needs_a_price() -> None:
    settings = replace(user(name="openai:no-such-model-7"), limits=SpendingLimits(usd=5))
    with pytest.raises(Fault, match="nobody knows what this model costs") as caught:
        open_model(settings, KEYS)
    assert "--max-tokens" in caught.value.hint
    price = PriceSettings(input_usd=1.0, output_usd=2.0)
    known = replace(settings, model=replace(settings.model, price=price))
    model = open_model(known, KEYS)
    assert model is not None
    number = model.client.spending.reserve("q", read=10, written=10)
    assert model.client.spending.settle(number, Usage(input_tokens=1_000_000)).usd == 1


def test_the_users_own_keys_are_hidden_wherever_they_stand() -> None:
    model = open_model(user(name="openai:m", key_variable="MINE"), {**KEYS, "MINE": "open-sesame-1"})
    assert model is not None
    assert (
        model.client.vault.redact("a open-sesame-1 b sk-ant-0001 c")
        == "a AUDITOR_SECRET_0001 b AUDITOR_SECRET_0002 c"
    )


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    assert (PROVIDER_EXIT, BUDGET_EXIT) == (ExitCode.PROVIDER, ExitCode.BUDGET)


def test_every_file_of_the_folder_can_be_named() -> None:
    assert provider_names() == ("anthropic", "openai", "replay", "scripted")


def test_a_script_of_answers_can_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('["one", {"value": 2}]')
    model = open_model(user(name=f"scripted:{tmp_path / 's.json'}"), {})
    assert model is not None
    assert model.first_line.endswith("nothing is sent anywhere")
    (tmp_path / "s.json").write_text("{}")
    with pytest.raises(Fault, match="is no list of answers"):
        open_model(user(name=f"scripted:{tmp_path / 's.json'}"), {})


def test_naming_a_model_imports_no_sdk() -> None:
    code = (
        "import sys; from auditor.config.model_settings import ModelSettings; "
        "from auditor.llm.naming import provider_of; import auditor.llm.opening; "
        "provider_of(ModelSettings(name='anthropic:m'), {'ANTHROPIC_API_KEY': 'k'}); "
        "print(*sorted({'anthropic', 'openai', 'httpx2', 'genai_prices'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_who_gives_a_model_more_time_lets_it_be_silent_for_longer() -> None:
    opened = open_model(user(name="openai:m", base_url="http://127.0.0.1:9/v1", deadline_s=3600.0), {})
    assert opened is not None
    assert opened.client._patience.deadline_s == 3600
    assert opened.client._patience.silence_s == 2400
