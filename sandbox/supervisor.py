"""Runs the target with everything beside it inside one jail: ``supervisor.py PLAN``, where PLAN is JSON.

The plan: ``relays`` (``{"name", "listen", "to": [...]}``, see `relay`), ``control`` (a unix socket), and
``processes`` in the order of their start, the last of which is the target:
``{"name", "argv", "env", "cwd", "log", "errors": null | path, "ready": null | {"port", "path": null | "/...", "timeout_s"}, "stop": "TERM"}``. The
next one starts when the one before is ready.

Standard output is a line of JSON for everything that happens: ``relaying``, ``unheard`` (a place that could not be listened
on), ``started``, ``ready``, ``late``, ``exited``.
On the control socket ``stop`` asks the target to end; ``where`` is answered by a line of JSON with the places it listens
on, ``who`` by one with the ids of its serving processes.

When the target ends, everything ends; and when whoever started this is gone, too.
"""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import descendants
import relay

LOOK_S = 0.1
"""How often processes are looked at, besides when one has ended."""
GRACE_S = 10.0
"""From the request to end until the end is made."""
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4


def tell(event, **facts):
    """One event on standard output."""
    sys.stdout.write(json.dumps(dict(facts, event=event, at=time.monotonic())) + "\n")
    sys.stdout.flush()


class Supervisor:
    """The processes of one plan."""

    def __init__(self, plan):
        self.plan = plan
        self.libc = ctypes.CDLL(None)
        self.libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.parent = os.getppid()
        self.pids = {}
        """Name of each process that was started and runs."""
        self.target = None
        """The target's process id, once it has started."""
        self.code = None
        """The status to end with, once the target has ended."""
        self.servers = []
        self.changed = None
        """An event, set when a child has ended, or there is nothing more to wait for."""

    async def run(self):
        """Until the target has ended; gives the status to end with."""
        self.changed = (
            asyncio.Event()
        )  # before Python 3.10 it belongs to the loop that is current when it is made
        await self.open()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.changed.set)
        starting = asyncio.ensure_future(self.start_all())
        starting.add_done_callback(lambda _: self.changed.set())
        while self.code is None:
            try:
                await asyncio.wait_for(self.changed.wait(), LOOK_S)
            except asyncio.TimeoutError:
                pass
            self.changed.clear()
            if starting.done():
                starting.result()
            self.reap()
            if os.getppid() != self.parent:
                break
        starting.cancel()
        self.end()
        return 1 if self.code is None else self.code

    async def open(self):
        """Starts the relays and the control socket."""
        for one in self.plan["relays"]:
            try:
                self.servers.append(await relay.listen(one["listen"], one["to"]))
                tell("relaying", name=one["name"])
            except OSError as error:
                tell("unheard", name=one["name"], place=one["listen"], reason=str(error))
        if os.path.lexists(self.plan["control"]):
            os.unlink(self.plan["control"])
        self.servers.append(await asyncio.start_unix_server(self.serve_control, self.plan["control"]))

    async def start_all(self):
        *companions, target = self.plan["processes"]
        for process in companions:
            self.start(process)
            if process["ready"] and not await self.ready(process):
                tell("late", name=process["name"])
                self.code = 1
                return
        self.target = self.start(target)

    def start(self, process):
        log = open_log(process["log"])
        errors = open_log(process["errors"] or process["log"])
        try:
            child = subprocess.Popen(
                process["argv"],
                env=process["env"],
                cwd=process["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                preexec_fn=self.prepare_child,
            )
        except OSError as error:
            os.write(errors, ("%s: %s\n" % (process["argv"][0], error)).encode())
            tell("exited", name=process["name"], pid=None, code=127, reason=str(error))
            self.code = 127
            return None
        finally:
            os.close(log)
            os.close(errors)
        child.returncode = 0  # it is waited for in `reap`, with everything it leaves behind
        self.pids[child.pid] = process["name"]
        tell("started", name=process["name"], pid=child.pid)
        return child.pid

    def prepare_child(self):
        """In the child: it ends with us, has a group of its own and keeps no capability of ours."""
        os.setpgid(0, 0)
        self.libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        self.libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)

    async def ready(self, process):
        """Whether it is ready in time; a companion that ended is not."""
        asked = process["ready"]
        deadline = time.monotonic() + asked["timeout_s"]
        while time.monotonic() < deadline and process["name"] in self.pids.values():
            if await answers(asked["port"], asked["path"]):
                tell("ready", name=process["name"])
                return True
            await asyncio.sleep(0.02)
        return False

    def reap(self):
        """Waits for whoever ended; the target's end is the end of all."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self.pids.pop(pid, None)
            if name is None:
                continue
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            tell("exited", name=name, pid=pid, code=code)
            if pid == self.target:
                self.code = code if code >= 0 else 128 - code

    async def serve_control(self, reader, writer):
        line = (await reader.readline()).strip()
        if line in (b"where", b"who"):
            ask = descendants.listening if line == b"where" else descendants.serving
            writer.write(json.dumps(ask(self.target) if self.target else []).encode() + b"\n")
        elif line == b"stop":
            await self.stop()
        writer.close()

    async def stop(self):
        """Asks the target to end, and ends it when it does not."""
        if self.target is None:
            self.code = 0
            self.changed.set()
            return
        deadline = time.monotonic() + GRACE_S
        _signal(self.target, getattr(signal, "SIG" + self.plan["processes"][-1]["stop"]))
        while self.code is None and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            self.reap()
        if self.code is None:
            self.code = 0
        self.changed.set()

    def end(self):
        """Ends everything that still runs below us, hard, whoever its parent is by now."""
        for _ in range(20):
            left = descendants.descendants(os.getpid())
            if not left:
                return
            for pid in left:
                _signal(pid, signal.SIGKILL)
            time.sleep(0.005)
            self.reap()


async def answers(port, path):
    """Whether something serves `port`: it accepts, or answers `path` with a status under 400."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 2)
    except (OSError, asyncio.TimeoutError):
        return False
    try:
        if path is None:
            return True
        writer.write(("GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" % path).encode())
        status = (await asyncio.wait_for(reader.readline(), 5)).split()
        return len(status) > 1 and status[1].isdigit() and int(status[1]) < 400
    except (OSError, asyncio.TimeoutError):
        return False
    finally:
        writer.close()


def open_log(path):
    """For appending; links are not followed."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def main():
    """Reads the plan and runs it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    supervisor = Supervisor(json.loads(sys.argv[1]))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        code = loop.run_until_complete(supervisor.run())
    finally:
        supervisor.end()
    os._exit(code)


if __name__ == "__main__":
    main()
