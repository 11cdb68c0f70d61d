"""`auditor callgraph` in both forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli.main import main


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "inner.py").write_text("def f(): ...\n")
    (tmp_path / "main.py").write_text("from pack.inner import f\nf()\nlen([])\n")
    return tmp_path


def test_edges_with_their_confidence(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["callgraph", str(tree), "--no-cache"]) == 0
    graph = json.loads(capsys.readouterr().out)
    assert graph["schema"] == "auditor/callgraph@1"
    called = {(edge["callee"].rpartition(".")[2], edge["confidence"]) for edge in graph["edges"]}
    assert called == {("f", 1.0), ("len", 1.0)}


def test_the_form_of_pycg_names_modules_after_their_paths(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["callgraph", str(tree), "--format", "pycg", "--no-cache"]) == 0
    graph = json.loads(capsys.readouterr().out)
    assert graph == {
        "main": ["<builtin>.len", "pack.inner.f"],
        "<builtin>.len": [],
        "pack.inner": [],
        "pack.inner.f": [],
    }


def test_a_tree_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["callgraph", str(tmp_path / "none")]) == 2
    assert "no such directory" in capsys.readouterr().err
