"""The playbooks that come with auditor, and those that stand in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.codemods import codemods
from auditor.model.fault import Fault
from auditor.rules import rule_infos
from auditor.stages.playbook.precondition import applicable
from auditor.stages.playbook.shelf import all_playbooks, bundled_playbooks, playbook_named, put_on_shelf


def test_each_rule_that_names_a_playbook_is_treated_by_it() -> None:
    by_name = {one.name: one for one in bundled_playbooks()}
    named = {rule.id: rule.playbook for rule in rule_infos() if rule.playbook}
    assert {id_: name for id_, name in named.items() if id_ not in by_name[name].rules} == {}


def test_no_rule_is_treated_by_two() -> None:
    rules = [rule for one in bundled_playbooks() for rule in one.rules]
    assert sorted(rules) == sorted(set(rules))


def test_whatever_a_codemod_treats_has_a_playbook() -> None:
    treated = {rule for one in bundled_playbooks() for rule in one.rules}
    assert {rule for module in codemods() for rule in module.RULES} <= treated


def test_what_was_learnt_on_the_target_goes_before_what_is_bundled(tmp_path: Path) -> None:
    own = bundled_playbooks()[0].model_copy(update={"description": "Ours.", "learnt_from": "r1"})
    path = put_on_shelf(own, tmp_path)
    assert path == tmp_path / own.name / "SKILL.md"
    assert playbook_named(own.name, all_playbooks(tmp_path)).description == "Ours."
    assert len(all_playbooks(tmp_path)) == len(bundled_playbooks())


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    bad = bundled_playbooks()[0].model_copy(update={"name": "../out"})
    with pytest.raises(Fault):
        put_on_shelf(bad, tmp_path / "shelf")
    assert list(tmp_path.iterdir()) == []


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(Fault) as fault:
        playbook_named("batch-n-plus-on", bundled_playbooks())
    assert "batch-n-plus-one" in (fault.value.hint or "")


def test_a_playbook_without_rules_applies_to_no_single_finding() -> None:
    assert applicable(bundled_playbooks(), ()) == {}
