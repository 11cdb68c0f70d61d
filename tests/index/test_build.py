"""From a tree to an index: what is read, what is said about the rest, what the cache changes (nothing)."""

import gc
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.index.build import Index, build_index
from auditor.index.origin import TargetSource
from auditor.repo.snapshot import Snapshot, open_snapshot

WriteTree = Callable[[Mapping[str, str]], Path]


def built(root: Path, *, cache: Path | None = None, library: Path | None = None, jobs: int = 1) -> Index:
    with open_snapshot(root) as snapshot:
        return index_of(snapshot, cache=cache, library=library, jobs=jobs)


def index_of(
    snapshot: Snapshot, *, cache: Path | None = None, library: Path | None = None, jobs: int = 1
) -> Index:
    nowhere = snapshot.root / "no-library"
    return build_index(
        snapshot, jobs=jobs, cache_dir=cache, progress=lambda _done, _total: None, library=library or nowhere
    )


def content(index: Index) -> object:
    modules = [(m.path, m.name, m.role, m.body, m.lines, m.ignores) for m in index.project.modules]
    return modules, index.coverage, dict(index.ignores), index.templates


def test_roles(tree: WriteTree) -> None:
    root = tree({
        "app/__init__.py": "",
        "app/views.py": "def f(): g()  # auditor: ignore[x] why\n",
        "app/migrations/__init__.py": "",
        "app/migrations/0001_initial.py": "class Migration: x = 1\n",
        "app/templates/a.html": "{{ x }}\n",
        "manage.py": "import os\n",
        "tests/test_views.py": "def test_f(): pass\n",
        "vendor/lib.py": "x = 1\n",
    })  # fmt: skip
    index = built(root)
    assert {m.path: m.role for m in index.project.modules} == {
        "app/__init__.py": "app",
        "app/migrations/0001_initial.py": "migration",
        "app/migrations/__init__.py": "migration",
        "app/views.py": "app",
        "manage.py": "config",
    }
    assert index.coverage.left_aside == (("test", 1), ("vendored", 1))
    assert (index.coverage.files, index.coverage.lines) == (5, 3)
    assert dict(index.ignores) == {"app/views.py": ((1, ("x",), "why"),)}
    assert [file.path for file in index.templates] == ["app/templates/a.html"]


def test_bad_files_are_entries(tree: WriteTree) -> None:
    root = tree(
        {"good.py": "def f(): g()\n", "conflict.py": "x = 1\n<<<<<<< HEAD\ny = 2\n=======\n>>>>>>> b\n"}
    )
    (root / "binary.py").write_bytes(bytes(range(256)) * 20)
    (root / "wide.py").write_bytes("x = 1\n".encode("utf-16"))
    (root / "latin.py").write_bytes(b"def caf\xe9(): f()\n")
    (root / "deep.py").write_bytes(b"x=" + b"(" * 200_000 + b")" * 200_000)
    (root / "old.py").write_bytes(b'print "x"\n')
    (root / "crlf.py").write_bytes(b"x = 1\r\ny = 2\r\n")
    (root / "empty.py").write_bytes(b"")
    index = built(root)
    assert [path for path, _ in index.coverage.unparsed] == ["binary.py", "deep.py", "wide.py"]
    assert dict(index.coverage.unparsed)["wide.py"] == "is UTF-16, which Python does not read as source"
    assert index.coverage.partial == (("conflict.py", 2),)
    assert index.coverage.notes == (("latin.py", "is not valid UTF-8 at byte 7"),)
    assert index.project.by_path["latin.py"].functions[0].name == "café"
    assert index.project.by_path["crlf.py"].lines == 2


def test_files_that_change_or_vanish_during_the_run(tree: WriteTree) -> None:
    root = tree({"a.py": "x = 1\n", "b.py": "y = 1\n", "c.py": "z = 1\n"})
    with open_snapshot(root) as snapshot:
        (root / "a.py").unlink()
        (root / "b.py").write_text("y = 22\n")
        index = index_of(snapshot)
    assert [path for path, _ in index.coverage.unparsed] == ["a.py", "b.py"]
    assert [m.path for m in index.project.modules] == ["c.py"]


def test_the_cache_and_the_number_of_children_change_nothing(tree: WriteTree, tmp_path: Path) -> None:
    files = {
        f"p/m{n}.py": f"from p.m{n + 1} import f\ndef f(x): return x.y({n})\n" * (n + 1) for n in range(60)
    }
    root = tree({**files, "p/__init__.py": "", "deep.py": "x=" + "(" * 5000 + ")" * 5000})
    plain = content(built(root))
    assert content(built(root, jobs=3)) == plain
    assert content(built(root, cache=tmp_path / "cache")) == plain
    assert content(built(root, cache=tmp_path / "cache")) == plain


def test_an_unchanged_file_is_not_read_again(tree: WriteTree, tmp_path: Path) -> None:
    root = tree({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    with open_snapshot(root, ref="HEAD") as snapshot:
        before = content(index_of(snapshot, cache=tmp_path / "cache"))
    # A closed snapshot of a commit can't be read any more.
    assert content(index_of(snapshot, cache=tmp_path / "cache")) == before


def test_a_time_stamp_is_trusted_once_it_is_old_enough(tree: WriteTree) -> None:
    with open_snapshot(tree({"a.py": "x = 1\n"})) as snapshot:
        source = TargetSource(snapshot, snapshot.files[0])
        assert not source.is_settled(time.time())
        assert source.is_settled(time.time() + 3)


def test_a_file_changed_a_moment_ago_is_read_again(tree: WriteTree, tmp_path: Path) -> None:
    root = tree({"a.py": "x = 1\n"})
    built(root, cache=tmp_path / "cache")
    with open_snapshot(root) as snapshot:
        (root / "a.py").unlink()
        assert index_of(snapshot, cache=tmp_path / "cache").coverage.unparsed


def test_content_that_moved_is_not_parsed_again(tree: WriteTree, tmp_path: Path) -> None:
    root = tree({"a.py": "x = f(1)\n"})
    built(root, cache=tmp_path / "cache")
    (root / "a.py").rename(root / "b.py")
    steps: list[tuple[int, int]] = []
    with open_snapshot(root) as snapshot:
        index = build_index(
            snapshot,
            jobs=1,
            cache_dir=tmp_path / "cache",
            progress=lambda *s: steps.append(s),
            library=tmp_path / "none",
        )
    assert [m.path for m in index.project.modules] == ["b.py"]
    assert steps == [(1, 1)]


def test_a_cache_that_can_not_be_had_is_a_warning(tree: WriteTree, tmp_path: Path) -> None:
    root = tree({"a.py": "x = 1\n"})
    (tmp_path / "taken").write_text("")
    index = built(root, cache=tmp_path / "taken")
    assert index.coverage.files == 1
    assert len(index.warnings) == 1


def test_models_of_libraries(tree: WriteTree, tmp_path: Path) -> None:
    models = tmp_path / "models" / "flask"
    models.mkdir(parents=True)
    (models / "__init__.py").write_text("class Flask:\n    def route(self): f()\n")
    root = tree({"a.py": "from flask import Flask\n"})
    index = built(root, library=tmp_path / "models")
    assert [(m.path, m.name, m.role) for m in index.project.modules] == [
        ("<library>/flask/__init__.py", "flask", "library"),
        ("a.py", "a", "app"),
    ]
    assert (index.coverage.files, index.coverage.lines) == (1, 1)


def test_progress_may_end_the_work(tree: WriteTree) -> None:
    class Enough(BaseException):
        pass

    def stop(done: int, _total: int) -> None:
        if done:
            raise Enough

    root = tree({f"m{n}.py": f"x = f({n})\n" for n in range(200)})
    with open_snapshot(root) as snapshot, pytest.raises(Enough):
        build_index(snapshot, jobs=2, cache_dir=None, progress=stop, library=root / "none")


def test_the_collector_is_left_as_it_was(tree: WriteTree) -> None:
    root = tree({"a.py": "x = 1\n"})
    assert gc.isenabled()
    built(root)
    assert gc.isenabled()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes are POSIX's")
def test_what_is_kept_is_for_the_user_alone(tree: WriteTree, tmp_path: Path) -> None:
    built(tree({"a.py": "x = 1\n"}), cache=tmp_path / "cache")
    assert (tmp_path / "cache" / "index").stat().st_mode & 0o077 == 0
