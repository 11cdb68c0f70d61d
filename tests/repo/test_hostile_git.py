"""A repository whose own settings try to run commands, read in every way there is."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.repo.git_folder import find_git_folder
from auditor.repo.refs import read_head
from auditor.repo.snapshot import open_snapshot
from auditor.repo.tracked import read_tracked

Repository = Callable[[Mapping[str, str | bytes]], Path]
Git = Callable[..., str]

HOOKS = [
    "pre-commit",
    "post-checkout",
    "post-index-change",
    "reference-transaction",
    "fsmonitor-watchman",
    "pre-auto-gc",
]


@pytest.fixture
def hostile(repository: Repository, tmp_path: Path) -> tuple[Path, Path]:
    """A repository in which anything git would run writes a file, and that file."""
    marker = tmp_path / "marker"
    run = tmp_path / "run.sh"
    run.write_text(f'#!/bin/sh\necho "$0 $@" >> {marker}\ncat\n')
    run.chmod(0o755)
    root = repository({
        "a.py": "a = 1\n",
        "b.py": "b = 1\n",
        ".gitattributes": "* filter=evil diff=evil merge=evil\n",
        ".gitmodules": f'[submodule "s"]\n\tpath = s\n\turl = ext::{run}\n\tupdate = !{run}\n',
        "a.py.orig": "",
    })  # fmt: skip
    hooks = root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).write_text(run.read_text())
        (hooks / name).chmod(0o755)
    (root / ".git" / "included").write_text(
        f"[core]\n\tsshCommand = {run}\n\tpager = {run}\n\teditor = {run}\n"
    )
    with (root / ".git" / "config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = {run}\n\thooksPath = {hooks}\n\tattributesFile = {root}/.gitattributes\n"
            f"\talternateRefsCommand = {run}\n\tgitProxy = {run}\n\taskPass = {run}\n"
            f'[filter "evil"]\n\tclean = {run}\n\tsmudge = {run}\n\tprocess = {run}\n\trequired = true\n'
            f'[diff "evil"]\n\ttextconv = {run}\n\tcommand = {run}\n[diff]\n\texternal = {run}\n'
            f'[merge "evil"]\n\tdriver = {run}\n[credential]\n\thelper = !{run}\n[gpg]\n\tprogram = {run}\n'
            f"[alias]\n\tcat-file = !{run}\n\tls-tree = !{run}\n[uploadpack]\n\tpackObjectsHook = {run}\n"
            f'[remote "origin"]\n\turl = ext::{run}\n\tpromisor = true\n\tuploadpack = {run}\n'
            f"[extensions]\n\tpartialClone = origin\n[include]\n\tpath = included\n"
            f"[gc]\n\trecentObjectsHook = {run}\n"
        )
    # The rest must hurt, or the test would prove nothing.
    (root / "a.py").write_text("a = 2\n")
    subprocess.run(["git", "-C", str(root), "status"], capture_output=True, check=False)
    assert marker.exists()
    marker.unlink()
    return root, marker


@pytest.mark.parametrize("ref", [None, "HEAD", "main", "HEAD~0", "nope"])
def test_nothing_runs(hostile: tuple[Path, Path], ref: str | None) -> None:
    root, marker = hostile
    if ref == "nope":
        with pytest.raises(Exception, match="no commit is named"):
            open_snapshot(root, ref=ref)
    else:
        with open_snapshot(root, ref=ref) as snapshot:
            read = {file.path: snapshot.read(file) for file in snapshot.files}
        # The raw bytes: a filter would have had a say.
        assert read == {"a.py": b"a = 2\n" if ref is None else b"a = 1\n", "b.py": b"b = 1\n"}
    assert not marker.exists()


def test_a_missing_blob_is_not_fetched(hostile: tuple[Path, Path], git: Git) -> None:
    root, marker = hostile
    oid = git("rev-parse", "HEAD:b.py")
    (root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with open_snapshot(root, ref="HEAD") as snapshot:
        assert [(entry.path, entry.reason) for entry in snapshot.skipped] == [("b.py", "missing")]
    assert not marker.exists()


def test_the_environment_cannot_name_commands(
    hostile: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, marker = hostile
    run = str(tmp_path / "run.sh")
    for name, value in {
        "GIT_DIR": str(root / ".git"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": run,
        "GIT_EXTERNAL_DIFF": run,
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_SSH_COMMAND": run,
        "GIT_TRACE": str(marker),
        "GIT_PAGER": run,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(root)
    with open_snapshot(root, ref="HEAD") as snapshot:
        assert snapshot.read(snapshot.files[0]) == b"a = 1\n"
    assert not marker.exists()


def test_a_repository_inside_with_settings_of_its_own(
    hostile: tuple[Path, Path], git: Git, tmp_path: Path
) -> None:
    root, marker = hostile
    outer = tmp_path / "outer"
    outer.mkdir()
    git("init", "-q", cwd=outer)
    (outer / "x.py").write_text("")
    root.rename(outer / "inner")
    snapshot = open_snapshot(outer)
    assert [(entry.path, entry.reason) for entry in snapshot.skipped] == [("inner", "nested-repository")]
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "ref: ../../secret\n",
        "ref: refs/heads/../../../secret\n",
        "ref: refs/heads/a\0b\n",
        "ref: refs/heads/x.lock\n",
        "ref: /etc/passwd\n",
        "deadbeef\n",
        "g" * 40,
        "",
        "\xff",
        "ref:",
        "x" * 100_000,
    ],
)
def test_a_head_that_names_nothing_sensible(repository: Repository, tmp_path: Path, text: str) -> None:
    root = repository({"a.py": ""})
    (tmp_path / "secret").write_text("a" * 40)
    (root / ".git" / "HEAD").write_text(text)
    snapshot = open_snapshot(root)
    assert snapshot.commit is None


def test_names_that_stand_for_each_other(repository: Repository) -> None:
    root = repository({"a.py": ""})
    (root / ".git" / "HEAD").write_text("ref: refs/heads/one\n")
    (root / ".git" / "refs" / "heads" / "one").write_text("ref: refs/heads/two\n")
    (root / ".git" / "refs" / "heads" / "two").write_text("ref: refs/heads/one\n")
    git = find_git_folder(root)
    assert git is not None
    assert read_head(git).commit is None


@pytest.mark.parametrize("what", ["pipe", "loop", "text", "empty"])
def test_a_git_entry_that_is_none(repository: Repository, what: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.py").write_text("")
    if what == "pipe":
        os.mkfifo(plain / ".git")
    elif what == "loop":
        (plain / ".git").symlink_to(".git")
    else:
        (plain / ".git").write_text("gitdir: /no/such\0place\n" if what == "text" else "")
    assert open_snapshot(plain).commit is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"DIRC",
        b"DIRC\0\0\0\2\xff\xff\xff\xff",
        b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\xff" * 200,
        b"DIRC\0\0\0\x09\0\0\0\1" + b"\0" * 100,
        b"\0" * 1000,
    ],
)
def test_an_index_that_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "index").write_bytes(data)
    found = read_tracked(tmp_path / "index", id_bytes=20)
    assert not found.has("a.py")
    assert not found.has_under("a")
