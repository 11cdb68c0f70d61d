"""The end of an interrupted process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTED = """
try:
    exec("raise KeyboardInterrupt")
except KeyboardInterrupt as interrupt:
    from auditor.cli.leaving import leave_interrupted

    leave_interrupted(interrupt)
"""


def test_the_status_is_ours_wherever_the_interrupt_came() -> None:
    # One that passes through `exec`, as in the making of a dataclass, has CPython end itself by the signal.
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "auditor: interrupted\n")


ENDED = """
import os, pathlib, signal, sys, tempfile
from auditor.cli.leaving import heed_endings, leave_interrupted

sent, before = int(sys.argv[1]), sys.argv[2]
signal.signal(sent, getattr(signal, before))
heed_endings()
try:
    with tempfile.TemporaryDirectory(dir=sys.argv[3]):
        os.kill(os.getpid(), sent)
    print("went on")
except KeyboardInterrupt as interrupt:
    leave_interrupted(interrupt)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_cleans_up_and_ends_by_that_signal(number: signal.Signals, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED, str(int(number)), "SIG_DFL", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-number, "")
    assert done.stderr == f"auditor: ended by {number.name}\n"
    assert list(tmp_path.iterdir()) == []


def test_what_was_ignored_before_stays_ignored(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED, str(int(signal.SIGHUP)), "SIG_IGN", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


EXPECTED = """
import gc
from auditor.cli.leaving import expect_end, heed_endings, leave_garbage

expect_end()
leave_garbage()
print(gc.isenabled(), gc.get_freeze_count())
heed_endings()
expect_end()
leave_garbage()
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


def test_garbage_is_looked_for_unless_the_process_is_the_commands_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXPECTED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("True 0\nFalse True\n", "")
