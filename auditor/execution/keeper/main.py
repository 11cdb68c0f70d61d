"""What the keeper does, top to bottom: takes the plan, runs it, ends all of it, says how it went."""

import os
import sys

from auditor.execution.keeper import kernel, signals
from auditor.execution.keeper.cgroup import make_group
from auditor.execution.keeper.plan import loaded
from auditor.execution.keeper.tree import end_tree
from auditor.execution.keeper.watching import Watch


def main() -> None:
    """``main PLAN STATUS LIFELINE PARENT``: three open descriptors and the pid of auditor.

    The plan is marshalled by the same interpreter. To `STATUS` go lines of tab-separated fields: ``started
    PID``, ``failed REASON`` and ``ended HOW CODE``. The end of `LIFELINE` means that auditor wants no more, or is gone.
    """
    plan_fd, status_fd, lifeline_fd, auditor = (int(text) for text in sys.argv[1:5])
    for descriptor in (plan_fd, status_fd, lifeline_fd):
        os.set_inheritable(descriptor, False)
    kernel.die_with_parent(signals.TERMINATE)
    kernel.adopt_orphans()
    if os.getppid() != auditor:
        return
    with open(plan_fd, "rb") as file:
        plan = loaded(file.read())
    group = make_group(plan.memory_bytes, plan.processes)
    try:
        line = Watch(plan, group, auditor=auditor, lifeline=lifeline_fd, status=status_fd).until_ended()
    except OSError as error:
        line = f"failed\t{error.strerror or error}"
    finally:
        end_tree()
    try:
        os.write(status_fd, f"{line}\n".encode("utf-8", "replace"))
    except BrokenPipeError:
        pass  # nobody is left to be told
    for descriptor in (1, 2, status_fd):  # all that auditor waits for; what is left to do is ours alone
        os.close(descriptor)
    if group:
        group.remove()
