"""What a log from production says: where it began, and which requests were on the way."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from pydantic import ValidationError

from auditor.execution.root_error import RootError, find_root_error
from auditor.execution.tracebacks import INSTALLED
from auditor.measure.request import Request

MOST_REQUESTS: Final = 20
_FRAME: Final = re.compile(r'File "(/[^"\n]+)", line \d+')
_METHODS: Final = r"(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)"
_LOGGED: Final = (
    # Flask: Exception on /people [GET]
    re.compile(rf"Exception on (?P<path>/\S*) \[{_METHODS}\]"),
    # An access log: "GET /people?x=1 HTTP/1.1" 500
    re.compile(rf"\"{_METHODS} (?P<path>/\S*)(?: HTTP/[\d.]+)?\" 5\d\d\b"),
    # Django: Internal Server Error: /people
    re.compile(r"Internal Server Error: (?P<path>/\S*)"),
    # gunicorn: Error handling request /people
    re.compile(r"Error handling request (?P<path>/\S*)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What can be told from a log alone."""

    root: RootError | None
    """Where the first failure began, its files relative to the target's tree."""
    requests: tuple[Request, ...]
    """Those that it says failed; only what needs no body can be asked again."""
    unasked: tuple[str, ...]
    """Those that it says failed and that can't be asked again from a log."""


def read_log(log: str, files: Iterable[str], /) -> Logged:
    """`files` are the paths of the target's tree: they tell where in the log's paths the tree begins."""
    root = find_root_error(log, tree=_top(log, frozenset(files)))
    asked, unasked = _requests(log)
    return Logged(root=root, requests=asked, unasked=unasked)


def _top(log: str, files: frozenset[str]) -> str:
    """The folder that the target lay in: what stands before paths that end as the tree's do."""
    tops: Counter[str] = Counter()
    for path in _FRAME.findall(log):
        parts = [] if INSTALLED.search(path) else path.split("/")
        for at in range(1, len(parts)):
            if "/".join(parts[at:]) in files:
                tops["/".join(parts[:at])] += 1
                break
    return max(tops, key=lambda top: (tops[top], top), default="/work")


def _requests(log: str) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    made: dict[str, Request] = {}
    unasked: dict[str, None] = {}
    for line in log.splitlines():
        match = next((found for pattern in _LOGGED if (found := pattern.search(line))), None)
        if match is None:
            continue
        method = match.groupdict().get("method") or "GET"
        target = match["path"].rstrip('",;')
        if method not in {"GET", "HEAD"}:
            unasked[f"{method} {target}"] = None
            continue
        path, _, query = target.partition("?")
        if query == "" and any(one.path == path for one in made.values()):
            continue  # said before, with its query
        try:
            request = Request(
                id=f"seen-{len(made) + 1}",
                method=method,
                path=path,
                query=tuple(parse_qsl(query, keep_blank_values=True)),
            )
        except ValidationError:
            continue
        made.setdefault(f"{method} {target}", request)
    return tuple(made.values())[:MOST_REQUESTS], tuple(unasked)
