"""Folders that a killed process leaves behind: what is not to be touched first."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.repo.scratch import drop_scratch, make_scratch, scratch, sweep


@pytest.fixture
def dead() -> int:
    """The id of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_is_not_of_a_dead_process_of_ours_stays(tmp_path: Path, dead: int) -> None:
    for name in (
        "auditor-jail-x1y2",
        f"auditor-{dead}",
        f"other-jail-{dead}-ab",
        f"auditor-jail-{os.getpid()}-ab",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / f"auditor-jail-{dead}-file").touch()
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (tmp_path / f"auditor-jail-{dead}-link").symlink_to(kept)
    before = sorted(tmp_path.rglob("*"))
    assert sweep(tmp_path) == ()
    assert sorted(tmp_path.rglob("*")) == before


def test_what_somebody_holds_stays_whatever_its_name_says(tmp_path: Path, dead: int) -> None:
    folder = tmp_path / f"auditor-jail-{dead}-ab"
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert sweep(tmp_path) == ()
    os.close(descriptor)
    assert sweep(tmp_path) == (folder,)


def test_what_a_dead_process_left_goes_with_all_that_is_in_it(tmp_path: Path, dead: int) -> None:
    folder = tmp_path / f"auditor-dump-{dead}-ab_1"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "out").symlink_to(tmp_path)
    (folder / "inner" / "file").write_text("x")
    (tmp_path / "own").touch()
    assert sweep(tmp_path) == (folder,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own"]


def test_a_folder_is_there_while_it_is_used_and_gone_afterwards() -> None:
    with scratch("test") as folder:
        (folder / "file").touch()
        assert f"-{os.getpid()}-" in folder.name
        assert folder not in sweep(folder.parent)
    assert not folder.exists()
    drop_scratch(folder)


def test_a_killed_process_leaves_it_to_the_next_one(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from auditor.repo.scratch import make_scratch; "
        "print(make_scratch('test'), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    left = Path(said.stdout.strip())
    assert left.parent == tmp_path
    assert left.is_dir()
    assert sweep(tmp_path) == (left,)


def test_one_that_is_made_is_ours_alone() -> None:
    folder = make_scratch("test")
    assert folder.stat().st_mode & 0o777 == 0o700
    drop_scratch(folder)
