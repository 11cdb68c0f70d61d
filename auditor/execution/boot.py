"""The boot gate: the real command is up, a worker answers, several requests at once are answered, nobody died of it."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from auditor.config.boot import BootSettings
from auditor.execution.beneath import ends_beneath
from auditor.execution.confinement import WORK
from auditor.execution.knock import Reply, circle, knock
from auditor.execution.root_error import RootError, find_root_error
from auditor.execution.supervised import LOGS, Supervised
from auditor.execution.usual import UsualBoot
from auditor.model.fault import Fault

BootProblem = Literal[
    "address-in-use", "listens-elsewhere", "slow", "ended", "worker-lost", "error-answer", "no-answer", "redirect-loop",
    "missing-module", "missing-program", "missing-variable", "missing-migration", "missing-host", "outside-tree",
    "companion",
]  # fmt: skip
AT_ONCE: Final = 8
"""Requests sent together: more than the pools and workers that applications have by default."""
_KNOCK_S: Final = 10.0
_EVERY_S: Final = 0.05
_SETTLE_S: Final = 0.3
"""A worker that dies of a request is seen by the supervisor within 100 ms."""
_LOG_BYTES: Final = 16 << 20
_UNKNOWN_HOST: Final = re.compile(
    r"(?:Failed to resolve|Could not resolve host:?|could not translate host name|\bhost=|Cannot connect to host)"
    r"\s*['\"(]?(?P<host>[A-Za-z0-9][\w.-]*\.[A-Za-z]{2,}|[A-Za-z][\w-]*)"
)
_ELSEWHERE: Final = re.compile(rf"'/(?!{WORK[1:]}/|tmp/)")
"""An absolute path, in the words of a FileNotFoundError, that does not begin in the tree or in /tmp."""
_UNREACHED: Final = re.compile(
    r"Name or service not known|Temporary failure in name resolution|Network is unreachable|No address associated"
    r"|Failed to resolve|[Cc]ould not resolve|could not translate host name|nodename nor servname|gaierror"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootReport:
    """How a boot went."""

    ok: bool
    seconds: float
    """From the start of the jail to the first good answer, or to the failure."""
    workers: int
    """Processes that serve."""
    log: Path
    """Of the process that failed; missing when nothing had been written, until `World.keep_log` keeps it."""
    problem: BootProblem | None = None
    text: str = ""
    """One sentence for a person; empty when all is well."""
    hint: str = ""
    root_error: RootError | None = None
    asked: tuple[str, ...] = ()
    """Host names that were looked up and nobody answers."""


class NotBooted(Fault):
    """The target did not come up; what is known stands in `report`."""

    def __init__(self, report: BootReport) -> None:
        place = report.root_error.frame if report.root_error else None
        where = f"{place.file}:{place.line}" if place else "the boot"
        hint = f"{report.hint}; " if report.hint else ""
        super().__init__(report.text, where=where, hint=f"{hint}the whole log: {report.log}")
        self.report = report


def pass_gate(
    supervised: Supervised,
    boot: BootSettings,
    door: Path,
    /,
    *,
    log: str,
    tree: str = WORK,
    asked: Callable[[], tuple[str, ...]] = tuple,
    usual: UsualBoot | None = None,
) -> BootReport:
    """Waits for the target to be ready and puts it through the gate; never raises for what the target does.

    `log` is the name of the target's process, `tree` the folder of its code as its tracebacks name it, `asked`
    tells which hosts were asked for something and did not answer. `usual` learns from a good boot, and from it how long error
    answers are waited out.
    """
    usual = usual or UsualBoot()
    report = _Gate(supervised, boot, door, log=log, tree=tree, asked=asked, usual=usual).report()
    if report.ok:
        usual.learn(report.seconds)
    return report


class _Gate:
    def __init__(
        self,
        supervised: Supervised,
        boot: BootSettings,
        door: Path,
        *,
        log: str,
        tree: str,
        asked: Callable[[], tuple[str, ...]],
        usual: UsualBoot,
    ) -> None:
        self.supervised = supervised
        self.boot = boot
        self.door = door
        self.log = supervised.run_folder / LOGS / f"{log}.log"
        self.tree = tree
        self.unanswered = asked
        self.usual = usual
        self.path = boot.ready if boot.ready.startswith("/") else "/"
        self.started = time.monotonic()
        self.seconds = 0.0

    def report(self) -> BootReport:
        reply = self._wait()
        self.seconds = time.monotonic() - self.started
        if not self._good(reply):
            return self._not_ready(reply)
        before = set(self.supervised.workers())
        if not before:
            text = f"something else in its jail answers on port {self.boot.port}"
            return self._failed("address-in-use", text, hint="give each service a port of its own")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            replies = list(
                pool.map(lambda _: knock(self.door, self.path, timeout_s=_KNOCK_S), range(AT_ONCE))
            )
        bad = [each for each in replies if not self._good(each)]
        time.sleep(_SETTLE_S)
        if self.supervised.exited() or self.supervised.running.poll():
            return self._failed("ended", "it answered, and then it ended")
        lost = before - set(self.supervised.workers())
        if lost:
            return self._failed("worker-lost", f"{_count(len(lost), 'worker')} died while it was asked")
        if bad:
            what = f"answers {bad[0].status}" if bad[0].status else "gives no answer"
            return self._failed("error-answer", f"{self.path} {what} when {AT_ONCE} ask at once")
        return self._told(ok=True)

    def _wait(self) -> Reply:
        """The first good answer, or the last of the others when time, patience or the target is over."""
        limit_s = self.boot.ready_timeout_ms / 1000
        deadline = self.started + limit_s
        answered = False
        reply = Reply(None)
        while time.monotonic() < deadline:
            if self.supervised.exited() or self.supervised.running.poll():
                return Reply(None)
            left_s = deadline - time.monotonic()
            reply = knock(self.door, self.path, timeout_s=max(0.1, min(_KNOCK_S, left_s)))
            if self._good(reply):
                return reply
            if reply.status is not None and 300 <= reply.status < 400:
                break
            if reply.status is not None and not answered:
                answered = True
                deadline = min(deadline, time.monotonic() + self.usual.patience_s(limit_s))
            time.sleep(_EVERY_S)
        return reply

    def _good(self, reply: Reply) -> bool:
        """Where a path was named its answer must be good; else any answer that is no failure shows a worker."""
        if self.boot.ready.startswith("/"):
            if reply.status is not None and 300 <= reply.status < 400:
                return not circle(self.door, self.path, timeout_s=_KNOCK_S)
            return reply.status is not None and reply.status < 400
        return reply.served

    def _not_ready(self, reply: Reply) -> BootReport:
        exited = self.supervised.exited()
        if exited is not None or self.supervised.running.poll():
            return self._ended(exited or {})
        if reply.status is not None and 300 <= reply.status < 400:
            around = circle(self.door, self.path, timeout_s=_KNOCK_S)
            hint = "it may want https: say that a proxy speaks it, or ask for another ready path"
            return self._failed("redirect-loop", f"redirects in a circle: {' → '.join(around)}", hint=hint)
        if reply.status is not None:
            text = f"{self.path} answers {reply.status} after {self.seconds:.1f} s"
            hint = "" if reply.status >= 500 else "name a path in boot.ready that answers without signing in"
            return self._failed("error-answer", text, hint=hint)
        places = self.supervised.listening()
        if any(place.endswith(f":{self.boot.port}") for place in places):
            text = f"listens on port {self.boot.port} and does not answer within {self._limit}"
            return self._failed("no-answer", text, hint="boot.ready_timeout gives it longer")
        if places:
            text = f"listens on {', '.join(places)}, and not on 127.0.0.1:{self.boot.port}"
            return self._failed(
                "listens-elsewhere", text, hint="put {port} into boot.command, or say boot.port"
            )
        hint = "boot.ready_timeout gives it longer"
        return self._failed("slow", f"was not ready within {self._limit}", hint=hint)

    @property
    def _limit(self) -> str:
        return f"{self.boot.ready_timeout_ms / 1000:g} s"

    def _ended(self, event: dict[str, object]) -> BootReport:
        name, code = event.get("name"), event.get("code")
        if event.get("event") == "late" or (name is not None and f"{name}.log" != self.log.name):
            self.log = self.log.with_name(f"{name}.log")
            what = "was not ready in time" if event.get("event") == "late" else f"ended with {_code(code)}"
            return self._failed("companion", f"the service {name!r} {what}")
        return self._failed("ended", f"ended with {_code(code)} before it was ready")

    def _failed(self, problem: BootProblem, text: str, *, hint: str = "") -> BootReport:
        root = find_root_error(self._log_text(), tree=self.tree)
        asked = self._asked(root)
        for kind, judge in _CAUSES:
            if (root is not None or asked) and (cause := judge(root, asked)) is not None:
                problem, told, hint = kind, cause[0], cause[1] or hint
                return self._told(
                    ok=False, problem=problem, text=told, hint=hint, root_error=root, asked=asked
                )
        if root is not None:
            text = f"{text}: {root.type}{': ' if root.message else ''}{root.message}"
        return self._told(ok=False, problem=problem, text=text, hint=hint, root_error=root, asked=asked)

    def _told(self, *, ok: bool, problem: BootProblem | None = None, text: str = "", hint: str = "",
              root_error: RootError | None = None, asked: tuple[str, ...] = ()) -> BootReport:  # fmt: skip
        return BootReport(
            ok=ok, seconds=self.seconds, workers=len(self.supervised.workers()), log=self.log, problem=problem,
            text=text, hint=hint, root_error=root_error, asked=asked or self.unanswered(),
        )  # fmt: skip

    def _log_text(self) -> str:
        return ends_beneath(self.log.parent, self.log.name, limit=_LOG_BYTES).decode("utf-8", "replace")

    def _asked(self, root: RootError | None) -> tuple[str, ...]:
        """What our own proxy was asked for in vain; else what the log says of hosts that were not reached."""
        known = self.unanswered()
        if known or root is None or not _UNREACHED.search(f"{root.type} {root.message} {root.excerpt}"):
            return known
        found = _UNKNOWN_HOST.findall(self._log_text())
        return tuple(dict.fromkeys(found)) or ("a host that it does not name",)


Cause = tuple[str, str]
"""What to say, and what to do about it."""


def _address_in_use(root: RootError | None, _: tuple[str, ...]) -> Cause | None:
    if root is not None and (root.type == "AddressInUse" or "ddress already in use" in root.message):
        return "its port is taken: something else in it listens there already", "start it once, on {port}"
    return None


def _missing_host(root: RootError | None, asked: tuple[str, ...]) -> Cause | None:
    if root is not None and asked and _UNREACHED.search(f"{root.type} {root.message} {root.excerpt}"):
        hosts = ", ".join(asked)
        return (
            f"needs the internet to boot: it asked for {hosts}",
            f'[[outside]] host = "{asked[-1]}" answers for it',
        )
    return None


def _missing_module(root: RootError | None, _: tuple[str, ...]) -> Cause | None:
    if root is None or root.type not in {"ModuleNotFoundError", "AppNotFound"}:
        return None
    if root.type == "AppNotFound":
        return root.message, "name the module and its application in boot.command"
    return f"{root.message}: its environment lacks it", "install its requirements, or name boot.python"


def _missing_program(root: RootError | None, _: tuple[str, ...]) -> Cause | None:
    if root is not None and root.type == "CommandNotFound":
        return f"the command is not there: {root.message}", "install it into the target's environment"
    return None


def _missing_variable(root: RootError | None, _: tuple[str, ...]) -> Cause | None:
    if root is None:
        return None
    name = re.fullmatch(r"'(?P<name>[A-Z][A-Z0-9_]+)'", root.message)
    if root.type == "KeyError" and name is not None:
        return f"the variable {name['name']} is not set", f'boot.env.{name["name"]} = "..."'
    if "ImproperlyConfigured" in root.type or "environment variable" in root.message.lower():
        return f"a setting is missing: {root.message}", "boot.env gives it variables"
    if root.type.endswith("ValidationError") and "Settings" in root.message:
        return f"a setting is missing: {root.message}", "boot.env gives it variables"
    return None


def _missing_migration(root: RootError | None, _: tuple[str, ...]) -> Cause | None:
    if root is None:
        return None
    text = root.message
    if (
        "no such table" in text
        or re.search(r'relation "[^"]+" does not exist|UndefinedTable', text)
        or root.type == "UnappliedMigrations"
    ):
        return f"its database is not migrated: {text}", "boot.migrate brings it to the tree's schema"
    return None


def _outside_tree(root: RootError | None, _: tuple[str, ...]) -> Cause | None:
    if root is None:
        return None
    if root.type in {"PermissionError", "PermissionDenied"} or "Read-only file system" in root.message:
        return f"writes outside its tree: {root.message}", "point it into its tree or /tmp with boot.env"
    if root.type == "FileNotFoundError" and _ELSEWHERE.search(root.message):
        hint = "put the file into the tree, and point to it, or to /tmp, with boot.env"
        return f"wants a file outside its tree: {root.message}", hint
    return None


_CAUSES: Final[
    tuple[tuple[BootProblem, Callable[[RootError | None, tuple[str, ...]], Cause | None]], ...]
] = (
    ("address-in-use", _address_in_use),
    ("missing-host", _missing_host),
    ("missing-program", _missing_program),
    ("missing-module", _missing_module),
    ("missing-variable", _missing_variable),
    ("missing-migration", _missing_migration),
    ("outside-tree", _outside_tree),
)
"""What is known better than how it showed, the first that fits."""


def _code(code: object) -> str:
    if isinstance(code, int) and code < 0:
        return f"signal {-code}"
    return f"status {code}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
