"""Whose names a tree imports without having them: the libraries that it stands on, and Python's own."""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Final

_IMPORT: Final = re.compile(rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([^\n#;(]+))", re.MULTILINE)


def libraries_of(files: Mapping[str, bytes], /) -> frozenset[str]:
    """Top-level modules that are none of the tree's; `files` is the whole tree."""
    sources = {path: content for path, content in files.items() if path.endswith(".py")}
    own = {part.removesuffix(".py") for path in sources for part in path.split("/")}
    imported = {name for content in sources.values() for name in _imported(content)}
    return frozenset((imported | sys.stdlib_module_names) - own)


def stands_for(path: str, /) -> str:
    """The top-level module that a file is, or is a part of; empty for a file that is no Python."""
    if not path.endswith(".py"):
        return ""
    parts = path.removeprefix("src/").split("/")
    return parts[0].removesuffix(".py")


def _imported(content: bytes) -> Iterator[str]:
    for match in _IMPORT.finditer(content):
        whole = match[1] or match[2]
        for name in whole.split(b","):
            yield name.split(b".")[0].split(b" as ")[0].strip().decode("utf-8", "replace")
