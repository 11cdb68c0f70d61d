"""Routes that a framework answers by itself: the files of a folder, a fixed page, a redirection.

They are endpoints like others, since whatever stands around every request runs for them, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import url_path
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.literals import HOLE
from auditor.index.symbols import Function

if TYPE_CHECKING:
    from auditor.frameworks.wiring import Call, Instance, Value
    from auditor.index.project import Project

_ANSWERS: Final = "auditor_answers"
"""The module of ours that stands for them."""
STATIC_FILES: Final = ("starlette.staticfiles.StaticFiles", "fastapi.staticfiles.StaticFiles")


def own_answer(
    project: Project,
    framework: str,
    path: str,
    what: Literal["file", "page", "redirection"],
    said: Call | Instance,
    around: tuple[Around, ...] = (),
) -> Iterator[EntryPoint]:
    """The endpoint of one such route; `said` is where the project asks for it."""
    library = project.module(_ANSWERS)
    function = None if library is None else library.scope[what][-1]
    if isinstance(function, Function):
        module = said.module
        name = f"{module.name}: {what} by {framework}"
        yield EntryPoint("http", "GET", path, framework, function, None, name, module.path, said.line, around)


def files(
    project: Project,
    framework: str,
    prefix: Value,
    said: Call | Instance,
    around: tuple[Around, ...] = (),
) -> Iterator[EntryPoint]:
    """The endpoint of a folder whose files are served below `prefix`; none where the prefix is another host's."""
    if isinstance(prefix, str) and "://" not in prefix and not prefix.startswith("//") and prefix != HOLE:
        path = url_path.rooted(f"{prefix}/*")
        yield from own_answer(project, framework, path, "file", said, around)
