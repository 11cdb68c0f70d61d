import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.measure.placement import one_core, put_together

_TREE = """
import subprocess, sys, threading
threading.Thread(target=sys.stdin.read, daemon=True).start()
child = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"], stdin=subprocess.PIPE)
child.wait()
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_a_whole_tree_is_put_on_the_same_core() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _TREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        try:
            put_together([process.pid], cores=one_core())
            tasks = Path(f"/proc/{process.pid}/task")
            (child,) = map(int, (tasks / str(process.pid) / "children").read_text("ascii").split())
            for thread in [*(int(task.name) for task in tasks.iterdir()), child]:
                assert os.sched_getaffinity(thread) == one_core()
        finally:
            os.kill(child, 9)
            process.kill()


def test_a_process_that_is_gone_is_no_fault() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    put_together([process.pid], cores=one_core())
