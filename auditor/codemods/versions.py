"""Which version of a library a target asks for, where it says so."""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from auditor.codemods.source import Source

_FILES: Final = (
    "requirements.txt",
    "requirements.in",
    "requirements/base.txt",
    "requirements/default.txt",
    "setup.py",
    "Pipfile",
    "pyproject.toml",
)


def older(source: "Source", library: str, version: tuple[int, int], /) -> bool:
    """Whether the target pins a version of the library before `version`; False where it names none."""
    pin = re.compile(rf"(?im)^\W*{re.escape(library)}\W*[=~]=?=?\s*[\"']?(\d+)\.(\d+)")
    for path in _FILES:
        text = source.read(path)
        found = None if text is None else pin.search(text)
        if found is not None:
            return (int(found[1]), int(found[2])) < version
    return False
