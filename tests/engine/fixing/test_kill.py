"""Ten times `kill -9` at random instants of a real run; `benchmarks/kill_fix.py` does it two hundred times."""

import importlib.util
import sys
import tempfile
from pathlib import Path

import pytest

from auditor.execution.choosing import choose_jail
from auditor.model.fault import Fault

pytestmark = pytest.mark.long


def test_nothing_is_lost_and_the_run_goes_on() -> None:
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    place = Path(__file__).resolve().parents[3] / "benchmarks" / "kill_fix.py"
    spec = importlib.util.spec_from_file_location("kill_fix", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its values are looked up there
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory(prefix="kf") as folder:  # a short path: sockets lie below it
        killing = module.Killing(Path(folder), seed=10, patches=("people", "dies-at-boot"))
        killing.in_peace()
        told = killing.until(10, longest_s=6)
    assert told.wrong == []
    assert told.kills == 10
    assert told.completed >= 1
    assert max(told.events_at_kill) > 1
