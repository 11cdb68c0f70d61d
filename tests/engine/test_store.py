import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.store import Store, text_key


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert Store(tmp_path / "none").get("key") is None


@pytest.mark.parametrize("damage", [b"", b"short", b"0" * 64 + b"\nanother text", b"\xff" * 100])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path)
    store.put("key", "a text")
    (tmp_path / "key").write_bytes(damage)
    assert store.get("key") is None
    store.put("key", "again")
    assert store.get("key") == "again"


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("key", "some text é")
    whole = (tmp_path / "key").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "key").write_bytes(whole[:length])
        assert store.get("key") is None


def test_a_folder_in_the_place_of_a_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    assert Store(tmp_path).get("key") is None


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    store.put("key", text)
    assert store.get("key") == text


def test_a_folder_that_cannot_be_made_is_an_os_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        Store(tmp_path / "file").put("key", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_text_that_cannot_be_moved_into_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(OSError):
        Store(tmp_path).put("key", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, keep=2)
    for number in range(4):
        store.put(f"key{number}", "text")
        os.utime(tmp_path / f"key{number}", (number, number))
    store.put("key4", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key3", "key4"]


def test_only_so_many_bytes_are_kept_and_the_latest_text_always(tmp_path: Path) -> None:
    store = Store(tmp_path, keep_bytes=250)
    for number in range(3):
        store.put(f"key{number}", "x" * 100)
        os.utime(tmp_path / f"key{number}", (number, number))
    store.put("key3", "x" * 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key2", "key3"]
    store.put("key4", "x" * 1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key4"]


def test_what_a_killed_run_left_goes_when_it_is_old(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("tmp-old", "tmp-young"):
        (tmp_path / name).write_text("half")
    os.utime(tmp_path / "tmp-old", (0, 0))
    store.put("key", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "tmp-young"]


def test_writers_at_once_leave_one_whole_text(tmp_path: Path) -> None:
    store = Store(tmp_path)
    texts = [str(number) * 50_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: store.put("key", text), texts))
    assert store.get("key") in texts
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    assert text_key("ab", "c") != text_key("a", "bc")
    assert text_key("a", "") != text_key("a")
    assert text_key("a", "b") == text_key("a", "b")
