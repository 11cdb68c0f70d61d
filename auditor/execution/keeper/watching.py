"""One command from fork to end: what is heard of it, and what makes it end."""

import fcntl
import os
import resource
import select
import time

from auditor.execution.keeper.becoming import NOT_FOUND, become
from auditor.execution.keeper.cgroup import Group
from auditor.execution.keeper.plan import Plan
from auditor.execution.keeper.ports import free_low_ports
from auditor.execution.keeper.signals import woken_through

_FIONREAD = 0x541B
_CHILD_PID = b'"child-pid":'
_EXIT_CODE = b'"exit-code":'


class Watch:
    """Runs a plan.

    bubblewrap says when it has made the jail and waits at a gate, so that limits on what is inside can be set
    before the command begins. Without bubblewrap a successful exec is the start.
    """

    def __init__(self, plan: Plan, group: Group | None, *, auditor: int, lifeline: int, status: int) -> None:
        self._plan = plan
        self._group = group
        self._auditor = auditor
        self._lifeline = lifeline
        self._status = status
        self._news = b""
        self._started = False
        self._gate = -1
        self._errors = b""
        self._deadline = time.monotonic() + plan.wall_s
        self._wake, wake_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        woken_through(wake_in)

    def until_ended(self) -> str:
        """The last line for the host; the tree below may still be alive."""
        news_in, errors_in = self._fork()
        poll = select.poll()
        for descriptor in (self._lifeline, self._wake, news_in, errors_in):
            poll.register(descriptor, select.POLLIN)
        while True:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                return "ended\tdeadline\t"
            ready = {descriptor for descriptor, _ in poll.poll(min(left_s, 3600) * 1000)}
            if self._lifeline in ready:
                return "ended\tstopped\t"
            if news_in in ready and not self._hear(news_in):
                poll.unregister(news_in)
            if errors_in in ready:
                poll.unregister(errors_in)
                if reason := os.read(errors_in, 65536).decode("utf-8", "replace"):
                    return f"failed\t{reason}"
                self._executed(poll)
            if self._gate in ready:
                poll.unregister(self._gate)
                self._passed()
            if self._wake in ready:
                os.read(self._wake, 4096)
                if os.getppid() != self._auditor:
                    return "ended\tstopped\t"
            if (status := self._reap()) is not None:
                self._hear(news_in)
                return self._ended(status)

    def _fork(self) -> tuple[int, int]:
        news_in, news_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        gate_out, self._gate = os.pipe2(os.O_CLOEXEC)
        errors_in, errors_out = os.pipe2(os.O_CLOEXEC)
        argv = self._plan.argv
        if self._plan.bubblewrap:
            argv = [argv[0], "--json-status-fd", str(news_out), "--block-fd", str(gate_out), *argv[1:]]
            for descriptor in (news_out, gate_out):
                os.set_inheritable(descriptor, True)
        keeper = os.getpid()
        self._child = os.fork()
        if self._child == 0:
            self._become(argv, keeper, errors_out)
        for descriptor in (news_out, gate_out, errors_out, *self._plan.inherited):
            os.close(descriptor)
        return news_in, errors_in

    def _become(self, argv: list[str], keeper: int, errors_out: int) -> None:
        rlimits = list(self._plan.rlimits)
        if self._group is None:
            rlimits.append((resource.RLIMIT_AS, self._plan.memory_bytes))
        if self._plan.limit_processes:
            rlimits.append((resource.RLIMIT_NPROC, self._plan.processes))
        try:
            if self._group and not self._plan.bubblewrap:
                self._group.add(os.getpid())
            become(self._plan, argv, rlimits, keeper=keeper)
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            os.write(errors_out, f"{name}{error.strerror or error}".encode("utf-8", "surrogateescape"))
        finally:
            os._exit(1)

    def _executed(self, poll: select.poll) -> None:
        if self._plan.bubblewrap:
            poll.register(self._gate, 0)  # POLLERR alone: the last reader is gone
        else:
            self._say_started()

    def _hear(self, news_in: int) -> bool:
        """Reads what bubblewrap tells; False at its end."""
        try:
            more = os.read(news_in, 65536)
        except BlockingIOError:
            return True
        waiting = _CHILD_PID not in self._news
        self._news += more
        if waiting and (pid := _number(self._news, _CHILD_PID)) is not None:
            self._limit(pid)
        return bool(more)

    def _limit(self, pid: int) -> None:
        """Limits what is inside, before it begins; counted per user namespace, hence not before that exists."""
        try:
            if self._group:
                self._group.add(pid)
            if _counts_by_namespace():
                _limit_processes(pid, self._plan.processes, self._plan.identity)
            free_low_ports(pid)  # where it can't be had the self-test has said so
        except ProcessLookupError:
            return  # bubblewrap gave up, and its end will be seen
        os.write(self._gate, b"1")

    def _passed(self) -> None:
        if not self._started and _unread(self._gate) == 0 and _CHILD_PID in self._news:
            self._say_started()

    def _say_started(self) -> None:
        self._started = True
        inside = _number(self._news, _CHILD_PID) or self._child
        os.write(self._status, f"started\t{inside}\n".encode())

    def _reap(self) -> int | None:
        """The command's wait status when it has ended; others that ended are reaped too."""
        found = None
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._child:
                    found = ended[1]
        except ChildProcessError:
            pass
        return found

    def _ended(self, status: int) -> str:
        if self._plan.bubblewrap:
            self._passed()
        if not self._started and self._plan.bubblewrap:
            return "failed\t"
        code = os.waitstatus_to_exitcode(status)
        if self._plan.bubblewrap and code >= 0:
            inner = _number(self._news, _EXIT_CODE)
            code = NOT_FOUND if inner is None else 128 - inner if 128 < inner <= 192 else inner
        if code != 0 and self._group and self._group.memory_ran_out():
            return "ended\tmemory\t"
        return f"ended\texited\t{code}" if code >= 0 else f"ended\tsignalled\t{-code}"


def _counts_by_namespace() -> bool:
    """Linux before 5.14 counts a user's processes all over the machine, which makes the limit useless here."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)))) >= (5, 14)


def _limit_processes(pid: int, processes: int, identity: tuple[int, int] | None) -> None:
    """With the guest's real ids for a moment, where it is another: root may lack CAP_SYS_RESOURCE."""
    before = os.getuid(), os.getgid()
    uid, gid = identity or before
    try:
        os.setresgid(gid, -1, -1)
        os.setresuid(uid, -1, -1)
        resource.prlimit(pid, resource.RLIMIT_NPROC, (processes, processes))
    finally:
        os.setresuid(before[0], -1, -1)
        os.setresgid(before[1], -1, -1)


def _number(news: bytes, key: bytes) -> int | None:
    _, found, rest = news.partition(key)
    text = rest.lstrip().split(b",")[0].split(b" ")[0].strip()
    return int(text) if found and text.isdigit() and rest.rstrip() != text else None


def _unread(descriptor: int) -> int:
    buffer = fcntl.ioctl(descriptor, _FIONREAD, b"\0" * 4)
    return int.from_bytes(buffer, "little")
