"""Private copies, their way back, and reading what a guest left."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.beneath import ends_beneath, open_beneath, read_beneath, tail_beneath
from auditor.execution.copies import copy_tree
from auditor.execution.disposable import own_folder, remove_abandoned, start_time
from auditor.execution.guest import guest_identity
from auditor.execution.removal import remove_tree
from auditor.execution.tree_state import changed, restore, stamps
from auditor.model.fault import Fault

GUEST = guest_identity()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for name, text in {
        "a.py": "a",
        "data/rows.bin": "\0\1",
        "pkg/inner/x.py": "x",
        "run.sh": "#!/bin/sh",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    (root / "run.sh").chmod(0o4755)
    return root


def listing(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def test_files_of_every_kind_with_their_modes_and_times(source: Path, tmp_path: Path) -> None:
    os.utime(source / "a.py", ns=(1, 2_000_000_000))
    copied = copy_tree(source, tmp_path / "copy", guest=GUEST)
    assert listing(tmp_path / "copy") == listing(source)
    assert (copied.files, copied.size_bytes, copied.left_out) == (4, 13, ())
    status = (tmp_path / "copy/run.sh").stat()
    assert stat.S_IMODE(status.st_mode) == 0o755
    assert (status.st_uid, status.st_gid) == (GUEST.uid, GUEST.gid)
    assert (tmp_path / "copy/a.py").stat().st_mtime_ns == 2_000_000_000


def test_nothing_of_a_repository_and_nothing_installed(source: Path, tmp_path: Path) -> None:
    for name in (".git/config", "sub/.git", "node_modules/m.js", ".venv/pyvenv.cfg", "pkg/__pycache__/x.pyc"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("", "utf-8")
    (source / "app.egg-info").mkdir()
    (source / "app.egg-info/PKG-INFO").write_text("", "utf-8")
    copy_tree(source, tmp_path / "copy", guest=GUEST)
    assert listing(tmp_path / "copy") == [
        "a.py",
        "app.egg-info/PKG-INFO",
        "data/rows.bin",
        "pkg/inner/x.py",
        "run.sh",
    ]


def test_links_stay_inside_or_are_left_out(source: Path, tmp_path: Path) -> None:
    (source / "inside").symlink_to("pkg/inner")
    (source / "pkg/up").symlink_to("../a.py")
    (source / "out").symlink_to("../elsewhere")
    (source / "absolute").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    copied = copy_tree(source, tmp_path / "copy", guest=GUEST)
    assert [path for path, _ in copied.left_out] == ["absolute", "out", "pipe"]
    assert (tmp_path / "copy/inside/x.py").read_text("utf-8") == "x"
    assert (tmp_path / "copy/pkg/up").read_text("utf-8") == "a"


def test_the_digest_is_that_of_the_contents(source: Path, tmp_path: Path) -> None:
    digests = [
        copy_tree(source, tmp_path / "1", guest=GUEST).digest,
        copy_tree(source, tmp_path / "2", guest=GUEST).digest,
    ]
    changes = {"a.py": b"b", "new/deep/file.py": b"n"}
    replaced = copy_tree(source, tmp_path / "3", guest=GUEST, replaced=changes)
    assert digests[0] == digests[1] != replaced.digest
    assert (tmp_path / "3/a.py").read_bytes() == b"b"
    assert (tmp_path / "3/new/deep/file.py").read_bytes() == b"n"
    assert (source / "a.py").read_bytes() == b"a"


@pytest.mark.parametrize("path", ["../x.py", "a/../../x.py", "inside/x.py"])
def test_no_content_is_put_outside(source: Path, tmp_path: Path, path: str) -> None:
    (source / "inside").symlink_to("pkg")
    with pytest.raises(Fault, match="leads out of the tree"):
        copy_tree(source, tmp_path / "copy", guest=GUEST, replaced={path: b""})


def test_too_deep_folders_are_left_out_and_said(source: Path, tmp_path: Path) -> None:
    deep = source / "/".join(["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "x.py").touch()
    copied = copy_tree(source, tmp_path / "copy", guest=GUEST)
    assert [reason for _, reason in copied.left_out] == ["more than 100 folders deep"]


# The way back.

NAMES = st.sampled_from(
    ["a.py", "pkg", "pkg/inner", "pkg/inner/x.py", "data/rows.bin", "new", "new/file", "run.sh"]
)
ACTS = st.lists(
    st.tuples(st.sampled_from(["write", "remove", "folder", "link", "touch"]), NAMES), max_size=12
)


@given(acts=ACTS)
def test_whatever_a_guest_does_is_undone(
    acts: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, outside = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("outside")
    (outside / "x.py").write_text("mine", "utf-8")
    for name in ("a.py", "pkg/inner/x.py", "data/rows.bin", "run.sh"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, "utf-8")
    kept = tmp_path_factory.mktemp("kept") / "tree"
    copy_tree(root, kept, guest=GUEST)
    before = stamps(root)
    for act, name in acts:
        path = root / name
        if not path.parent.is_dir() or path.parent.resolve() != path.parent:
            continue  # through a link a guest meets nothing: what lies outside is not in its jail
        if act == "remove" or path.is_dir() or path.is_symlink():
            remove_tree(path)
        if act == "write":
            path.write_text("changed", "utf-8")
        elif act == "folder" and not path.exists():
            path.mkdir()
        elif act == "link":
            remove_tree(path)
            path.symlink_to(outside)
        elif act == "touch" and path.exists():
            path.chmod(0o600)
    restore(root, before, kept=kept, guest=GUEST)
    after = stamps(root)
    assert {path: stamp.mode for path, stamp in after.items()} == {
        path: stamp.mode for path, stamp in before.items()
    }
    assert {name: (root / name).read_text("utf-8") for name in listing(root)} == {
        name: name for name in listing(root)
    }
    assert (outside / "x.py").read_text("utf-8") == "mine"


def test_nothing_is_written_where_nothing_changed(source: Path, tmp_path: Path) -> None:
    copy_tree(source, tmp_path / "kept", guest=GUEST)
    before = stamps(source)
    assert restore(source, before, kept=tmp_path / "kept", guest=GUEST) == ()
    assert changed(before, stamps(source)) == ()


# What a guest left is never followed.


def test_plain_files_are_read_within_limits(source: Path) -> None:
    assert read_beneath(source, "pkg/inner/x.py", limit=10) == b"x"
    (source / "long").write_bytes(b"0123456789")
    assert read_beneath(source, "long", limit=3, start=2) == b"234"
    assert tail_beneath(source, "long", limit=4) == b"6789"
    assert ends_beneath(source, "long", limit=6).startswith(b"012\n")
    assert ends_beneath(source, "long", limit=6).endswith(b"789")
    assert tail_beneath(source, "missing", limit=4) == b""


@pytest.mark.parametrize(
    "path", ["link", "folder/x.py", "pipe", "pkg", "../source/a.py", "/etc/passwd", "", "pkg/./inner/x.py"]
)
def test_what_is_no_plain_file_beneath_is_not_opened(source: Path, path: str) -> None:
    (source / "link").symlink_to("a.py")
    (source / "folder").symlink_to("pkg/inner")
    os.mkfifo(source / "pipe")
    with pytest.raises(OSError):
        open_beneath(source, path)


# Folders of processes.


def test_folders_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    own = own_folder(tmp_path)
    for name in ("1-1", f"{os.getpid()}-1", "99999999-5", "other"):
        (tmp_path / "tmp" / name / "inner").mkdir(parents=True)
    removed = {path.name for path in remove_abandoned(tmp_path)}
    assert removed == {"1-1", f"{os.getpid()}-1", "99999999-5"}
    assert own.is_dir()
    assert (tmp_path / "tmp/other").is_dir()
    assert own_folder(tmp_path) == own


def test_a_start_time_tells_processes_apart() -> None:
    mine = start_time(os.getpid())
    assert mine is not None
    assert start_time(1) != mine
    assert start_time(99_999_999) is None
