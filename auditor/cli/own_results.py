"""Whether a file is an earlier result of the same command, which may be written over, or somebody's own.

Known by the form as a whole and not by a word at its start: a README can begin with `Read ` too.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

Forms: TypeAlias = tuple[Callable[[str, str], bool], ...]
"""Each tells by a file's start and end whether it has that form."""

_HEAD: Final = 64 << 10
"""Bytes that are read of a file's start, and of its end."""

_COUNT: Final = r"[\d,]+ "
_PLAN: Final = re.compile(
    r"# Performance plan for .+\n\n\*\*Read:\*\* [^\n]* \[What was not looked at\]\(#what-was-not-looked-at\) stands at the end\.\n"
)
_SCREEN: Final = re.compile(
    rf"Read {_COUNT}files?, {_COUNT}lines?, {_COUNT}endpoints?(?:, \d+ % of calls followed)?(?:, {_COUNT}files? not read)?\. "
    r"(?:Nothing was run\.|Measured: )"
)
_COMMAND: Final = re.compile(r"::(?:error|warning|notice) [^\n]*::")
_MEASURED: Final = re.compile(
    rf"# What was measured\n\n(?:\*\*[^\n]+\*\*\n\n)?{_COUNT}requests? on {_COUNT}endpoints?\.\n"
)


def _document(name: str) -> Callable[[str, str], bool]:
    opening = re.compile(r'\{\s*"schema":\s*"auditor/' + re.escape(name) + r'@\d+"')
    return lambda head, _: opening.match(head) is not None


def _plan(head: str, _: str) -> bool:
    return _PLAN.match(head) is not None


def _screen(head: str, _: str) -> bool:
    return _SCREEN.match(" ".join(head[:1_000].split())) is not None


def _sarif(head: str, _: str) -> bool:
    return (
        head.startswith("{")
        and re.search(r'"driver":\s*\{\s*"name":\s*"auditor",\s*"version"', head) is not None
    )


def _events(head: str, _: str) -> bool:
    first = _object(head.partition("\n")[0])
    data = first.get("data")
    return (
        "run" in first
        and "seq" in first
        and isinstance(data, Mapping)
        and str(data.get("schema")).startswith("auditor/event@")
    )


def _annotations(head: str, tail: str) -> bool:
    return _COMMAND.match(head) is not None and tail.rstrip("\n").rpartition("\n")[2].startswith(
        "::notice title=auditor::"
    )


def _measured(head: str, _: str) -> bool:
    return _MEASURED.match(head) is not None


def _requests(head: str, _: str) -> bool:
    first = _object(head.partition("\n")[0])
    return {"id", "method", "path"} <= first.keys()


AUDITED: Final[Forms] = (_document("report"), _plan, _screen, _sarif, _events, _annotations)
"""Forms in which an audit writes."""
MEASURED: Final[Forms] = (_document("observation"), _measured)
"""Forms in which a measurement is written."""
REQUESTS: Final[Forms] = (_requests,)
"""The form of a workload."""


def is_earlier_result(path: Path, forms: Forms, /) -> bool:
    """Whether the file at `path` is empty, or in one of `forms`; not what can't be read."""
    try:
        with path.open("rb") as file:
            begins = file.read(_HEAD)
            file.seek(max(0, path.stat().st_size - _HEAD))
            ends = file.read(_HEAD)
    except OSError:
        return False
    head, tail = (part.decode("utf-8", "replace") for part in (begins, ends))
    return not begins or any(form(head, tail) for form in forms)


def _object(line: str) -> Mapping[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
