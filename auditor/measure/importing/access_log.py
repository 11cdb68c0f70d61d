"""Requests out of a server's access log: the common and combined formats, as nginx, Apache and gunicorn write them."""

import re
from collections import Counter
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import ValidationError

from auditor.measure.importing.imported import Imported, counted, is_static, numbered
from auditor.measure.request import Request
from auditor.model.fault import Fault

_LINE: Final = re.compile(r'"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[\d.]+" (?P<status>\d{3})\b')
_SAFE: Final = frozenset({"GET", "HEAD"})
_VARYING: Final = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}", re.IGNORECASE)
EACH: Final = 3
"""Requests kept of those that differ in numbers and values only: the most frequent."""


def import_access_log(content: bytes, /, *, name: str, each: int = EACH, most: int = 500) -> Imported:
    """Reads a log's bytes.

    Only what was answered with success is taken, and only GET and HEAD: the bodies of others are in no log.

    Args:
        content: of the file.
        name: of the file, for messages.
        each: so many requests of one shape, the most frequent.
        most: so many requests altogether, those of the most frequent shapes.

    Raises:
        Fault: no line of it is of an access log.
    """
    skipped: Counter[str] = Counter()
    targets: Counter[tuple[str, str]] = Counter()
    lines = content.decode("utf-8", "replace").splitlines()
    for line in lines:
        match = _LINE.search(line)
        reason = "not a request" if match is None else _reason(match)
        if match is None or reason:
            skipped[reason] += 1
        else:
            targets[match["method"], match["target"]] += 1
    if lines and skipped["not a request"] == len(lines):
        raise Fault("is no access log in the common or combined format", where=name)
    requests: list[Request] = []
    for method, target in _chosen(targets, each)[:most]:
        try:
            requests.append(_request(method, target))
        except ValidationError:
            skipped["can't be sent as it is"] += targets[method, target]
    notes = (f"{len(targets)} different requests were met, {len(requests)} of them are kept.",)
    return Imported(requests=numbered(requests), skipped=counted(skipped), notes=notes if targets else ())


def is_access_log(content: bytes, /) -> bool:
    """Whether one of the first lines is a request as servers log it."""
    return any(_LINE.search(line.decode("utf-8", "replace")) for line in content[:65536].splitlines()[:50])


def _reason(match: re.Match[str]) -> str:
    if match["method"] not in _SAFE:
        return "not GET or HEAD"
    if not match["target"].startswith("/"):
        return "no path"
    try:
        path = urlsplit(match["target"]).path
    except ValueError:  # `//[`: the beginning of an address that is none
        return "no URL"
    if is_static(path):
        return "a static file"
    return "" if match["status"].startswith("2") else "not answered with success"


def _chosen(targets: Counter[tuple[str, str]], each: int) -> list[tuple[str, str]]:
    """By shape, the most frequent first; within one too."""
    shapes: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for method, target in sorted(targets, key=lambda at: (-targets[at], at)):
        shapes.setdefault((method, _shape(target)), []).append((method, target))
    ranked = sorted(shapes.values(), key=lambda members: (-sum(targets[at] for at in members), members[0]))
    return [at for members in ranked for at in members[:each]]


def _shape(target: str) -> str:
    """The path without numbers and ids, and which parameters are given a value."""
    parts = urlsplit(target)
    given = sorted({(key, bool(value)) for key, value in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{_VARYING.sub('*', parts.path)} {given}"


def _request(method: str, target: str) -> Request:
    parts = urlsplit(target)
    path = parts.path if parts.path.isascii() else unquote(parts.path)
    query = tuple(
        (key.replace("${", "$${"), value.replace("${", "$${"))
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return Request(id="new", method=method, path=path.replace("${", "$${"), query=query)
