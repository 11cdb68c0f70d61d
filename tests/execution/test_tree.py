"""Who is below whom, by the kernel's lists and by looking at every process."""

import os
import subprocess

from auditor.execution.keeper.tree import _children, _children_by_search, descendants


def test_both_ways_find_the_same_children() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", "sleep 60 & sleep 60 & echo up; wait"], stdout=subprocess.PIPE
    ) as shell:
        try:
            assert shell.stdout
            shell.stdout.readline()
            below = _children(shell.pid)
            assert len(below) == 2
            assert sorted(below) == sorted(_children_by_search(shell.pid))
            assert {shell.pid, *below} <= descendants()
            assert shell.pid in _children_by_search(os.getpid())
        finally:
            for pid in (*_children(shell.pid), shell.pid):
                os.kill(pid, 9)


def test_who_has_ended_has_none() -> None:
    with subprocess.Popen(["/bin/true"]) as child:
        child.wait()
    assert _children(child.pid) == _children_by_search(child.pid) == []
