import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.fault import Fault
from auditor.trial.trees import Entry, Tree, TreeStore, entries_of, fault_of, write_entries

NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=12
).filter(lambda name: name not in {".", "..", ".git"} and len(name.encode()) < 200)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TreeStore:
    return TreeStore(tmp_path_factory.mktemp("store") / "trees.git")


def listed(store: TreeStore, tree: Tree) -> dict[str, tuple[str, bytes]]:
    return {entry.path: (entry.mode, entry.content) for entry in store.entries(tree)}


@settings(max_examples=15)
@given(files=st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=5))
def test_what_is_stored_comes_back_whatever_its_name(store: TreeStore, files: dict[str, bytes]) -> None:
    tree = store.store(
        [Entry(path, "100644", content) for path, content in sorted(files.items())], name="any"
    )
    assert listed(store, tree) == {path: ("100644", content) for path, content in files.items()}


def test_a_folder_goes_in_and_out_again(store: TreeStore, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    (source / "app" / ".git").mkdir(parents=True)
    (source / "app" / ".git" / "config").write_text("[core]\nfsmonitor = touch /tmp/fired\n")
    (source / "app" / "main.py").write_bytes(b"x\r\n")
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("app/main.py")
    (source / "out").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    tree = store.store(entries_of(source), name="folder")
    assert sorted(listed(store, tree)) == ["app/main.py", "link", "out", "run.sh"]
    copy.mkdir()
    write_entries(store.entries(tree), copy)
    assert (copy / "app" / "main.py").read_bytes() == b"x\r\n"
    assert (copy / "run.sh").stat().st_mode & 0o111
    assert (copy / "out").is_symlink()
    assert store.store(entries_of(copy), name="again").id == tree.id


def test_a_derived_tree_differs_by_its_files_only(store: TreeStore) -> None:
    base = store.store([Entry("a", "100755", b"1"), Entry("b", "100644", b"2")], name="base")
    made = store.derive(base, {"a": b"9", "new/c": b"3"}, name="change/1")
    assert store.changed(base, made) == ("a", "new/c")
    assert listed(store, made) == {"a": ("100755", b"9"), "b": ("100644", b"2"), "new/c": ("100644", b"3")}
    assert store.read(made, "a") == b"9"
    assert store.read(base, "new/c") is None
    assert store.derive(made, {"a": b"1"}, name="change/2").id != base.id
    assert store.derive(base, {"a": b"1"}, name="change/3").id == base.id


def test_the_same_tree_is_the_same_commit_on_another_day(store: TreeStore, tmp_path: Path) -> None:
    entries = [Entry("a", "100644", b"1")]
    assert TreeStore(tmp_path / "other.git").store(entries, name="n") == store.store(entries, name="n")


def test_what_is_forgotten_goes_and_what_is_kept_stays(tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "trees.git")
    kept = store.store([Entry("a", "100644", b"kept")], name="kept")
    gone = store.store([Entry("a", "100644", b"gone")], name="gone")
    store.forget("gone")
    store.compact()
    assert store.find(kept.commit) == kept
    assert store.find(gone.commit) is None
    assert listed(store, kept) == {"a": ("100644", b"kept")}


def test_a_missing_object_is_told(tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "trees.git")
    tree = store.store([Entry("a", "100644", b"content")], name="n")
    for blob in (tmp_path / "trees.git" / "objects").glob("??/*"):
        if blob.parent.name + blob.name not in {tree.id, tree.commit}:
            blob.unlink()
    with pytest.raises(Fault, match="missing"):
        list(store.entries(tree))


def test_a_store_without_its_objects_says_what_to_do(tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "trees.git")
    tree = store.store([Entry("a.py", "100644", b"x")], name="a")
    for file in (tmp_path / "trees.git" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    with pytest.raises(Fault, match=r"no longer whole.*start a new run"):
        store.read(tree, "a.py")


@pytest.mark.parametrize("left", [[], ["HEAD"], ["HEAD", "config"], ["objects"]])
def test_what_was_left_half_made_is_made_whole(tmp_path: Path, left: list[str]) -> None:
    folder, half = tmp_path / "trees.git", tmp_path / "trees.git.new"
    half.mkdir()
    (half / "HEAD").write_text("ref: refs/heads/master\n")
    (TreeStore(folder), shutil.rmtree(folder / "refs"))
    for name in {"HEAD", "config"} - {*left}:
        (folder / name).unlink()
    if "objects" not in left:
        shutil.rmtree(folder / "objects")
    store = TreeStore(folder)
    tree = store.store([Entry("a", "100644", b"1")], name="n")
    assert store.read(tree, "a") == b"1"
    assert not half.exists()


def test_a_full_disk_is_told_as_one() -> None:
    said = "fatal: file 'x' write error. Out of diskspace\nfast-import: dumping crash report to x/fast_import_crash_1\n"
    fault = fault_of("fast-import", said, Path("trees.git"))
    assert fault.what == "can't be written: fatal: file 'x' write error. Out of diskspace"
    assert "make room" in fault.hint
    assert fault_of("init", "", Path("trees.git")).what == "git init failed: it says nothing"


def test_nothing_of_the_users_configuration_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[core]\n\tautocrlf = true\n[alias]\n\tinit = !touch fired\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    store = TreeStore(tmp_path / "trees.git")
    tree = store.store([Entry("a", "100644", b"x\r\n")], name="n")
    assert store.read(tree, "a") == b"x\r\n"
    assert not (tmp_path / "nowhere").exists()
