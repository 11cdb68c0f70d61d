"""Projects with Django REST framework, written in a test and traced with what we know of the library."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import auditor.frameworks
from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import Trace, analyse
from auditor.trace.semantics import Semantics, orms_of, rest_settings

LIBRARY = Path(auditor.frameworks.__file__).parent / "library"


@cache
def library() -> tuple[tuple[str, str, dict[str, object]], ...]:
    return tuple(
        (f"<library>/{p.relative_to(LIBRARY)}", "library", lower(p.read_bytes()))
        for p in sorted(LIBRARY.rglob("*.py"))
    )


def traced(sources: Mapping[str, str], *, settings: str = "") -> Trace:
    """The trace of these files by path, beside settings whose root of addresses is `urls.py`."""
    files = {"settings.py": f"ROOT_URLCONF = 'urls'\n{settings}\n", **sources}
    project = Project([*((p, "app", lower(t.encode())) for p, t in files.items()), *library()])
    semantics = Semantics(orms=orms_of(project), intrinsics=rest_settings(project))
    return analyse(project, discover(project), knowledge=load(), semantics=semantics)
