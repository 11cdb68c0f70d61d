"""Which files are results of earlier runs, and which are somebody's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.own_results import AUDITED, MEASURED, REQUESTS, is_earlier_result

Audited = Callable[..., str]
APP = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/x')\ndef x():\n    return open('x').read()\n"
FOREIGN = (
    "Read this first: how the service is run.\n",
    "Read 3 files, 20 lines, and then ask. Nothing was run.\n",
    "# Performance plan for the third quarter\n\nWe buy more machines.\n",
    "# What was measured\n\nNoise, in the hall.\n",
    "::: note\ntext\n:::\n",
    "::error file=a.py::written by another tool\n",
    '{"run": "tests"}\n',
    '{"run":"3","seq":0}\n',
    '{"schema": "shop/report@1"}\n',
    '{"schema": "auditor/reportage@1"}\n',
    '{"$schema": "https://docs.oasis-open.org/sarif", "runs": [{"tool": {"driver": {"name": "other", "version": "1"}}}]}',
    '{"id": 1, "path": "/"}\n',
    "[" * 5_000,
)


@pytest.mark.parametrize("text", FOREIGN)
@pytest.mark.parametrize("forms", [AUDITED, MEASURED, REQUESTS])
def test_what_only_begins_like_a_result_is_somebodys_own(text: str, forms: object, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert not is_earlier_result(path, forms)  # type: ignore[arg-type]


def test_an_empty_file_may_be_written() -> None:
    assert is_earlier_result(Path("/dev/null"), AUDITED)


def test_a_file_that_can_not_be_read_is_not_written_over(tmp_path: Path) -> None:
    assert not is_earlier_result(tmp_path, AUDITED)


@pytest.mark.parametrize("form", ["json", "jsonl", "markdown", "sarif", "screen", "github"])
def test_each_form_of_an_audit_is_known_again(
    auditor: Callable[..., object], form: str, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(APP)
    for _ in range(2):
        done = auditor("audit", str(tree), "--no-cache", "--format", form, "-o", str(tree / "out.txt"))
        assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    assert is_earlier_result(tree / "out.txt", AUDITED)
    assert not is_earlier_result(tree / "out.txt", REQUESTS)


def test_a_workload_and_what_was_measured_are_known_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('{"id":"a","method":"GET","path":"/"}\n')
    assert is_earlier_result(path, REQUESTS)
    assert not is_earlier_result(path, AUDITED)
    path.write_text('{"schema":"auditor/observation@1","requests":[]}')
    assert is_earlier_result(path, MEASURED)
    path.write_text(
        "# What was measured\n\n**Run without a jail.**\n\n1 request on 1 endpoint.\n\n| endpoint |\n"
    )
    assert is_earlier_result(path, MEASURED)
