"""The command that runs the target's own tests."""

import posixpath
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from auditor.execution.detect.clue import Clue, best
from auditor.execution.detect.tree import Tree

_SAYS_PYTEST: Final = {
    "pytest.ini": re.compile(r"^\s*\[pytest\]", re.MULTILINE),
    "pyproject.toml": re.compile(r"^\s*\[tool\.pytest[.\]]", re.MULTILINE),
    "setup.cfg": re.compile(r"^\s*\[tool:pytest\]", re.MULTILINE),
    "tox.ini": re.compile(r"^\s*\[pytest\]", re.MULTILINE),
}
_TEST_FILE: Final = re.compile(r"test_\w+\.py|\w+_test\.py|tests\.py")
_USES_PYTEST: Final = re.compile(r"^\s*(?:import pytest|from pytest import)\b|^def test_", re.MULTILINE)
_USES_DJANGO: Final = re.compile(r"^from (?:django|rest_framework)\.test import", re.MULTILINE)
_LOOKED_AT: Final = 40
"""Test files that are read: they resemble each other."""


def tests(tree: Tree, /, *, cwd: str) -> Clue[str] | None:
    """The surest command, as it is run from `cwd`; None where nothing looks like a test."""
    return best(tuple(_clues(tree, cwd)))


def _clues(tree: Tree, cwd: str) -> Iterator[Clue[str]]:
    for name, pattern in _SAYS_PYTEST.items():
        for file in tree.named(name):
            found = pattern.search(tree.read(file))
            if found is not None:
                line = tree.read(file)[: found.end()].count("\n") + 1
                yield _pytest(file, cwd, f"{file}:{line}", 0.9)
    files = [(file, tree.read(file)) for file in islice(tree.matching(_TEST_FILE), _LOOKED_AT)]
    for file, text in files:
        if _USES_PYTEST.search(text):
            yield Clue("python -m pytest", f"{file}:1", 0.7)
            break
    manage = next(iter(tree.named("manage.py")), None)
    for file, text in files:
        if manage is not None and _USES_DJANGO.search(text):
            yield Clue(f"python {posixpath.relpath(manage, cwd)} test --no-input", f"{file}:1", 0.85)
            break


def _pytest(file: str, cwd: str, place: str, confidence: float) -> Clue[str]:
    """With the file that sets it up, where it would not be found from `cwd`."""
    folder = file.rpartition("/")[0] or "."
    path = posixpath.relpath(folder, cwd)
    if path == ".":
        return Clue("python -m pytest", place, confidence)
    return Clue(f"python -m pytest {path}", place, confidence - 0.2)
