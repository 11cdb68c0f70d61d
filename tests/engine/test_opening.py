import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest
from auditor.model.fault import Fault

Tree = Callable[[Mapping[str, str]], Path]


def commit(root: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "trunk"], ["add", "-f", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def paths(request: AuditRequest) -> list[str]:
    with opened(request) as job:
        return [file.path for file in job.snapshot.files if file.is_python]


def test_without_settings_everything_is_read(tree: Tree) -> None:
    assert paths(AuditRequest(path=tree({"a.py": "", "b/c.py": ""}))) == ["a.py", "b/c.py"]


def test_what_the_settings_exclude_is_not_read(tree: Tree) -> None:
    root = tree({"a.py": "", "b/c.py": "", "auditor.toml": "[audit]\nexclude = ['b/']\n"})
    assert paths(AuditRequest(path=root)) == ["a.py"]


def test_settings_that_git_ignores_count_all_the_same(tree: Tree) -> None:
    files = {
        "a.py": "",
        "b/c.py": "",
        "auditor.toml": "[audit]\nexclude = ['b/']\n",
        ".gitignore": "*.toml\n",
    }
    assert paths(AuditRequest(path=tree(files))) == ["a.py"]


def test_a_commit_is_read_under_its_own_settings(tree: Tree) -> None:
    root = tree({"a.py": "", "b/c.py": "", "auditor.toml": "[audit]\nexclude = ['b/']\n"})
    commit(root)
    (root / "auditor.toml").write_text("[audit]\nexclude = ['a.py']\n")
    assert paths(AuditRequest(path=root, ref="trunk")) == ["a.py"]
    assert paths(AuditRequest(path=root)) == ["b/c.py"]


def test_a_commit_without_settings_is_not_read_under_todays(tree: Tree) -> None:
    root = tree({"a.py": "", "b/c.py": ""})
    commit(root)
    (root / "auditor.toml").write_text("this is not TOML")
    assert paths(AuditRequest(path=root, ref="HEAD")) == ["a.py", "b/c.py"]


def test_settings_that_cannot_be_used_are_a_fault(tree: Tree) -> None:
    root = tree({"a.py": "", "auditor.toml": "[audit]\nexlude = []\n"})
    with pytest.raises(Fault, match="did you mean 'exclude'"):
        opened(AuditRequest(path=root))


def test_settings_that_exclude_everything_leave_nothing_to_read(tree: Tree) -> None:
    root = tree({"a.py": "", "auditor.toml": "[audit]\nexclude = ['*.py']\n"})
    with pytest.raises(Fault, match="no Python"):
        opened(AuditRequest(path=root))
