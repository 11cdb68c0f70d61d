"""Python tracebacks in a log: chains, groups, prefixes of loggers, the lines of several workers between each other."""

import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

_HEADER: Final = "Traceback (most recent call last):"
_GROUP: Final = "Exception Group " + _HEADER
_HANDLING: Final = "During handling of the above exception, another exception occurred:"
_CAUSES: Final = ("The above exception was the direct cause of the following exception:", _HANDLING)
INSTALLED: Final = re.compile(r"(?:^|/)(?:site-packages|dist-packages|\.venv|venv|lib/python3[^/]*)/")
"""Where code lies that is not the target's own."""
_ON_ITS_OWN: Final = 2
"""Calls below a handler from which on it is no mere raising of another exception."""
_FILE: Final = re.compile(r'  File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?\s*$')
_EXCEPTION: Final = re.compile(r"(?P<type>[A-Za-z_][\w.<>]*?)(?:: (?P<message>.*)|:)?\s*$")
_GUTTER: Final = re.compile(r"^(?:  )*[|+] ?")
_CAMEL: Final = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|[A-Z]+[a-z]+[A-Z]\w*")
_LOWER_CASE: Final = frozenset({
    "socket.gaierror", "socket.herror", "socket.timeout", "struct.error", "re.error", "zlib.error", "select.error",
    "_thread.error", "_curses.error", "_dbm.error", "_gdbm.error",
})  # fmt: skip
"""The standard library's exceptions that are not written like classes."""
_LEVELS: Final = frozenset({
    "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "ALERT", "HINT", "DETAIL",
})  # fmt: skip
_BUILTIN: Final = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_OPEN_AT_ONCE: Final = 64
"""More tracebacks than this are not written at the same moment: the oldest open one is given up."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a traceback."""

    file: str
    line: int
    function: str
    """Empty for the place of a syntax error."""


@dataclass(slots=True)
class Traceback:
    """One traceback of a log."""

    at: int
    """Line of its header, from 0."""
    group: bool = False
    frames: list[Frame] = field(default_factory=list)
    type: str = ""
    """Of the exception, as printed: dotted where it is not a builtin. Empty when the log ends before."""
    message: str = ""
    """Its first line."""
    end: int = 0
    """Line of the exception."""
    before: "Traceback | None" = None
    """The exception that this one was raised from, or while handling."""
    handling: bool = False
    """Whether it came while `before` was being handled, rather than from it."""
    within: "Traceback | None" = None
    """The group that holds it."""
    inner: "list[Traceback]" = field(default_factory=list)
    """Of a group: the first of each member's chain."""

    @property
    def first(self) -> "Traceback":
        """The earliest of its chain that matters; of a group, the earliest of its first member.

        What a library catches (a key that its cache lacks) to do more work is no failure: the one of that work is.
        """
        at = self
        while at.before is not None and not at._is_of_work_in_a_handler():
            at = at.before
        return at.inner[0].first if at.inner else at

    def _is_of_work_in_a_handler(self) -> bool:
        if not self.handling or self.before is None or not self.before.frames:
            return False
        catching = self.before.frames[0]
        same = [
            n
            for n, frame in enumerate(self.frames)
            if (frame.file, frame.function) == (catching.file, catching.function)
        ]
        below = (
            [frame for frame in self.frames[same[-1] + 1 :] if not frame.file.startswith("<frozen")]
            if same
            else []
        )
        return INSTALLED.search(catching.file) is not None and len(below) >= _ON_ITS_OWN


@dataclass(slots=True)
class _Open:
    """A traceback that is being read, and how its lines begin."""

    traceback: Traceback
    prefix: str
    state: Literal["header", "file", "code"] = "header"

    def text(self, line: str) -> str:
        """`line` without what stands before every line of this traceback."""
        size = len(self.prefix)
        return line[size:] if size and _shape(line[:size]) == _shape(self.prefix) else line


class _Reader:
    """Reads a log line by line. Lines that fit no open traceback are noise."""

    def __init__(self) -> None:
        self.found: list[Traceback] = []
        self.open: list[_Open] = []
        self.ended: list[tuple[str, Traceback]] = []
        """Tracebacks that have ended, with the shape of their prefix, the latest last."""
        self.waiting: dict[str, tuple[Traceback, bool]] = {}
        """By prefix: the one that the next traceback follows from, and whether while that was handled."""

    def read(self, number: int, line: str) -> None:
        if _HEADER in line:
            self._begin(number, line)
            return
        if line.strip().endswith(_CAUSES):
            self._link(line)
            return
        for state in ("code", "header", "file"):
            for each in self.open:
                if each.state == state and self._takes(each, number, line):
                    return

    def _begin(self, number: int, line: str) -> None:
        group = _GROUP in line
        prefix = line[: line.index(_GROUP if group else _HEADER)]
        before, handling = self.waiting.pop(_shape(prefix), (None, False))
        traceback = Traceback(number, group, before=before, handling=handling)
        holder = self._holder(prefix)
        if holder is not None and traceback.before is None:
            holder.inner.append(traceback)
            traceback.within = holder
        self.found.append(traceback)
        self.open.append(_Open(traceback, prefix))
        del self.open[:-_OPEN_AT_ONCE]

    def _holder(self, prefix: str) -> Traceback | None:
        """The group whose member begins with `prefix`, which is its own and a gutter deeper."""
        if not prefix.rstrip().endswith("|"):
            return None
        depth = prefix.rindex("|")
        for shape, traceback in reversed(self.ended):
            if traceback.group and shape.rstrip().endswith(("|", "+")) and len(shape.rstrip()) - 1 < depth:
                return traceback
        return None

    def _link(self, line: str) -> None:
        text = line.strip()
        cause = next(cause for cause in _CAUSES if text.endswith(cause))
        prefix = _shape(line[: line.index(cause)])
        for shape, traceback in reversed(self.ended):
            if _same_place(shape, prefix):
                self.waiting[shape] = (traceback, cause == _HANDLING)
                return

    def _takes(self, each: _Open, number: int, line: str) -> bool:
        text = each.text(line)
        if each.traceback.group and each.prefix.rstrip().endswith("+"):
            text = _GUTTER.sub("", line[len(each.prefix.rstrip()) - 1 :], count=1) if "|" in line else text
        if (match := _FILE.match(text)) is not None:
            frame = Frame(match["file"], int(match["line"]), match["function"] or "")
            each.traceback.frames.append(frame)
            each.state = "file"
            return True
        if each.state == "header":
            return False
        if text.startswith("    "):
            each.state = "code"
            return True
        match = _EXCEPTION.match(text)
        if match is None or not _is_exception(match["type"]):
            return False
        each.traceback.type, each.traceback.message = match["type"], (match["message"] or "").strip()
        each.traceback.end = number
        self.open.remove(each)
        self.ended.append((_shape(each.prefix), each.traceback))
        return True


def find_tracebacks(lines: list[str], /) -> list[Traceback]:
    """Every traceback of a log, in the order of their first lines, linked with what they follow from."""
    reader = _Reader()
    for number, line in _unfolded(lines):
        reader.read(number, line)
    return [each for each in reader.found if each.frames or each.type]


def _unfolded(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; a traceback inside a line of JSON becomes lines of its own."""
    for number, line in enumerate(lines):
        at = line.find(_HEADER + r"\n")
        if at < 0:
            yield number, line
            continue
        text = re.sub(r"(?<!\\)\".*", "", line[at:])
        for part in text.split(r"\n"):
            yield number, part.replace(r"\"", '"')


def _is_exception(name: str) -> bool:
    """Whether a name at the beginning of a line is an exception's, and not a log level or a label."""
    last = name.rpartition(".")[2]
    if last in _BUILTIN or last.endswith(("Error", "Exception")):
        return True
    if name in _LOWER_CASE:
        return True
    if name in _LEVELS or not last[:1].isupper():
        return False
    return "." in name or _CAMEL.fullmatch(last) is not None


def _shape(prefix: str) -> str:
    """What stays equal between the lines of one writer: its pid and name do, times and counters don't."""
    return re.sub(r"\d", "0", prefix)


def _same_place(shape: str, prefix: str) -> bool:
    return shape == prefix or (not prefix.strip() and not shape.strip(" |+"))
