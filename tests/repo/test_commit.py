"""A commit, read through a repository of our own."""

import os
import pickle
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from auditor.model.fault import Fault
from auditor.repo.commit import list_commit, resolve
from auditor.repo.errors import Unreadable
from auditor.repo.git_folder import find_git_folder
from auditor.repo.git_process import find_git
from auditor.repo.snapshot import Snapshot, open_snapshot

Repository = Callable[[Mapping[str, str | bytes]], Path]
Git = Callable[..., str]


@pytest.fixture(autouse=True)
def nothing_left_behind(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """In a folder for temporary files of the test's own, since others work in the common one at the same time."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert not list(folder.glob("auditor-git-*"))


def listing(snapshot: Snapshot) -> dict[str, bytes]:
    return {file.path: snapshot.read(file) for file in snapshot.files}


def fault(path: Path, ref: str | None) -> str:
    with pytest.raises(Fault) as caught:
        open_snapshot(path, ref=ref)
    return str(caught.value)


def test_reads_the_commit_and_not_the_work_tree(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "old", "b/c.py": "c", "tests/t.py": "t", "x.md": "x"})
    (root / "a.py").write_text("new")
    (root / "d.py").write_text("untracked")
    with open_snapshot(root, ref="HEAD") as snapshot:
        assert listing(snapshot) == {"a.py": b"old", "b/c.py": b"c", "tests/t.py": b"t"}
        assert [file.role for file in snapshot.files] == ["app", "app", "test"]
        assert [file.size for file in snapshot.files] == [3, 1, 1]
        assert (snapshot.commit, snapshot.dirty) == (git("rev-parse", "HEAD"), False)


@pytest.mark.parametrize(
    "ref", ["main", "v1", "HEAD~1", "HEAD^", "v1^{commit}", "refs/tags/v1", ":/first", "main~1"]
)
def test_every_way_to_name_a_commit(repository: Repository, git: Git, ref: str) -> None:
    root = repository({"a.py": "1"})
    git("tag", "-a", "v1", "-m", "annotated")
    first = git("rev-parse", "HEAD")
    (root / "a.py").write_text("2")
    git("commit", "-q", "-a", "-m", "second")
    with open_snapshot(root, ref=ref) as snapshot:
        assert snapshot.commit == (git("rev-parse", "HEAD") if ref == "main" else first)
    with open_snapshot(root, ref=first[:8]) as snapshot:
        assert listing(snapshot) == {"a.py": b"1"}


def test_packed_names_and_objects(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "1"})
    git("gc", "-q")
    assert not (root / ".git/refs/heads/main").exists()
    assert open_snapshot(root).commit == git("rev-parse", "HEAD")
    with open_snapshot(root, ref="main") as snapshot:
        assert listing(snapshot) == {"a.py": b"1"}


def test_a_folder_of_the_repository(repository: Repository) -> None:
    root = repository({"svc/a.py": "a", "svc/c.py": "c", "other/b.py": "b"})
    with open_snapshot(root / "svc", ref="HEAD", exclude=["c.py"]) as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}
    (root / "later").mkdir()
    assert "'later' cannot be read at 'HEAD'" in fault(root / "later", "HEAD")


def test_a_worker_reads_with_a_git_of_its_own(repository: Repository) -> None:
    with open_snapshot(repository({"a.py": "a"}), ref="HEAD") as snapshot:
        copy = pickle.loads(pickle.dumps(snapshot))
        assert listing(copy) == listing(snapshot) == {"a.py": b"a"}
        copy.close()
        assert listing(snapshot) == {"a.py": b"a"}


def test_a_forked_child_does_not_disturb_its_parent(repository: Repository) -> None:
    with open_snapshot(repository({"a.py": "a", "b.py": "b"}), ref="HEAD") as snapshot:
        child = os.fork()
        if not child:
            ok = listing(snapshot) == {"a.py": b"a", "b.py": b"b"}
            snapshot.close()
            os._exit(0 if ok else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert listing(snapshot) == {"a.py": b"a", "b.py": b"b"}


def test_state_depends_on_content_alone(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "1"})
    with open_snapshot(root, ref="HEAD") as first:
        git("commit", "-q", "--allow-empty", "-m", "again")
        with open_snapshot(root, ref="HEAD") as second:
            assert first.state == second.state
            assert first.commit != second.commit


# Shapes of repositories.


def test_a_bare_repository_is_read_at_its_head(repository: Repository, git: Git, tmp_path: Path) -> None:
    repository({"a.py": "a"})
    git("clone", "-q", "--bare", str(tmp_path / "target"), str(tmp_path / "bare"))
    with open_snapshot(tmp_path / "bare") as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}
        assert snapshot.commit == git("rev-parse", "HEAD")


def test_a_detached_head(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    git("checkout", "-q", "--detach")
    snapshot = open_snapshot(root)
    assert (snapshot.commit, snapshot.branch) == (git("rev-parse", "HEAD"), None)


def test_the_branch_of_a_work_tree(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    git("checkout", "-q", "-b", "feature/é")
    assert open_snapshot(root).branch == "feature/é"


def test_a_linked_work_tree(repository: Repository, git: Git, tmp_path: Path) -> None:
    root = repository({"a.py": "a", ".gitignore": "no.py\n"})
    git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "b.py").write_text("b")
    (tmp_path / "side" / "no.py").write_text("n")
    snapshot = open_snapshot(tmp_path / "side")
    assert [file.path for file in snapshot.files] == ["a.py", "b.py"]
    assert (snapshot.commit, snapshot.branch) == (git("rev-parse", "HEAD", cwd=root), "side")
    with open_snapshot(tmp_path / "side", ref="side") as committed:
        assert list(listing(committed)) == ["a.py"]


def test_no_commits(repository: Repository, git: Git, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git("init", "-q", cwd=fresh)
    (fresh / "a.py").write_text("")
    snapshot = open_snapshot(fresh)
    assert (snapshot.commit, snapshot.branch) == (None, "main")
    assert "no commits yet" in fault(fresh, "HEAD")


def test_a_shallow_clone(repository: Repository, git: Git, tmp_path: Path) -> None:
    root = repository({"a.py": "1"})
    first = git("rev-parse", "HEAD")
    (root / "a.py").write_text("2")
    git("commit", "-q", "-a", "-m", "second")
    git("clone", "-q", "--depth=1", root.as_uri(), str(tmp_path / "shallow"))
    with open_snapshot(tmp_path / "shallow", ref="main") as snapshot:
        assert listing(snapshot) == {"a.py": b"2"}
    assert "git fetch --unshallow" in fault(tmp_path / "shallow", first)


def test_a_partial_clone_says_what_it_lacks_and_fetches_nothing(
    repository: Repository, git: Git, tmp_path: Path
) -> None:
    root = repository({"a.py": "a", "pkg/b.py": "b"})
    git("config", "uploadpack.allowFilter", "true")
    marker = tmp_path / "fetched"
    git("clone", "-q", "--filter=blob:none", "--no-checkout", root.as_uri(), str(tmp_path / "partial"))
    git("cat-file", "-p", "HEAD:a.py", cwd=tmp_path / "partial")
    git("config", "remote.origin.uploadpack", f"touch {marker}; git-upload-pack", cwd=tmp_path / "partial")
    with open_snapshot(tmp_path / "partial", ref="main") as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}
        assert [(entry.path, entry.reason) for entry in snapshot.skipped] == [("pkg/b.py", "missing")]
    assert not marker.exists()
    git("cat-file", "-p", "HEAD:pkg/b.py", cwd=tmp_path / "partial")
    assert marker.exists(), "the trap does not work"


def test_a_clone_with_borrowed_objects(repository: Repository, git: Git, tmp_path: Path) -> None:
    root = repository({"a.py": "a"})
    odd = tmp_path / 'a "b"\n#c:d\\é'
    git("clone", "-q", "--shared", str(root), str(odd))
    with open_snapshot(odd, ref="main") as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}


def test_submodules_and_links_are_not_entered(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    (root / "out.py").symlink_to("/etc/passwd")
    (root / "in.py").symlink_to("a.py")
    git("add", "-A")
    git("update-index", "--add", "--cacheinfo", f"160000,{git('rev-parse', 'HEAD')},sub")
    git("commit", "-q", "-m", "links")
    with open_snapshot(root, ref="HEAD") as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}
        assert {entry.path: entry.text for entry in snapshot.skipped} == {
            "out.py": "a symbolic link (leads out of the tree)",
            "in.py": "a symbolic link (stays in the tree)",
            "sub": "a repository of its own (submodule)",
        }


def test_sha256(repository: Repository, git: Git, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    git("init", "-q", "--object-format=sha256", cwd=new)
    (new / "a.py").write_text("a")
    (new / "ignored.py").write_text("b")
    git("add", "-A", cwd=new)
    git("commit", "-q", "-m", "first", cwd=new)
    (new / ".gitignore").write_text("ignored.py\n")
    snapshot = open_snapshot(new)
    assert snapshot.commit == git("rev-parse", "HEAD", cwd=new)
    assert [file.path for file in snapshot.files] == ["a.py", "ignored.py"]
    with open_snapshot(new, ref="main") as committed:
        assert listing(committed) == {"a.py": b"a", "ignored.py": b"b"}


def test_names_in_a_reftable_are_not_guessed(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    commit = git("rev-parse", "HEAD")
    (root / ".git" / "reftable").mkdir()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")
    assert open_snapshot(root).commit is None
    assert "full commit id" in fault(root, "main")
    with open_snapshot(root, ref=commit) as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}


# Content.


def test_large_files_odd_names_and_pointers(repository: Repository) -> None:
    names = ["new\nline.py", "tab\t.py", "-x.py", "é.py", 'q".py']
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    root = repository({**dict.fromkeys(names, "x"), "big.py": "x" * 2_000_000, "lfs.py": pointer})
    (root / os.fsdecode(b"caf\xe9.py")).touch()
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
    subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
        check=True,
    )
    with open_snapshot(root, ref="HEAD") as snapshot:
        by_path = {file.path: file for file in snapshot.files}
        assert sorted(by_path) == sorted([*names, "lfs.py"])
        assert {snapshot.read(by_path[name]) for name in names} == {b"x"}
        with pytest.raises(Unreadable, match="LFS"):
            snapshot.read(by_path["lfs.py"])
        assert {entry.path: entry.reason for entry in snapshot.skipped} == {
            "big.py": "too-large",
            "caf\\xe9.py": "name",
        }


def test_a_blob_that_is_damaged_does_not_stop_the_others(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a", "b.py": "b" * 5000, "c.py": "c"})
    oid = git("rev-parse", "HEAD:b.py")
    with open_snapshot(root, ref="HEAD") as snapshot:
        a, b, c = snapshot.files
        loose = root / ".git" / "objects" / oid[:2] / oid[2:]
        loose.chmod(0o600)
        loose.write_bytes(loose.read_bytes()[:20])
        with pytest.raises(Unreadable, match="not in this clone"):
            snapshot.read(b)
        assert snapshot.read(a) + snapshot.read(c) == b"ac"


def test_a_tree_without_end_is_given_up(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    tree = git("mktree", data=f"100644 blob {git('rev-parse', 'HEAD:a.py')}\ta.py\n".encode())
    for _ in range(10):
        tree = git("mktree", data="".join(f"040000 tree {tree}\td{n}\n" for n in range(10)).encode())
    git("tag", "bomb", git("commit-tree", "-m", "bomb", tree))
    folder = find_git_folder(root)
    assert folder is not None
    begin = time.process_time()
    blobs, commit = resolve(folder, root, "bomb")
    with pytest.raises(Fault, match="'bomb' has over 20,000 files"):
        list_commit(blobs, commit, prefix="", root=root, ref="bomb", entries=20_000)
    blobs.close()
    assert time.process_time() - begin < 5


def test_names_that_no_work_tree_can_hold(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    blob = git("rev-parse", "HEAD:a.py")
    inner = git("mktree", data=f"100644 blob {blob}\tevil.py\n".encode())
    entries = b"".join(
        mode + b" " + name + b"\0" + bytes.fromhex(oid)
        for mode, name, oid in [
            (b"40000", b"..", inner),
            (b"100644", b"a.py", blob),
            (b"100644", b"a.py", blob),
        ]
    )
    tree = git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=entries)
    git("tag", "odd", git("commit-tree", "-m", "odd", tree))
    with open_snapshot(root, ref="odd") as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}
        assert [(entry.path, entry.reason) for entry in snapshot.skipped] == [("../evil.py", "special")]


# What the user got wrong.


def test_unknown_revision_offers_the_nearest(repository: Repository, git: Git) -> None:
    root = repository({"a.py": "a"})
    git("branch", "release-2")
    git("tag", "release-10")
    assert "did you mean 'release-2' or 'release-10'?" in fault(root, "relase-2")


@pytest.mark.parametrize(
    "ref", ["", "nope", "--help", "-h", "main\nHEAD", "main:a.py", "HEAD^{tree}", "a b", "HEAD~9", "\0"]
)
def test_what_names_no_commit(repository: Repository, ref: str) -> None:
    assert "no commit is named" in fault(repository({"a.py": "a"}), ref)


def test_not_a_repository(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    assert "is not in a git repository" in fault(tmp_path, "main")


def test_no_python_in_a_commit(repository: Repository) -> None:
    assert "has no Python files" in fault(repository({"a.js": "a"}), "HEAD")


def test_git_is_not_taken_from_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "target" / "bin"
    planted.mkdir(parents=True)
    (planted / "git").write_text("#!/bin/sh\nexit 1\n")
    (planted / "git").chmod(0o755)
    (tmp_path / "linked").symlink_to(planted)
    monkeypatch.chdir(planted)
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(planted), "", ".", str(tmp_path / "linked"), os.environ["PATH"]])
    )
    assert Path(find_git(tmp_path / "target")).resolve() != (planted / "git").resolve()
    monkeypatch.setenv("PATH", str(planted))
    with pytest.raises(Fault, match="git was not found"):
        find_git(tmp_path / "target")


def test_a_planted_git_does_not_run(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "marker"
    root = repository({"svc/a.py": "a", "bin/git": f"#!/bin/sh\ntouch {marker}\n"})
    (root / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(root / "svc")
    with open_snapshot(Path(), ref="HEAD") as snapshot:
        assert listing(snapshot) == {"a.py": b"a"}
    assert not marker.exists()
