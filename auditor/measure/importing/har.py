"""Requests out of a HAR file, which browsers and proxies save."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from auditor.measure.importing.imported import SECRETS, Imported, counted, is_static, numbered
from auditor.measure.request import Request
from auditor.model.fault import Fault

_KEPT: Final = frozenset({"accept", "accept-language", "content-type", "x-requested-with"})
"""Headers that may change an answer and tell nothing of who asked."""


def import_har(
    content: bytes, /, *, name: str, host: str | None = None, identity: str | None = None
) -> Imported:
    """Reads a file's bytes.

    Args:
        content: of the file.
        name: of the file, for messages.
        host: only requests to it (with its port, if the URLs have one); None takes the most frequent.
        identity: sends those that carried credentials as this identity. The credentials themselves stay behind.

    Raises:
        Fault: it is no HAR.
    """
    entries = _entries(content, name)
    hosts = Counter(urlsplit(entry["url"]).netloc for entry in entries)
    wanted = host or max(hosts, key=lambda each: (hosts[each], each), default="")
    skipped: Counter[str] = Counter()
    requests: list[Request] = []
    guarded = 0
    for entry in entries:
        parts = urlsplit(entry["url"])
        if parts.netloc != wanted:
            skipped["another host"] += 1
        elif is_static(parts.path):
            skipped["a static file"] += 1
        else:
            names = {header for header, _ in _pairs(entry.get("headers"))}
            guarded += bool(names & SECRETS)
            try:
                requests.append(_request(entry, identity if names & SECRETS else None))
            except (ValidationError, UnicodeError):
                skipped["can't be sent as it is"] += 1
    notes: tuple[str, ...] = ()
    if guarded and identity is None:
        notes = (f"{guarded} requests carried credentials, which were left out: name an identity for them.",)
    return Imported(requests=numbered(requests), skipped=counted(skipped), notes=notes)


def _entries(content: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        tree = json.loads(content.decode("utf-8-sig"))
        found = [entry["request"] for entry in tree["log"]["entries"]]
        for each in found:
            urlsplit(each["url"] + each["method"])  # both are there, both are texts, and the URL is one
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Fault(
            f"is no HAR: {error!r}", where=name, hint="a browser's network panel saves one"
        ) from error
    return found


def _request(entry: Mapping[str, Any], identity: str | None) -> Request:
    parts = urlsplit(entry["url"])
    headers = tuple((header, value) for header, value in _pairs(entry.get("headers")) if header in _KEPT)
    posted = entry.get("postData")
    body = posted.get("text") if isinstance(posted, dict) else None
    return Request(
        id="new",
        method=entry["method"],
        path=_literal(parts.path or "/"),
        query=tuple(
            (_literal(key), _literal(value)) for key, value in parse_qsl(parts.query, keep_blank_values=True)
        ),
        headers=tuple((header, _literal(value)) for header, value in headers),
        body=_literal(body) if isinstance(body, str) and body else None,
    ).model_copy(update={"identity": identity})


def _pairs(headers: Any) -> list[tuple[str, str]]:
    """Names in lower case; HTTP/2's own (`:path`) left out."""
    found = headers if isinstance(headers, list) else []
    return [
        (each["name"].lower(), each["value"])
        for each in found
        if isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("value"), str)
    ]


def _literal(text: str) -> str:
    """What was recorded is meant as it stands."""
    return text.replace("${", "$${")
