"""Nothing that runs in a jail uses more than it may, and the host stays alive."""

import os
import time
from pathlib import Path

import pytest

from auditor.execution.confinement import Limits
from auditor.execution.keeper.cgroup import make_group


def test_s5_a_fork_bomb_stops_at_the_limit(stripped) -> None:
    code = """
import errno, os, time
n = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        n += 1
except OSError as error:
    print(n, errno.errorcode[error.errno])
"""
    if os.geteuid() != 0 and stripped.jail.name == "outer":
        pytest.skip("an outer jail is for root in a container: its self-test refuses others")
    ended = stripped.run(code, limits=Limits(wall_s=20, processes=64))
    count, name = ended.output.split()
    # Without a cgroup of its own the limit is of the user, whose other processes count too.
    assert (0 if stripped.jail.name == "outer" else 40) < int(count) < 64
    assert name == b"EAGAIN"


def test_s5_two_jails_do_not_share_one_count(walled) -> None:
    limits = Limits(wall_s=20, processes=64)
    first = walled.start(
        "import os, time\nfor _ in range(50):\n    if os.fork() == 0: time.sleep(60)\nprint('up', flush=True)\ntime.sleep(60)",
        limits=limits,
    )
    said = walled.says(
        "import os, time\nfor _ in range(50):\n    if os.fork() == 0: time.sleep(60)\nprint('all', flush=True); os._exit(0)",
        limits=limits,
    )
    assert said == "all"
    first.stop()


def test_s6_a_memory_hog_is_ended_by_its_limit(cell) -> None:
    began = time.monotonic()
    ended = cell.run(
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        limits=Limits(wall_s=30, memory_bytes=256 << 20),
    )
    assert not ended.succeeded
    assert ended.how != "deadline"
    assert time.monotonic() - began < 25
    group = make_group(1 << 30, 10)
    if group:
        group.remove()
        assert (ended.how, ended.code) == ("memory", None)
    else:
        assert b"MemoryError" in ended.errors


def test_s7_a_disk_filler_meets_the_end_of_tmp(walled) -> None:
    code = """
import errno
try:
    with open('/tmp/full', 'wb') as file:
        for _ in range(64): file.write(bytes(1 << 20))
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert walled.says(code, limits=Limits(wall_s=20, tmp_bytes=16 << 20)) == "ENOSPC"


def test_s7_a_disk_filler_meets_the_end_of_its_file(cell) -> None:
    code = """
import errno
try:
    with open('full', 'wb') as file:
        for _ in range(64): file.write(bytes(1 << 20))
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert cell.says(code, limits=Limits(wall_s=20, file_bytes=16 << 20)) == "EFBIG"
    assert (cell.work / "full").stat().st_size == 16 << 20


def test_s8_a_spinning_process_meets_the_deadline(cell) -> None:
    ended = cell.run(
        "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\nwhile True: pass",
        limits=Limits(wall_s=1),
    )
    assert (ended.how, ended.code) == ("deadline", None)
    assert 1 <= ended.wall_s < 5
    assert cell.alive() == []


def test_s18_a_flood_of_output_is_capped_and_its_end_is_kept(cell) -> None:
    limits = Limits(wall_s=60, output_bytes=1 << 16)
    code = """
import os
os.write(1, b'\\x1b[31mfirst\\xff')
for _ in range(1024): os.write(1, b'x' * (1 << 18))
os.write(1, b'last')
"""
    ended = cell.run(code, limits=limits)
    assert ended.succeeded
    assert ended.output.startswith(b"\x1b[31mfirst\xff")
    assert ended.output.endswith(b"xlast")
    assert len(ended.output) < (1 << 16) + 100
    assert ended.dropped_bytes == (1 << 28) + 11 + 4 - (1 << 16)


def test_s18_a_line_that_never_ends_is_handed_on_in_pieces(cell) -> None:
    pieces: list[bytes] = []
    cell.start("import os\nfor _ in range(16): os.write(1, b'x' * (1 << 16))", each_line=pieces.append).wait(
        30
    )
    assert sum(map(len, pieces)) == 1 << 20
    assert max(map(len, pieces)) <= 1 << 18


def test_open_files_and_core_dumps_are_limited(cell) -> None:
    said = cell.says(
        "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE))",
        limits=Limits(wall_s=20, open_files=100),
    )
    assert said == "(100, 100) (0, 0)"


def test_control_groups_are_gone_with_their_runs() -> None:
    group = make_group(1 << 30, 10)
    if group is None:
        return
    folders = group._folders
    assert all(Path(folder).is_dir() for folder in folders)
    group.remove()
    assert not any(Path(folder).is_dir() for folder in folders)
