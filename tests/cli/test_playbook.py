"""`auditor playbook list|show`."""

from __future__ import annotations

import json

import pytest

from auditor.cli.main import main


def test_the_list_has_every_playbook(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", "list"]) == 0
    printed = capsys.readouterr().out
    assert "batch-n-plus-one" in printed
    assert "single-session" in printed


def test_one_is_shown_with_the_codemods_that_carry_it_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", "show", "batch-n-plus-one"]) == 0
    printed = capsys.readouterr().out
    assert "codemods: " in printed
    assert "batch_query" in printed
    assert "## What it once broke" in printed


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", "show", "eager-load", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["codemods"] == ["eager_load"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["show"], "needs a name"), (["list", "x"], "takes no name"), (["show", "eager-lod"], "eager-load")],
)
def test_bad_input(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply"], "needs a name"),
        (["apply", "off-event-loop"], "no codemod carries"),
        (["apply", "eager-load", "--endpont", "GET /x"], "--endpoint"),
        (["apply", "eager-load", "/nowhere/at/all"], "/nowhere/at/all"),
        (["list", "x", "y"], "y"),
    ],
)
def test_applying_takes_the_arguments_of_fix(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["playbook", *arguments]) == 2
    assert said in capsys.readouterr().err
