"""How often files were changed, from a real history and from none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.repo.churn import Churn, read_churn

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Git, Tree


def history(git: Git, tree: Tree, *steps: dict[str, str]) -> tuple[Path, str]:
    """One commit for each step, and the last one's id."""
    root = tree({})
    git("init", "-q")
    for number, files in enumerate(steps):
        tree(files)
        git("add", "-A")
        git("commit", "-q", "-m", str(number))
    return root.resolve(), git("rev-parse", "HEAD")


def test_commits_are_counted_by_file(git: Git, tree: Tree) -> None:
    root, head = history(git, tree, {"a.py": "1", "b c.py": "1"}, {"a.py": "2"}, {"a.py": "3", "ü.py": "1"})
    assert read_churn(root, head) == Churn(3, {"a.py": 3, "b c.py": 1, "ü.py": 1})


def test_paths_are_those_below_the_target(git: Git, tree: Tree) -> None:
    root, head = history(git, tree, {"app/a.py": "1", "b.py": "1"}, {"app/a.py": "2"})
    assert read_churn(root / "app", head).changes == {"a.py": 2}


def test_without_history_nothing_is_known(git: Git, tree: Tree) -> None:
    root, head = history(git, tree, {"a.py": "1"})
    assert read_churn(root, None) == Churn()
    assert read_churn(root, "0" * 40) == Churn()
    (root / ".git" / "shallow").write_text(head + "\n")
    assert read_churn(root, head) == Churn()


def test_settings_of_the_target_run_nothing(git: Git, tree: Tree, tmp_path: Path) -> None:
    root, head = history(git, tree, {"a.py": "1", ".gitattributes": "*.py diff=evil\n"}, {"a.py": "2"})
    ran = tmp_path / "ran"
    git("config", "diff.evil.textconv", f"touch {ran}; cat")
    git("config", "diff.external", f"touch {ran}")
    git("config", "core.fsmonitor", f"touch {ran}")
    assert read_churn(root, head).changes["a.py"] == 2
    assert not ran.exists()
