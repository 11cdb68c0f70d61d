"""The state of a target as somebody else has left it."""

import json
from pathlib import Path

import pytest

from auditor.engine.fixing.runs import at_work
from auditor.model.fault import Fault


def test_what_lies_elsewhere_is_not_laid_to_the_state(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), at_work(tmp_path / "state", doing="test"):
        (tmp_path / "elsewhere").read_bytes()


def test_a_file_where_a_folder_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "template").write_text("")
    said = r"template: can't be used: File exists .*move .* away"
    with pytest.raises(Fault, match=said), at_work(tmp_path, doing="test"):
        (tmp_path / "template").mkdir()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{{{", "state may be damaged"),
        ("[]", "state may be damaged"),
        (json.dumps({"schema": "auditor/state@9"}), "another version"),
    ],
)
def test_a_state_that_cant_be_understood_is_left_alone(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with pytest.raises(Fault, match=said), at_work(tmp_path, doing="test"):
        pass
    assert file.read_text() == content


def test_two_at_once_are_told(tmp_path: Path) -> None:
    with (
        at_work(tmp_path, doing="auditor fix"),
        pytest.raises(Fault, match=r"auditor fix \(process \d+, since .*is at work on this target"),
        at_work(tmp_path, doing="auditor undo"),
    ):
        pass
