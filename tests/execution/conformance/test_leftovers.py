"""What a guest leaves behind harms neither the host nor the next run."""

import os
from pathlib import Path

import pytest

from auditor.execution.confinement import Bind
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.model.fault import Fault

TRAPS = """
import os
os.symlink(sys.argv[1], 'link')
os.symlink(os.path.dirname(sys.argv[1]), 'folder-link')
os.symlink('loop', 'loop')
os.mkfifo('fifo')
import socket; socket.socket(socket.AF_UNIX).bind('socket')
os.mkdir('locked'); open('locked/file', 'w').close(); os.chmod('locked', 0)
os.mkdir('many'); [open(f'many/{n}', 'w').close() for n in range(5000)]
for _ in range(int(sys.argv[2])):
    os.mkdir('deep'); os.chdir('deep')
open('end', 'w').close()
print('done')
"""


def test_s16_links_pipes_and_depths_are_removed_without_following_or_blocking(cell, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    before = (precious / "file").stat()
    once = os.geteuid() == 0 and cell.jail.name == "bubblewrap"  # it takes a disk some seconds
    assert cell.says(TRAPS, str(precious / "file"), "4096" if once else "200") == "done"
    remove_tree(cell.work)
    assert not cell.work.exists()
    after = (precious / "file").stat()
    assert (precious / "file").read_text() == "kept"
    assert (after.st_uid, after.st_mode, after.st_ctime_ns) == (
        before.st_uid,
        before.st_mode,
        before.st_ctime_ns,
    )


def test_s16_handing_over_a_copy_with_traps_in_it_follows_no_link(stripped, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (stripped.work / "link").symlink_to(precious / "file")
    (stripped.work / "folder-link").symlink_to(precious)
    os.mkfifo(stripped.work / "fifo")
    before = (precious / "file").stat().st_ctime_ns, precious.stat().st_uid
    own_copy(stripped.work, stripped.guest)
    assert ((precious / "file").stat().st_ctime_ns, precious.stat().st_uid) == before
    assert (stripped.work / "link").lstat().st_uid == stripped.guest.uid
    remove_tree(stripped.work)


def test_s16_a_link_in_place_of_what_a_guest_may_write_is_refused(cell, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / "link").symlink_to(precious)
    with pytest.raises(Fault, match="is a link"):
        cell.run("print(1)", binds=(Bind(source=tmp_path / "link", target="/run/auditor", writable=True),))


def test_s19_what_a_run_writes_over_a_copy_is_gone_for_the_next(walled, tmp_path: Path) -> None:
    if not walled.jail.overlays:
        pytest.skip("this bubblewrap has no overlays")
    copy = tmp_path / "copy"
    (copy / "package").mkdir(parents=True)
    (copy / "package" / "module.py").write_text("old")
    own_copy(copy, walled.guest)
    layer = Bind(source=copy, target="/layer", overlay=True)
    code = """
import os
print(sorted(os.listdir('/layer')), open('/layer/package/module.py').read())
open('/layer/package/module.py', 'w').write('new')
open('/layer/sitecustomize.py', 'w').write('import os')
os.mkdir('/layer/.git'); os.remove('/layer/package/module.py'); os.rmdir('/layer/package')
"""
    for _ in range(2):
        assert walled.says(code, binds=(layer,)) == "['package'] old"
    assert [path.name for path in copy.iterdir()] == ["package"]
    assert (copy / "package" / "module.py").read_text() == "old"


def test_a_layer_over_files_of_others_is_refused_before_it_can_fail(walled, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make files of others")
    if not walled.jail.overlays:
        pytest.skip("this bubblewrap has no overlays")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "file").write_text("root's")
    with pytest.raises(Fault, match="don't belong to"):
        walled.run("print(1)", binds=(Bind(source=copy, target="/layer", overlay=True),))
