"""What the sources say of themselves in passing: that they make their own tables, whom they call, what they let in by."""

import re
from collections.abc import Iterator
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.tree import Tree

_NEAR: Final = 5
"""Folders below the root in which sources are looked through."""
_APART: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|examples?|migrations|versions|alembic|node_modules)/|(?:^|/)(?:test_[^/]*|conftest)\.py$"
)
_MAKES_TABLES: Final = re.compile(r"^[^#\n]*(?:\.create_all\b|\.create_tables\(|\bgenerate_schemas\b)")
_HOST: Final = re.compile(
    r"""(?:=|\b(?:environ\.get|getenv|env|config)\(\s*["']\w+["']\s*,)\s*f?["']https?://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?=[/:"'])""",
    re.IGNORECASE,
)
_NOT_ASKED: Final = re.compile(
    r"(?:^|\.)(?:w3\.org|schema\.org|github\.com|python\.org|readthedocs\.io|json-schema\.org|opensource\.org)$|^\d+(?:\.\d+)+$"
)
_DOOR: Final = re.compile(
    r"""headers(?:\.get\(|\[)\s*["'](?P<header>X-[\w-]*(?:Key|Token|Auth)[\w-]*|Authorization)["']""",
    re.IGNORECASE,
)
_PARAMETER: Final = re.compile(
    r"""\b(?P<name>x_\w*(?:key|token|auth)\w*)\s*:[^=\n]*(?:=\s*)?\bHeader\(""",
    re.IGNORECASE,
)
"""FastAPI fills `x_api_key` by the header of that name."""
_MOST_HOSTS: Final = 4


def made_tables(tree: Tree, /) -> Clue[str] | None:
    """Where the application or its seed makes the tables that are not there."""
    return next((Clue(place, place, 0.7) for _, place in found_in(tree, _MAKES_TABLES)), None)


def outside_hosts(tree: Tree, /) -> tuple[Clue[str], ...]:
    """Hosts that the sources give a name to, each where it stands first."""
    hosts: dict[str, Clue[str]] = {}
    for match, place in found_in(tree, _HOST):
        host = match["host"].lower()
        if not _NOT_ASKED.search(host):
            hosts.setdefault(host, Clue(host, place, 0.5))
    return tuple(hosts.values())[:_MOST_HOSTS]


def door_header(tree: Tree, /) -> Clue[str] | None:
    """The header that says who asks, where the sources read one by its name."""
    for match, place in found_in(tree, _DOOR):
        return Clue(match["header"], place, 0.5)
    for match, place in found_in(tree, _PARAMETER):
        return Clue("-".join(word.capitalize() for word in match["name"].split("_")), place, 0.5)
    return None


def makes_tables(text: str, /) -> bool:
    """Whether a source makes the tables that are not there."""
    return any(_MAKES_TABLES.search(line) for line in text.splitlines() if len(line) < 400)


def found_in(tree: Tree, pattern: re.Pattern[str], /) -> Iterator[tuple[re.Match[str], str]]:
    """Each line of the sources that the pattern fits, with its place; tests and migrations are left out."""
    for file in tree.files:
        if not file.endswith(".py") or file.count("/") > _NEAR or _APART.search(file):
            continue
        for number, line in enumerate(tree.read(file).splitlines(), 1):
            if len(line) < 400 and (match := pattern.search(line)):
                yield match, f"{file}:{number}"
