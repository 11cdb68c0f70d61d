"""Entry points of small projects that a test writes down."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TypeAlias

import pytest

from auditor.frameworks.entry import EntryPoint
from auditor.index.lower import lower
from auditor.index.project import Project

Entries: TypeAlias = Callable[[ModuleType, str], list[EntryPoint]]


@pytest.fixture(scope="session")
def entries() -> Entries:
    """What a framework's module finds in a project that has the one file `app.py`."""

    def found(framework: ModuleType, source: str) -> list[EntryPoint]:
        project = Project([("app.py", "app", lower(textwrap.dedent(source).encode()))])
        points: Iterable[EntryPoint] = framework.entry_points(project)
        return list(points)

    return found
