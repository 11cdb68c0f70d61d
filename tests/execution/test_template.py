"""Prepared states that outlive a run."""

import os
from pathlib import Path

from auditor.execution.template import Templates


def made(templates: Templates, text: str) -> Path:
    folder = templates.begin()
    (folder / "text").write_text(text, "utf-8")
    return folder


def test_one_is_found_once_it_is_whole(tmp_path: Path) -> None:
    templates = Templates(tmp_path / "templates")
    assert templates.find("a") is None
    folder = made(templates, "1")
    assert templates.find("a") is None
    assert templates.find(folder.name[1:]) is None
    templates.keep("a", folder)
    found = templates.find("a")
    assert found is not None
    assert (found / "text").read_text("utf-8") == "1"


def test_of_two_that_are_made_at_once_the_first_wins(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    one, two = made(templates, "1"), made(templates, "2")
    templates.keep("a", one)
    assert (templates.keep("a", two) / "text").read_text("utf-8") == "1"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_those_not_used_for_longest_go(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    for number in range(8):
        kept = templates.keep(str(number), made(templates, ""))
        os.utime(kept, (number, number))
    templates.find("0")
    templates.keep("new", made(templates, ""))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["0", "2", "3", "4", "5", "6", "7", "new"]


def test_one_that_another_has_just_removed_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    (tmp_path / "gone").symlink_to("nowhere")  # listed, and not there when it is looked at
    for number in range(9):
        os.utime(templates.keep(str(number), made(templates, "")), (number, number))
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.exists()) == list("12345678")


def test_what_a_killed_run_was_making_goes(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    mine = templates.begin()
    (tmp_path / ".made-99999999-1-abc" / "inner").mkdir(parents=True)
    templates.begin()
    assert mine.is_dir()
    assert not (tmp_path / ".made-99999999-1-abc").exists()
