"""The packages that a tree says it needs, and those that an interpreter has: names only, nothing is imported."""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from auditor.config.toml_text import toml_values
from auditor.execution.detect.interpreter import site_packages
from auditor.execution.detect.tree import Tree

_FILES: Final = (
    "requirements.txt",
    "requirements/prod.txt",
    "requirements/production.txt",
    "requirements/base.txt",
)
_NAME: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<rest>.*)")
_OPTIONAL: Final = re.compile(
    r";.*\b(?:extra|sys_platform|platform_\w+|python_(?:full_)?version|os_name|implementation_name)\b"
)
"""Whether a marker holds is the interpreter's to say: such a line is never missed."""
_INCLUDES: Final = re.compile(r"\s*(?:-r|--requirement)[\s=]*(?P<file>[^\s#]+)")
_DEEPEST: Final = 8
_BUILT: Final = {"psycopg2": "psycopg2-binary", "psycopg2-binary": "psycopg2"}
"""The same package as its source and as it comes built."""
_DISTRIBUTION: Final = re.compile(r"(?P<name>.+?)-[^-]+(?:-py[\d.]+)?\.(?:dist-info|egg-info)")


def required(tree: Tree, /, *, near: str = "") -> tuple[str, tuple[str, ...]]:
    """The file that says it, and the normalised names in it; two empties when none does.

    `near` is the folder the target runs in: its own file counts before the one at the top.
    """
    folders = dict.fromkeys((near, ""))
    for folder in folders:
        prefix = f"{folder}/" if folder else ""
        for file in _FILES:
            if f"{prefix}{file}" in tree.known and (names := _of_lines(_lines(tree, f"{prefix}{file}"))):
                return f"{prefix}{file}", names
        if f"{prefix}pyproject.toml" in tree.known and (
            names := _of_project(tree.read(f"{prefix}pyproject.toml"))
        ):
            return f"{prefix}pyproject.toml", names
    return "", ()


def installed(python: Path, /) -> frozenset[str]:
    """Normalised names of the distributions that an interpreter or environment has."""
    names = set()
    for folder in site_packages(python):
        for entry in folder.iterdir():
            match = _DISTRIBUTION.fullmatch(entry.name)
            if match:
                names.add(_normalised(match["name"]))
    return frozenset(names)


def lacking(names: Iterable[str], has: Collection[str], /) -> tuple[str, ...]:
    """Those of `names` that are not there under any name that their package goes by."""
    return tuple(name for name in names if not {name, _BUILT.get(name, name)} & set(has))


def _lines(tree: Tree, file: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Those of a requirements file and of the files that it includes, where they stand in the tree."""
    for line in tree.read(file).splitlines():
        match = _INCLUDES.match(line)
        if match is None:
            yield line
            continue
        other = posixpath.normpath(posixpath.join(posixpath.dirname(file), match["file"]))
        if other in tree.known and other not in seen and len(seen) < _DEEPEST:
            yield from _lines(tree, other, seen | {file, other})


def _of_lines(text: Iterable[str]) -> tuple[str, ...]:
    lines = (line.partition(" #")[0].strip() for line in text if len(line) < 500)
    return _names(line for line in lines if not line.startswith(("#", "-")))


def _of_project(text: str) -> tuple[str, ...]:
    try:
        document = toml_values(text)
    except ValueError:
        return ()
    listed = _inside(document, "project", "dependencies")
    if isinstance(listed, list):
        return _names(line for line in listed if isinstance(line, str))
    poetry = _inside(document, "tool", "poetry", "dependencies")
    if not isinstance(poetry, dict):
        return ()
    return _names(
        name
        for name, value in poetry.items()
        if name != "python"
        and not (isinstance(value, dict) and (value.get("optional") or value.get("markers")))
    )


def _inside(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _names(lines: Any) -> tuple[str, ...]:
    matches = (_NAME.match(line) for line in lines if not _OPTIONAL.search(line))
    return tuple(
        dict.fromkeys(_normalised(match["name"]) for match in matches if match and "://" not in match["name"])
    )


def _normalised(name: str) -> str:
    """As PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()
