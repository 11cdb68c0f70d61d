"""Files that the user names for a command to read."""

import os
import threading
from pathlib import Path

import pytest

from auditor.cli import given_file
from auditor.cli.given_file import given_text
from auditor.measure.workload import content_of
from auditor.model.fault import Fault


def test_a_file_and_a_pipe_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("é")
    assert given_text(tmp_path / "a.json", what="a report") == "é"
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text("piped"))
    writer.start()
    assert given_text(tmp_path / "pipe", what="a report") == "piped"
    writer.join()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without end")
def test_what_has_no_end_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_file, "MAX_PIPED_BYTES", 1 << 20)
    (tmp_path / "report.json").symlink_to("/dev/zero")
    with pytest.raises(Fault, match="is too large for a report: over 1,048,576 bytes"):
        given_text(tmp_path / "report.json", what="a report")
    with pytest.raises(Fault, match="over the limit of"):
        content_of(tmp_path / "report.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(given_file.MAX_BYTES + 1)
    with pytest.raises(Fault, match="is too large for an observation"):
        given_text(tmp_path / "large.json", what="an observation")


def test_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    with pytest.raises(Fault, match="is no report: not UTF-8"):
        given_text(tmp_path / "binary.json", what="a report")
    with pytest.raises(Fault, match="can't be read: No such file"):
        given_text(tmp_path / "none.json", what="a report")
