"""Small projects that a test writes down."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from auditor.index.lower import lower
from auditor.index.project import Project


def project(files: Mapping[str, str]) -> Project:
    """Files of an application, as text by path; indented as the test is."""
    return Project([(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()])
