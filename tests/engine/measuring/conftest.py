"""The small target of `small_target`, to be recorded or recorded already."""

import pytest
import small_target
from small_target import known

from auditor.engine.measuring.record import RecordRequest

__all__ = ["asked", "known", "notes"]


@pytest.fixture
def asked(tmp_path_factory: pytest.TempPathFactory) -> RecordRequest:
    """To record a small target of one's own, with its own workload and without edges."""
    return small_target.asking(tmp_path_factory)


@pytest.fixture
def notes() -> small_target.Silent:
    return small_target.Silent()
