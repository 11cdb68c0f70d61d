"""Whole folders copied and taken away by a program of the system's."""

import os
from pathlib import Path

import pytest

from auditor.execution.guest import guest_identity
from auditor.execution.in_bulk import copy_whole, remove_whole
from auditor.model.fault import Fault


def made(folder: Path) -> Path:
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "file").write_bytes(b"content")
    (folder / "deep" / "file").write_bytes(b"")
    (folder / "deep" / "file").chmod(0o600)
    os.utime(folder / "deep" / "file", ns=(1, 2_000_000_003))
    (folder / ".hidden").write_bytes(b"too")
    (folder / "-rf").write_bytes(b"a name like a flag")
    return folder


def test_all_of_it_is_copied_as_it_was_and_no_link_is_followed(tmp_path: Path) -> None:
    source, target = made(tmp_path / "source"), tmp_path / "target"
    (source / "out").symlink_to("/etc/hostname")
    target.mkdir(mode=0o700)
    copy_whole(source, target, guest=guest_identity())
    names = sorted(str(path.relative_to(source)) for path in source.rglob("*"))
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == names
    assert (target / "deep" / "deeper" / "file").read_bytes() == b"content"
    assert (target / "out").readlink() == Path("/etc/hostname")
    copied = (target / "deep" / "file").stat()
    assert (copied.st_mode & 0o777, copied.st_mtime_ns) == (0o600, 2_000_000_003)
    guest = guest_identity()
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in target.rglob("*")} == {
        (guest.uid, guest.gid)
    }


def test_a_copy_that_fails_says_why(tmp_path: Path) -> None:
    made(tmp_path / "source")
    with pytest.raises(Fault, match="can't be copied: No such file or directory"):
        copy_whole(tmp_path / "source", tmp_path / "nowhere" / "target", guest=guest_identity())


def test_all_of_it_is_taken_away_and_no_more(tmp_path: Path) -> None:
    kept, going = made(tmp_path / "kept"), made(tmp_path / "going")
    (going / "link").symlink_to(kept)
    (going / "locked").mkdir()
    (going / "locked" / "file").write_bytes(b"")
    (going / "locked").chmod(0o000)
    remove_whole(going)
    assert not going.exists()
    assert (kept / "deep" / "file").exists()
    remove_whole(going)


def test_a_link_is_taken_away_and_its_end_stays(tmp_path: Path) -> None:
    kept = made(tmp_path / "kept")
    (tmp_path / "link").symlink_to(kept)
    remove_whole(tmp_path / "link")
    assert not (tmp_path / "link").is_symlink()
    assert (kept / "deep" / "file").exists()
