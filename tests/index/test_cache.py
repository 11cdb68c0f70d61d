"""The cache of summaries: whatever happens to it, it holds nothing wrong and nothing fails."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from auditor.index.cache import Entry, SummaryCache

FILE = "summaries.sqlite3"
ENTRIES = [Entry(bytes([n]) * 20, b"data %d" % n, f"note {n}") for n in range(5)]
KEYS = [entry.key for entry in ENTRIES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "index"
    with SummaryCache(path) as cache:
        cache.keep(ENTRIES)
        cache.note_seen([(b"place", KEYS[0])])
        assert not cache.warning
    return path


def held(folder: Path) -> tuple[int, str]:
    with SummaryCache(folder) as cache:
        return len(cache.summaries(KEYS)), cache.warning


def test_no_folder_is_no_cache() -> None:
    with SummaryCache(None) as cache:
        cache.keep(ENTRIES)
        assert cache.summaries(KEYS) == {}
        assert cache.warning == ""


def test_damaged_data_is_not_there(folder: Path) -> None:
    with sqlite3.connect(folder / FILE) as file:
        file.execute("UPDATE summary SET data = X'00' WHERE key = ?", (KEYS[1],))
        file.execute("UPDATE summary SET note = 'another' WHERE key = ?", (KEYS[2],))
        file.execute("UPDATE summary SET key = ? WHERE key = ?", (b"x" * 20, KEYS[3]))
    file.close()
    with SummaryCache(folder) as cache:
        assert set(cache.summaries([*KEYS, b"x" * 20])) == {KEYS[0], KEYS[4]}


@pytest.mark.parametrize("content", [b"", b"garbage" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_none_is_replaced(folder: Path, content: bytes) -> None:
    (folder / FILE).write_bytes(content)
    assert held(folder) == (0, "")
    with SummaryCache(folder) as cache:
        cache.keep(ENTRIES)
    assert held(folder) == (5, "")


def test_damage_met_on_the_way_is_said_and_mended(folder: Path) -> None:
    with SummaryCache(folder) as cache:
        cache.keep(Entry(bytes([n]) * 20, b"x" * 5000, "") for n in range(100))
    data = bytearray((folder / FILE).read_bytes())
    data[4096 * 3 :] = os.urandom(len(data) - 4096 * 3)
    (folder / FILE).write_bytes(data)
    first, _ = held(folder)
    assert first < 5
    with SummaryCache(folder) as cache:
        cache.keep(ENTRIES)
    assert held(folder) == (5, "")


def test_another_format_is_replaced(folder: Path) -> None:
    with sqlite3.connect(folder / FILE) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    assert held(folder) == (0, "")


def test_a_folder_open_to_others_is_not_trusted(folder: Path) -> None:
    folder.chmod(0o755)
    count, warning = held(folder)
    assert count == 0
    assert "0700" in warning


def test_a_link_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert held(tmp_path / "link")[0] == 0


def test_a_place_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with SummaryCache(tmp_path / "file" / "index") as cache:
        cache.keep(ENTRIES)
        assert cache.summaries(KEYS) == {}
        assert cache.warning.startswith("the cache of parsed files is not used")


def test_a_full_disk_is_a_warning(folder: Path) -> None:
    with SummaryCache(folder) as cache:
        assert cache._file is not None
        cache._file.execute("PRAGMA max_page_count = 1")  # what SQLite says is what it says of a full disk
        cache.keep([Entry(b"y" * 20, b"z" * 1_000_000, "")])
        assert "full" in cache.warning
        cache.keep(ENTRIES)
    assert held(folder) == (5, "")


def test_another_audit_that_holds_the_file_is_a_warning(folder: Path) -> None:
    other = sqlite3.connect(folder / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with SummaryCache(folder) as cache:
        assert len(cache.summaries(KEYS)) == 5
        cache.keep([Entry(b"y" * 20, b"z", "")])
        assert "locked" in cache.warning
    other.close()
    assert held(folder) == (5, "")


def test_two_audits_at_once(tmp_path: Path) -> None:
    warnings: list[str] = []

    def work(part: int) -> None:
        with SummaryCache(tmp_path / "index") as cache:
            for n in range(40):
                cache.keep([Entry(bytes([part, n]) * 10, bytes([n]), "")])
            warnings.append(cache.warning)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings == [""] * 4
    with SummaryCache(tmp_path / "index") as cache:
        keys = [bytes([part, n]) * 10 for part in range(4) for n in range(40)]
        assert len(cache.summaries(keys)) == 160


def test_a_new_file_that_many_audits_open_at_the_same_moment(tmp_path: Path) -> None:
    warnings: list[str] = []

    def work(folder: Path, start: threading.Barrier) -> None:
        start.wait()
        with SummaryCache(folder) as cache:
            warnings.append(cache.warning)

    for n in range(50):
        start = threading.Barrier(8)
        threads = [threading.Thread(target=work, args=(tmp_path / str(n), start)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(warnings) == {""}


def test_what_was_of_no_use_for_a_month_is_dropped(folder: Path) -> None:
    with sqlite3.connect(folder / FILE) as file:
        file.execute("UPDATE summary SET used = used - 40")
        file.execute("UPDATE seen SET used = used - 40")
    file.close()
    with SummaryCache(folder) as cache:
        cache.note_used([], KEYS[:2])
        cache.prune()
        assert set(cache.summaries(KEYS)) == set(KEYS[:2])
        assert cache.keys([b"place"]) == {}
