"""`[model]` of the user's settings, and that every key of it stands on its page."""

from pathlib import Path

import pytest

from auditor.config.model_settings import MODEL_KEYS, ModelSettings, PriceSettings
from auditor.config.user import load_user_settings
from auditor.model.fault import Fault

PAGE = (Path(__file__).parents[2] / "docs/models.md").read_text("utf-8")


def settings(folder: Path, text: str, **env: str) -> ModelSettings:
    path = folder / "config.toml"
    path.write_text(text)
    return load_user_settings({"AUDITOR_CONFIG": str(path), **env}).model


def test_without_settings_no_model_is_named(tmp_path: Path) -> None:
    assert settings(tmp_path, "") == ModelSettings()
    assert settings(tmp_path, "", ANTHROPIC_API_KEY="k").name is None


def test_the_file_decides(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        '[model]\nname = "openai:m"\napi = "chat"\nschema = "words"\nkey_variable = "K"\ndeadline = "90s"\n'
        "price = { input = 2, output = 10.5 }\n",
    )
    assert found == ModelSettings(
        name="openai:m",
        api="chat",
        schema="words",
        key_variable="K",
        deadline_s=90.0,
        price=PriceSettings(input_usd=2.0, output_usd=10.5),
    )


def test_variables_win(tmp_path: Path) -> None:
    found = settings(
        tmp_path, '[model]\nname = "openai:m"\n', AUDITOR_MODEL="offline", AUDITOR_BASE_URL="http://h"
    )
    assert (found.name, found.base_url) == ("offline", "http://h")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[model]\napi = "soap"', "must be one of responses, chat"),
        ('[model]\nnam = "x"', "unknown key 'model.nam'"),
        ('[model]\ndeadline = "soon"', "is no length of time"),
        ("[model]\nprice = { input = 1 }", "model.price lacks 'output'"),
        ("[model]\nprice = { input = -1, output = 1 }", "must be a number from 0"),
        ('base_url = "http://x"', "can't be set here"),
        ('model = "openai:m"', "must be a section"),
    ],
)
def test_what_makes_no_sense_names_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(Fault, match=problem) as caught:
        settings(tmp_path, text)
    assert "config.toml" in caught.value.where


@pytest.mark.parametrize("key", MODEL_KEYS)
def test_every_key_is_documented(key: str) -> None:
    assert f"| `{key}` |" in PAGE
