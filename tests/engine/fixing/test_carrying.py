"""What worked on one endpoint goes first on the next, and is remembered between runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from auditor.engine.fixing.carrying import FILE, Recipes
from auditor.engine.fixing.proposing import Proposed
from auditor.model.fault import Fault
from auditor.model.trial import Gain, Verdict


def made(playbook: str, codemod: str = "some") -> Proposed:
    finding = SimpleNamespace(playbook=playbook)
    return Proposed(proposal=cast("Any", None), finding=cast("Any", finding), codemod=codemod)


def kept(endpoint: str, before: float, after: float) -> Verdict:
    return Verdict(
        verdict="kept", text="", gains=(Gain(endpoint=endpoint, kind="sql", before=before, after=after),)
    )


REVERTED = Verdict(verdict="reverted", gate="counts", text="")


def names(recipes: Recipes, *playbooks: str, endpoint: str = "GET /b") -> list[str]:
    return [str(one.finding.playbook) for one in recipes.in_order(map(made, playbooks), endpoint=endpoint)]


def test_nothing_learnt_changes_no_order(tmp_path: Path) -> None:
    assert names(Recipes(tmp_path), "z", "a") == ["z", "a"]
    assert not (tmp_path / FILE).exists()


def test_what_was_learnt_on_the_same_endpoint_changes_no_order(tmp_path: Path) -> None:
    recipes = Recipes(tmp_path)
    recipes.note(made("a"), REVERTED, endpoint="GET /b", runs=1, seconds=1)
    assert names(recipes, "a", "z") == ["a", "z"]


def test_a_void_trial_teaches_nothing(tmp_path: Path) -> None:
    recipes = Recipes(tmp_path)
    recipes.note(made("a"), Verdict(verdict="void", text=""), endpoint="GET /a", runs=1, seconds=1)
    assert names(recipes, "a", "z") == ["a", "z"]


def test_the_next_run_begins_with_what_gained_most_and_ends_with_what_failed(tmp_path: Path) -> None:
    first = Recipes(tmp_path)
    first.note(made("index"), REVERTED, endpoint="GET /a", runs=2, seconds=20)
    first.note(made("batch"), kept("GET /a", 90, 10), endpoint="GET /a", runs=1, seconds=15)
    first.note(made("memo"), kept("GET /a", 10, 9), endpoint="GET /a", runs=1, seconds=15)
    second = Recipes(tmp_path)
    assert names(second, "index", "new", "memo", "batch") == ["batch", "memo", "new", "index"]
    assert names(second, "index", "batch", endpoint="") == ["index", "batch"]


def test_the_transfer_is_measured(tmp_path: Path) -> None:
    recipes = Recipes(tmp_path)
    recipes.note(made("batch"), kept("GET /a", 90, 10), endpoint="GET /a", runs=4, seconds=40)
    assert recipes.transfers(["GET /a"]) == ()
    recipes.note(made("batch"), kept("GET /b", 40, 20), endpoint="GET /b", runs=1, seconds=8)
    (found,) = recipes.transfers(["GET /b"])
    assert (found.carried, found.share) == (("batch",), 1.0)
    assert (found.first.runs_per_gain, found.later.runs_per_gain) == (4 / 80, 1 / 20)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema": "auditor/recipes@9", "tried": []}', '{"tried": [1]}']
)
def test_a_damaged_file_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(Fault) as fault:
        Recipes(tmp_path)
    assert "move it away" in fault.value.hint
