import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.model.fault import Fault
from auditor.trial.holding import LOCK, held

HOLD = "import sys; from pathlib import Path; from auditor.trial.holding import held\nwith held(Path(sys.argv[1]), doing='auditor fix'):\n    print('held', flush=True)\n    sys.stdin.read()\n"


def test_the_second_is_told_who_holds_it_and_a_kill_lets_go(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdin is not None
    assert first.stdout is not None
    with first, first.stdin, first.stdout:
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(Fault) as caught, held(tmp_path, doing="auditor undo"):
            pytest.fail("held twice")
        assert f"auditor fix (process {first.pid}, since " in caught.value.what
        first.kill()
    with held(tmp_path, doing="auditor undo"):
        assert str(os.getpid()) in (tmp_path / LOCK).read_text()
    with held(tmp_path, doing="auditor undo"):
        pass


def test_a_lock_that_nobody_can_read_names_nobody(tmp_path: Path) -> None:
    with held(tmp_path, doing="x"):
        (tmp_path / LOCK).write_text("{")
        with pytest.raises(Fault, match="another auditor is at work"), held(tmp_path, doing="y"):
            pytest.fail("held twice")
