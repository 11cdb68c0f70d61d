import io
from pathlib import Path

import pytest

from auditor.cli.internal_error import report_internal_error
from auditor.cli.narration import Narration


def test_the_traceback_goes_into_a_file_that_the_message_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_STATE_DIR", str(tmp_path))
    stream = io.StringIO()
    assert report_internal_error("KeyError: 'x'", "Traceback …", Narration(stream), debug=False) == 2
    (log,) = (tmp_path / "logs").iterdir()
    assert "Traceback …" in log.read_text()
    assert "Traceback" not in stream.getvalue()
    assert str(log) in stream.getvalue()


def test_debug_shows_it_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_STATE_DIR", str(tmp_path))
    stream = io.StringIO()
    report_internal_error("KeyError: 'x'", "Traceback\n  line", Narration(stream), debug=True)
    assert "Traceback\n  line\n" in stream.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_for_the_file_it_says_how_to_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUDITOR_STATE_DIR", str(tmp_path / "file"))
    stream = io.StringIO()
    report_internal_error("KeyError: 'x'", "Traceback", Narration(stream), debug=False)
    assert "--debug" in stream.getvalue()
