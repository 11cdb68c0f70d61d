"""Requests out of whatever file there is: it is told by its content."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, get_args

from auditor.measure.importing.access_log import import_access_log, is_access_log
from auditor.measure.importing.har import import_har
from auditor.measure.importing.imported import Imported
from auditor.measure.importing.openapi import import_openapi
from auditor.measure.workload import content_of, parse_workload

Format = Literal["requests", "har", "openapi", "access-log"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def read_requests(
    path: Path,
    /,
    *,
    form: Format | None = None,
    host: str | None = None,
    identity: str | None = None,
    known: Callable[[], Mapping[str, str]] = dict,
    generated: int = 0,
) -> Imported:
    """The requests of a file.

    Args:
        path: of the file.
        form: what it is; None to tell by its content.
        host: of a HAR, only requests to it; None takes the most frequent.
        identity: sends what carried credentials (HAR), or what the document calls secured (OpenAPI), as this identity.
        known: asked for an OpenAPI document: values for path parameters by name.
        generated: of an OpenAPI document, so many unusual requests an operation, half of them such as its schema forbids.

    Raises:
        Fault: the file can't be read, or is not what it is taken for.
    """
    content = content_of(path)
    name = str(path)
    match form or format_of(content):
        case "har":
            return import_har(content, name=name, host=host, identity=identity)
        case "openapi":
            return import_openapi(content, name=name, known=known(), identity=identity, generated=generated)
        case "access-log":
            return import_access_log(content, name=name)
        case _:
            return Imported(requests=parse_workload(content, name=name).requests)


def format_of(content: bytes, /) -> Format:
    """What a file seems to be; `requests` where nothing else fits, so that its lines are named that can't be used."""
    if is_access_log(content):
        return "access-log"
    first = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not first.startswith(b"{"):
        return "requests"
    try:
        json.loads(first.partition(b"\n")[0])
    except (ValueError, RecursionError):
        pass  # a document over many lines
    else:
        if first.strip().count(b"\n"):
            return "requests"
    try:
        tree = json.loads(first)
    except (ValueError, RecursionError):
        return "requests"
    if isinstance(tree, dict) and "path" not in tree:
        if isinstance(tree.get("log"), dict):
            return "har"
        if "openapi" in tree or "swagger" in tree:
            return "openapi"
    return "requests"
