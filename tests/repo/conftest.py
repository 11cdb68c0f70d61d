"""A real git in a folder of its own, and trees written from a mapping."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Git = Callable[..., str]
Tree = Callable[[Mapping[str, str | bytes]], Path]

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes the files below `root`, folders included."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes a target tree in a folder of its own."""
    root = tmp_path / "target"
    root.mkdir()
    return lambda files: write(root, files)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in the target, or in `cwd`, and gives what it prints."""

    def run(*arguments: str, cwd: Path | None = None, data: bytes = b"") -> str:
        command = ["git", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", *arguments]
        done = subprocess.run(
            command,
            cwd=cwd or tmp_path / "target",
            env=ENVIRONMENT,
            input=data,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    return run


@pytest.fixture
def repository(tree: Tree, git: Git) -> Callable[[Mapping[str, str | bytes]], Path]:
    """Writes a target tree and commits all of it."""

    def make(files: Mapping[str, str | bytes]) -> Path:
        root = tree(files)
        git("init", "-q")
        git("add", "-A", "-f")
        git("commit", "-q", "-m", "first")
        return root

    return make
