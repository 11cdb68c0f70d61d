"""The first root error out of a log: where it all began, not the last line."""

import re
from dataclasses import dataclass, replace
from typing import Final

from auditor.execution.confinement import WORK
from auditor.execution.tracebacks import INSTALLED, Frame, Traceback, find_tracebacks

_PLAIN: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("AddressInUse", r"(?i)connection in use: .*|.*address already in use.*|.*port is already in use.*"),
        ("AddressNotAvailable", r"(?i).*(?:cannot|can't) assign requested address.*|invalid address: .*"),
        ("WorkerTimeout", r"WORKER TIMEOUT.*"),
        ("OutOfMemory", r".*Perhaps out of memory\?.*|Out of memory.*|MemoryError$"),
        ("Signal", r"(?:Segmentation fault|Fatal Python error: .*|Aborted|Killed|Illegal instruction|Bus error).*"),
        ("AppNotFound", r".*Could not import module .*|.*Failed to find attribute .*|Error: (?:Could not (?:import|locate)|Failed to find) .*|.*Attribute \".*\" not found in module.*"),
        ("CommandNotFound", r"(?:/bin/sh: \d+: |sh: (?:line )?\d+: )?\S+: (?:command )?not found|\S+: \[Errno 2\] No such file or directory.*|can't open file .*"),
        ("CommandError", r"CommandError: .*|Error: Invalid value for .*|\S+: error: .*|Usage: .*"),
        ("UnappliedMigrations", r"You have \d+ unapplied migration\(s\).*"),
        ("PermissionDenied", r".*\[Errno (?:13|30)\].*"),
        ("DatabaseRefused", r"(?:psql: error: |.*FATAL:  )(?!terminating).*"),
    )
)  # fmt: skip
"""What servers say without a traceback, matched after the log's own prefix."""
_EXCEPTION_LINE: Final = re.compile(
    r"(?P<type>(?:[a-z_]\w*\.)+[A-Z]\w*(?:Error|Exception|Configured|DoesNotExist|NotFound)|[A-Z]\w*Error): (?P<message>.+)"
)
_PREFIX: Final = re.compile(
    r"^(?:\s*(?:\[[^\]]*\]|\d{4}-\d\d-\d\d[T ][\d:,.]+\S*|[\w.-]+\s+\||(?:TRACE|DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b:?|\S+\[\d+\]:|[-–|]))*\s*"
)
_CHECKED: Final = re.compile(r"\S.*?: \([\w.]+\.[EC]\d+\) .+")
"""One of the errors that a check of Django's lists below its title."""
_INVALID: Final = re.compile(r"\d+ validation errors? for \S+")
_LISTED: Final = 40
"""Lines below that title in which the first of them stands; warnings may come before."""
_UNSTABLE: Final = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RootError:
    """Where a failure began."""

    type: str
    """The exception as printed, dotted where it is not a builtin; a word of ours where there is no traceback."""
    message: str
    """One line."""
    frame: Frame | None
    """The innermost frame in the target's code, its file relative to the top of the tree; None where there is none."""
    raised_at: Frame | None
    """The innermost frame of all: often in a library."""
    line: int
    """Of the log, from 1, where it begins."""
    excerpt: str
    """Those lines of the log, at most 60."""

    @property
    def signature(self) -> tuple[str, str, str, str]:
        """Type, message without numbers and addresses, file and function: equal for the same failure met again."""
        file, function = (self.frame.file, self.frame.function) if self.frame else ("", "")
        return self.type.rpartition(".")[2], _UNSTABLE.sub("#", self.message), file, function

    def __str__(self) -> str:
        """``KeyError: 'SECRET_KEY' (app/config.py:12, in load)``."""
        place = f" ({self.frame.file}:{self.frame.line}, in {self.frame.function})" if self.frame else ""
        return f"{self.type}: {self.message}{place}" if self.message else f"{self.type}{place}"


def find_root_error(log: str, /, *, tree: str = WORK) -> RootError | None:
    """The earliest failure of `log` and of its chain the earliest exception; None when nothing failed that can be told.

    `tree` is the folder of the target's code in the frames' paths.
    """
    lines = log.splitlines()
    tracebacks = [each for each in find_tracebacks(lines) if each.type]
    plain = _plain_failure(lines, {number for each in tracebacks for number in range(each.at, each.end + 1)})
    if tracebacks and (plain is None or tracebacks[0].first.at < plain.line):
        found = _of_chain(_end_of_chain(tracebacks), lines, tree)
        return _with_the_field(_with_what_was_checked(found, lines), lines)
    return _with_what_was_checked(plain, lines) if plain is not None else None


def _with_the_field(error: RootError, lines: list[str]) -> RootError:
    """Of pydantic's models the first value that they refuse: their title says only how many there are."""
    title = _INVALID.fullmatch(error.message)
    at = next((n for n, line in enumerate(lines) if n >= error.line - 1 and error.message in line), None)
    if title is None or at is None:
        return error
    said = [line for line in lines[at + 1 : at + 1 + _LISTED] if line.strip()]
    if len(said) < 2 or said[0].startswith(" ") or not said[1].startswith(" "):
        return error
    return replace(error, message=f"{error.message}: {said[0].strip()}: {said[1].strip()}")


def _with_what_was_checked(error: RootError, lines: list[str]) -> RootError:
    """Of Django's checks the first error that they list: their title says that there are some, and no more."""
    if not error.type.endswith("SystemCheckError"):
        return error
    title = next((at for at, line in enumerate(lines) if "SystemCheckError: " in line), error.line)
    listed = (line.strip() for line in lines[title + 1 : title + 1 + _LISTED])
    first = next(filter(_CHECKED.fullmatch, listed), None)
    return replace(error, message=first) if first else error


def _end_of_chain(tracebacks: list[Traceback]) -> Traceback:
    """What the first of them led to in the end."""
    end = tracebacks[0]
    for each in tracebacks:
        if each.before is end:
            end = each
    return end


def _of_chain(end: Traceback, lines: list[str], tree: str) -> RootError:
    traceback = end.first
    own: list[Frame] = []
    at: Traceback | None = end
    while at is not None:
        # Caught and raised anew within a library: whoever called it stands in what came of it.
        own = [frame for frame in at.frames if _in_tree(frame.file, tree)] or own
        at = None if at is traceback else at.before
    own = [frame for frame in traceback.frames if _in_tree(frame.file, tree)] or own
    message = traceback.message
    if not message:
        following = lines[traceback.end + 1 : traceback.end + 2]
        message = following[0].strip() if following and following[0].startswith((" ", "[", "(")) else ""
    return RootError(
        type=traceback.type,
        message=message,
        frame=_relative(own[-1], tree) if own else None,
        raised_at=_relative(traceback.frames[-1], tree) if traceback.frames else None,
        line=traceback.at + 1,
        excerpt="\n".join(lines[traceback.at : traceback.end + 1][-60:]),
    )


def _plain_failure(lines: list[str], taken: set[int]) -> RootError | None:
    """What a server said without a traceback; lines of tracebacks are not looked at."""
    for number, line in enumerate(lines):
        if number in taken:
            continue
        text = line[_PREFIX.match(line).end() :].strip()  # type: ignore[union-attr]  # it matches the empty text too
        kind, message = _plain(text)
        if kind:
            return RootError(
                type=kind, message=message, frame=None, raised_at=None, line=number + 1, excerpt=line.strip()
            )
    return None


def _plain(text: str) -> tuple[str, str]:
    for kind, pattern in _PLAIN:
        if pattern.match(text):
            return kind, text
    match = _EXCEPTION_LINE.match(text)
    return (match["type"], match["message"]) if match else ("", "")


def _in_tree(file: str, tree: str) -> bool:
    inside = file.startswith(f"{tree}/") or not file.startswith(("/", "<"))
    return inside and INSTALLED.search(file.removeprefix(tree)) is None


def _relative(frame: Frame, tree: str) -> Frame:
    return Frame(frame.file.removeprefix(f"{tree}/"), frame.line, frame.function)
