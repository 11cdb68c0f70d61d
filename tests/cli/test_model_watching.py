"""What a person is told while a model is asked."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.cli.model_watching import chosen_model
from auditor.cli.narration import Narration
from auditor.config.model_settings import ModelSettings
from auditor.config.user import load_user_settings
from auditor.llm.exchange import Noted
from auditor.llm.opening import LEDGER
from auditor.llm.price import free
from auditor.llm.spending import Spending

USER = replace(load_user_settings({}), model=ModelSettings(name="anthropic:m", base_url="http://127.0.0.1:9"))


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


def test_what_was_done_in_another_way_than_asked_is_told(said: io.StringIO) -> None:
    choice = chosen_model(USER, Narration(said))
    assert choice is not None
    choice.watch(Noted("the question was too long for the model; a shorter one is asked"))
    assert "auditor: the question was too long for the model; a shorter one is asked\n" in said.getvalue()


def test_questions_that_an_earlier_run_has_lost_are_told_when_its_folder_is_opened(
    said: io.StringIO, tmp_path: Path
) -> None:
    Spending(free, path=tmp_path / LEDGER).reserve("lost", read=1_000, written=10)
    choice = chosen_model(USER, Narration(said))
    assert choice is not None
    assert "earlier run" not in said.getvalue()
    choice.open(tmp_path, ())
    assert said.getvalue().count("1 question was sent by an earlier run that ended before the answer") == 1
