"""What somebody saw break, as they can say it: files of requests, URLs, a log."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from auditor.measure.request import Request
from auditor.measure.workload import parse_requests
from auditor.model.fault import Fault

_MOST_BYTES: Final = 64 << 20


def broken_requests(arguments: argparse.Namespace, /) -> tuple[Request, ...]:
    """Those of the files, then those of the URLs; `Fault` for one that can't be used."""
    found: list[Request] = []
    for file in arguments.request:
        found += parse_requests(_read(str(file)), name=str(file))[0]
    found += [_of_url(url, f"broken-{number}", arguments) for number, url in enumerate(arguments.url, 1)]
    return tuple(found)


def read_log(name: str | None, /) -> str:
    """The text of a log; empty for None."""
    return "" if name is None else _read(name).decode("utf-8", "replace")


def _of_url(url: str, id_: str, arguments: argparse.Namespace) -> Request:
    method, _, target = url.strip().rpartition(" ")
    try:
        parts = urlsplit(target)
        return Request.model_validate(
            {
                "id": id_,
                "method": method.strip() or ("GET" if arguments.body is None else "POST"),
                "path": parts.path or "/",
                "query": tuple(parse_qsl(parts.query, keep_blank_values=True)),
                "headers": tuple(_header(text) for text in arguments.header),
                "body": _body(arguments.body),
                "as": arguments.identity,
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Fault(f"{place} {first['msg'].removeprefix('Value error, ')}", where=f"--url {url}") from error
    except ValueError as error:
        raise Fault(f"is no URL: {error}", where=f"--url {url}") from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise Fault(f"{text!r} is no header", where="--header", hint="--header 'Accept: text/html'")
    return name.strip(), value.strip()


def _body(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _read(name: str) -> bytes:
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=name) from error
    if len(content) > _MOST_BYTES:
        raise Fault(f"has more than {_MOST_BYTES >> 20} MiB", where=name, hint="a part of it is enough")
    return content
