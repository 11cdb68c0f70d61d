"""A work tree as it stands on disk."""

import os
import pickle
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.model.fault import Fault
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import Snapshot, open_snapshot

Tree = Callable[[Mapping[str, str | bytes]], Path]
Git = Callable[..., str]


def paths(snapshot: Snapshot) -> list[str]:
    return [file.path for file in snapshot.files]


def reasons(snapshot: Snapshot) -> dict[str, str]:
    return {entry.path: entry.reason for entry in snapshot.skipped}


def content(snapshot: Snapshot, path: str) -> bytes:
    return snapshot.read(next(file for file in snapshot.files if file.path == path))


def test_files_come_sorted_with_role_and_content(tree: Tree) -> None:
    root = tree({"b/views.py": "v", "b-c.py": "c", "a.py": "a", "tests/test_a.py": "t", "README.md": "r"})
    snapshot = open_snapshot(root)
    assert [(file.path, file.role, file.size) for file in snapshot.files] == [
        ("a.py", "app", 1),
        ("b-c.py", "app", 1),
        ("b/views.py", "app", 1),
        ("tests/test_a.py", "test", 1),
    ]
    assert (snapshot.commit, snapshot.branch, snapshot.dirty, snapshot.skipped) == (None, None, None, ())
    assert content(snapshot, "b/views.py") == b"v"


def test_the_tree_is_left_as_it_was(tree: Tree) -> None:
    root = tree({"a.py": "a", "b/c.py": "c"})
    before = {path: path.lstat() for path in (root, *root.rglob("*"))}
    snapshot = open_snapshot(root)
    for file in snapshot.files:
        snapshot.read(file)
    after = {path: path.lstat() for path in (root, *root.rglob("*"))}
    assert {path: (s.st_mtime_ns, s.st_ctime_ns) for path, s in before.items()} == {
        path: (s.st_mtime_ns, s.st_ctime_ns) for path, s in after.items()
    }


def test_a_snapshot_can_be_sent_to_a_worker(tree: Tree) -> None:
    snapshot = pickle.loads(pickle.dumps(open_snapshot(tree({"a.py": "a"}))))
    assert content(snapshot, "a.py") == b"a"


def test_state_is_equal_until_something_changes(tree: Tree) -> None:
    root = tree({"a.py": "a", "b.md": "b"})
    first = open_snapshot(root).state
    (root / "b.md").write_text("changed")
    assert open_snapshot(root).state == first
    (root / "a.py").write_text("b")
    second = open_snapshot(root).state
    assert second != first
    (root / "c.py").write_text("")
    assert open_snapshot(root).state != second


def test_state_sees_an_edit_that_keeps_size_and_time(tree: Tree) -> None:
    root = tree({"a.py": "a = 1"})
    about = (root / "a.py").stat()
    first = open_snapshot(root).state
    (root / "a.py").write_text("a = 2")
    os.utime(root / "a.py", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert open_snapshot(root).state != first


# What is not read.


def test_ignored_files_are_no_part_of_the_target(tree: Tree) -> None:
    root = tree({
        ".gitignore": "build/\n*_local.py\n!keep_local.py\n",
        "a.py": "",
        "a_local.py": "",
        "keep_local.py": "",
        "build/x.py": "",
        "sub/.gitignore": "!a_local.py\n/b.py\n",
        "sub/a_local.py": "",
        "sub/b.py": "",
        "sub/sub/b.py": "",
    })  # fmt: skip
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py", "keep_local.py", "sub/a_local.py", "sub/sub/b.py"]
    assert snapshot.skipped == ()


@pytest.mark.parametrize("version", ["2", "4"])
def test_a_tracked_file_is_read_although_a_rule_ignores_it(tree: Tree, git: Git, version: str) -> None:
    root = tree(
        {
            "a.py": "",
            "lib/deep/tracked.py": "",
            "lib/tracked.py": "",
            "lib/stray.py": "",
            "lib/deep/x/y.py": "",
        }
    )
    git("init", "-q")
    git("add", "a.py", "lib/deep/tracked.py", "lib/tracked.py")
    git("update-index", "--index-version", version)
    (root / ".gitignore").write_text("lib/\n")
    assert paths(open_snapshot(root)) == ["a.py", "lib/deep/tracked.py", "lib/tracked.py"]


def test_rules_above_the_root_and_in_the_git_folder_count(tree: Tree, git: Git) -> None:
    names = ["x.py", "svc/skip_a.py", "svc/b.py", "svc/only_here.py", "svc/excluded.py"]
    root = tree({".gitignore": "skip_*.py\n/svc/only_here.py\n", **dict.fromkeys(names, "")})
    git("init", "-q")
    (root / ".git" / "info" / "exclude").write_text("excluded.py\n")
    assert paths(open_snapshot(root / "svc")) == ["b.py"]


def test_a_root_that_is_itself_ignored_was_meant(tree: Tree, git: Git) -> None:
    root = tree({"x.py": "", ".gitignore": "out/\n", "out/a/b.py": ""})
    git("init", "-q")
    assert paths(open_snapshot(root / "out" / "a")) == ["b.py"]


def test_rules_that_cannot_be_read_are_said(tree: Tree, tmp_path: Path) -> None:
    root = tree({"a.py": "a", "b/b.py": "b", "b/.gitignore/odd.txt": "", "c/c.py": "c"})
    (tmp_path / "rules").write_text("*.py")
    (root / "c" / ".gitignore").symlink_to(tmp_path / "rules")
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py", "b/b.py", "c/c.py"]
    assert reasons(snapshot)["b/.gitignore"] == "unreadable"
    assert reasons(snapshot)["c/.gitignore"] == "unreadable"


def test_what_the_user_excludes_is_said(tree: Tree) -> None:
    root = tree({"a.py": "", "old/b.py": "", "new/b.py": "", "new/c.py": ""})
    snapshot = open_snapshot(root, exclude=["/old/", "c.py"])
    assert paths(snapshot) == ["a.py", "new/b.py"]
    assert reasons(snapshot) == {"old": "excluded", "new/c.py": "excluded"}


def test_installed_dependencies_are_not_searched(tree: Tree) -> None:
    root = tree({"a.py": "", "node_modules/x/setup.py": "", "env/pyvenv.cfg": "", "env/lib/x.py": "",
                 "vendor/x.py": "", "__pycache__/a.py": ""})  # fmt: skip
    snapshot = open_snapshot(root)
    assert [(file.path, file.role) for file in snapshot.files] == [
        ("a.py", "app"),
        ("vendor/x.py", "vendored"),
    ]
    assert reasons(snapshot) == {"env": "dependencies", "node_modules": "dependencies"}


def test_a_repository_inside_a_repository_is_not_entered(tree: Tree, git: Git) -> None:
    root = tree({"a.py": "", "inner/b.py": "", "sub/c.py": "", "sub/.git": "gitdir: ../.git/modules/sub\n"})
    git("init", "-q")
    git("init", "-q", "inner")
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py"]
    assert reasons(snapshot) == {"inner": "nested-repository", "sub": "nested-repository"}


def test_repositories_in_a_plain_folder_are_folders(tree: Tree, git: Git) -> None:
    root = tree({"one/a.py": "", "two/b.py": ""})
    git("init", "-q", "one")
    assert paths(open_snapshot(root)) == ["one/a.py", "two/b.py"]


def test_links_are_not_followed_wherever_they_lead(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("secret")
    root = tree({"a.py": "a", "pkg/b.py": "b"})
    (root / "loop").symlink_to(".")
    (root / "pkg" / "up").symlink_to("..")
    (root / "self.py").symlink_to("self.py")
    (root / "out.py").symlink_to("../secret.py")
    (root / "absolute.py").symlink_to(tmp_path / "secret.py")
    (root / "home").symlink_to("/")
    (root / "inside.py").symlink_to("a.py")
    (root / "broken.py").symlink_to("gone.py")
    (root / "picture.png").symlink_to("a.py")
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py", "pkg/b.py"]
    assert {entry.path: entry.detail for entry in snapshot.skipped} == {
        "absolute.py": "leads out of the tree",
        "broken.py": "stays in the tree",
        "home": "leads out of the tree",
        "inside.py": "stays in the tree",
        "loop": "stays in the tree",
        "out.py": "leads out of the tree",
        "pkg/up": "stays in the tree",
        "self.py": "stays in the tree",
    }


def test_the_root_may_be_a_link(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree({"a.py": "a"}))
    assert paths(open_snapshot(tmp_path / "link")) == ["a.py"]


def test_special_files_do_not_block(tree: Tree) -> None:
    root = tree({"a.py": ""})
    os.mkfifo(root / "pipe.py")
    os.mkfifo(root / ".gitignore")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(root, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/s.py" if Path("/proc/self/fd").exists() else str(root / "s.py"))
        os.close(here)
        snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py"]
    assert reasons(snapshot) == {".gitignore": "unreadable", "pipe.py": "special", "s.py": "special"}


def test_files_over_a_mebibyte_are_skipped(tree: Tree) -> None:
    root = tree(
        {"a.py": "x" * 1024 * 1024, "b.py": "x" * (1024 * 1024 + 1), "dump.sql": "x" * 3_000_000, "c.bin": ""}
    )
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py"]
    assert len(content(snapshot, "a.py")) == 1024 * 1024
    assert [entry.text for entry in snapshot.skipped] == ["too large (1.0 MB)", "too large (3.0 MB)"]


def test_odd_names_do_no_harm(tree: Tree) -> None:
    stems = [
        "new\nline",
        "quo'\"te",
        "tab\t",
        "-rf",
        " ",
        "é",
        "e\u0301",
        "CON",
        "x" * 252,
        "A",
        "a",
        "[a]",
        "\\",
        "\u202e",
    ]
    names = [f"{stem}.py" for stem in stems]
    root = tree(dict.fromkeys(names, "x"))
    snapshot = open_snapshot(root)
    assert paths(snapshot) == sorted(names)
    assert {content(snapshot, name) for name in names} == {b"x"}


def test_a_name_that_is_not_utf8_is_said_and_readable(tree: Tree) -> None:
    root = tree({"a.py": ""})
    for name in (b"caf\xe9.py", b"d\xff"):
        path = root / os.fsdecode(name)
        path.touch() if b"." in name else path.mkdir()
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py"]
    assert reasons(snapshot) == {"caf\\xe9.py": "name", "d\\xff": "name"}
    snapshot.state.encode()


def test_folders_too_deep_for_a_path_are_skipped(tree: Tree) -> None:
    root = tree({"a.py": ""})
    before = Path.cwd()
    name = "d" * 200
    try:
        os.chdir(root)
        for _ in range(25):
            Path(name).mkdir()
            os.chdir(name)
    finally:
        os.chdir(before)
    snapshot = open_snapshot(root)
    assert paths(snapshot) == ["a.py"]
    assert list(reasons(snapshot).values()) == ["unreadable"]


def test_unreadable_entries_are_skipped(tree: Tree) -> None:
    root = tree({"a.py": "a", "closed/b.py": "b", "c.py": "c"})
    (root / "closed").chmod(0)
    (root / "c.py").chmod(0)
    if os.access(root / "closed", os.R_OK):
        (root / "closed").chmod(stat.S_IRWXU)
        pytest.skip("this user may read everything")
    snapshot = open_snapshot(root)
    (root / "closed").chmod(stat.S_IRWXU)
    assert paths(snapshot) == ["a.py", "c.py"]
    assert [(entry.path, entry.text) for entry in snapshot.skipped] == [
        ("closed", "cannot be read (Permission denied)")
    ]
    with pytest.raises(Unreadable, match="Permission denied"):
        content(snapshot, "c.py")


# Between listing and reading.


def test_a_file_that_vanishes(tree: Tree) -> None:
    root = tree({"a.py": "a", "b.py": "b"})
    snapshot = open_snapshot(root)
    (root / "a.py").unlink()
    with pytest.raises(Unreadable, match="No such file") as caught:
        content(snapshot, "a.py")
    assert caught.value.path == "a.py"
    assert content(snapshot, "b.py") == b"b"


@pytest.mark.parametrize("text", ["b", "longer", "", "x" * 2_000_000])
def test_a_file_that_changes(tree: Tree, text: str) -> None:
    root = tree({"a.py": "a"})
    snapshot = open_snapshot(root)
    (root / "a.py").write_text(text)
    with pytest.raises(Unreadable, match="changed while it was being read"):
        content(snapshot, "a.py")


@pytest.mark.parametrize("what", ["link", "pipe", "folder", "parent"])
def test_a_file_that_becomes_something_else(tree: Tree, tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("a")
    root = tree({"p/a.py": "a"})
    snapshot = open_snapshot(root)
    (root / "p" / "a.py").unlink()
    if what == "link":
        (root / "p" / "a.py").symlink_to(outside / "a.py")
    elif what == "pipe":
        os.mkfifo(root / "p" / "a.py")
    elif what == "folder":
        (root / "p" / "a.py").mkdir()
    else:
        (root / "p").rmdir()
        (root / "p").symlink_to(outside)
    with pytest.raises(Unreadable):
        content(snapshot, "p/a.py")


def test_text_and_what_is_none(tree: Tree) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    root = tree({"a.py": "\ufeffé\r\n", "b.py": "x".encode("utf-16"), "c.py": pointer})
    snapshot = open_snapshot(root)
    good, wide, lfs = snapshot.files
    assert snapshot.read_text(good).text == "é\n"
    with pytest.raises(Unreadable, match="UTF-16"):
        snapshot.read_text(wide)
    with pytest.raises(Unreadable, match="LFS"):
        snapshot.read(lfs)


# What the user got wrong.


def fault(path: Path) -> Fault:
    with pytest.raises(Fault) as caught:
        open_snapshot(path)
    assert caught.value.hint
    return caught.value


def test_missing(tmp_path: Path) -> None:
    assert fault(tmp_path / "nope").what == "there is no such directory"


def test_not_a_directory(tree: Tree) -> None:
    root = tree({"a.py": ""})
    assert "is not a directory" in str(fault(root / "a.py"))
    assert "is not a directory" in str(fault(root / "a.py" / "b"))
    os.mkfifo(root / "pipe")
    assert "is not a directory" in str(fault(root / "pipe"))


def test_root_that_is_a_loop(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be listed" in str(fault(tmp_path / "loop"))


def test_empty(tree: Tree) -> None:
    assert fault(tree({})).what == "is empty"


def test_no_python(tree: Tree) -> None:
    root = tree({"a.js": "", ".gitignore": "*.py\n", "x.py": "", "y.py": "", "node_modules/z.py": ""})
    assert (
        fault(root).what == "has no Python files (5 entries looked at, 2 ignored by .gitignore and 1 skipped)"
    )
