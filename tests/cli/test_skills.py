"""`auditor skills install`."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.bundle import bundled
from auditor.cli.main import main
from auditor.stages.playbook.installing import FOLDERS


def test_what_somebody_changed_is_left_alone_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / FOLDERS[0] / "eager-load" / "SKILL.md"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    assert main(["skills", "install", str(tmp_path)]) == 0
    assert own.read_text() == "mine"
    assert "left alone" in capsys.readouterr().err
    assert main(["skills", "install", str(tmp_path), "--replace"]) == 0
    assert own.read_bytes() == (bundled("playbooks") / "eager-load" / "SKILL.md").read_bytes()


def test_every_playbook_lands_in_both_places_and_a_second_time_nothing_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["skills", "install", str(tmp_path)]) == 0
    names = {entry.name for entry in bundled("playbooks").iterdir()}
    for folder in FOLDERS:
        assert {entry.name for entry in (tmp_path / folder).iterdir()} == names
    capsys.readouterr()
    assert main(["skills", "install", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "unchanged" in printed
    assert "written" not in printed


def test_nothing_is_written_through_a_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = tmp_path / "elsewhere"
    project = tmp_path / "project"
    elsewhere.mkdir()
    project.mkdir()
    (project / ".claude").symlink_to(elsewhere)
    assert main(["skills", "install", str(project)]) == 2
    assert "is a link" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []


def test_no_such_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["skills", "install", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
