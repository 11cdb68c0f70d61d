from pathlib import Path

import pytest

from auditor.measure.running.disk_room import check_room
from auditor.model.fault import Fault


def test_a_disk_that_is_nearly_full_is_told_before_anything_starts(tmp_path: Path) -> None:
    check_room(tmp_path, least=0)
    with pytest.raises(Fault, match=r"KiB are left on its disk, and a run takes .*make room"):
        check_room(tmp_path, least=1 << 60)


def test_a_folder_that_is_not_there_yet_has_the_room_of_its_disk(tmp_path: Path) -> None:
    check_room(tmp_path / "a" / "b", least=1)
    assert list(tmp_path.iterdir()) == []
