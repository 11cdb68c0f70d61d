"""The end of an interrupted process."""

import subprocess
import sys

INTERRUPTED = """
try:
    exec("raise KeyboardInterrupt")
except KeyboardInterrupt:
    from auditor.cli.leaving import leave_interrupted

    leave_interrupted()
"""


def test_the_status_is_ours_wherever_the_interrupt_came() -> None:
    # One that passes through `exec`, as in the making of a dataclass, has CPython end itself by the signal.
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "auditor: interrupted\n")
