"""Small projects that a test writes down."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from auditor.index.lower import lower
from auditor.index.project import Project


def project(files: Mapping[str, str], library: Iterable[tuple[str, str, dict[str, object]]] = ()) -> Project:
    """Files of an application, as text by path, indented as the test is; with what is known of libraries, if given."""
    own = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return Project([*own, *library])
