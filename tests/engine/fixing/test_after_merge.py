"""The whole way by command: kept, brought home, merged, broken in production, blamed, taken back."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.dispatch import dispatch
from auditor.engine.fixing.request import FixRequest

pytestmark = pytest.mark.long


def test_a_merge_that_broke_something_is_taken_back_and_the_rest_stays(
    shelf: FixRequest,
    patch: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = shelf.audit.path
    monkeypatch.setenv("AUDITOR_STATE_DIR", str(shelf.user.state_dir))
    monkeypatch.setenv("AUDITOR_CACHE_DIR", str(shelf.user.cache_dir))
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        git(root, *arguments)

    def run(*words: str, status: int = 0) -> tuple[str, str]:
        found = dispatch(list(words))
        output, errors = capsys.readouterr()
        assert found == status, errors
        return output, errors

    given = [word for name in ("people", "names") for word in ("--patch", str(patch(name)))]
    run("fix", str(root), "--no-edges", "--no-time", "--workload", str(shelf.workload), *given)
    output, errors = run("apply", str(root))
    branch = output.split()[0]
    assert f"git merge {branch}" in errors
    git(root, "merge", "-q", branch)
    assert "names=found[:limit])" in (root / "app.py").read_text()
    assert "there already: C-people" in run("apply", str(root))[0]

    # The user goes on, and days later somebody calls.
    (root / "readme.txt").write_text("more\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "mine")
    output, errors = run("blame", str(root), "--url", "/names?limit=0")
    assert "C-names is at fault: names" in output
    assert "learnt: K-" in output
    assert f"on {branch}: `auditor apply` takes it back" in errors
    output, _ = run("constraint", "list", "--path", str(root))
    assert "keep-falsy parameter=limit endpoint=GET /names" in output
    output, _ = run("apply", str(root))
    assert "takes back C-names" in output
    git(root, "merge", "-q", output.split()[0])
    text = (root / "app.py").read_text()
    assert "names=found[:limit] if limit else found)" in text
    assert "found = [row[0] for row in" in text
    assert 'by_id[team["person"]]["teams"].append(team["name"])' in text
    assert (root / "readme.txt").read_text() == "more\n"
    output, _ = run("undo", "C-people", str(root), "--dry-run")
    assert output.splitlines() == ["would take out C-people: people", "would be tried again: C-names"]


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    words = ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments]
    subprocess.run(words, cwd=folder, check=True, env=environment)
