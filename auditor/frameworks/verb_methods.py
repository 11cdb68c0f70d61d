"""Classes whose methods answer the HTTP methods of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.literals import UNKNOWN
from auditor.index.symbols import Class, Function

if TYPE_CHECKING:
    from auditor.index.project import Project

VERBS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")


def verbs_of(project: Project, cls: Class) -> Iterator[tuple[str, Function]]:
    """`(GET, the get method)` and so on, for the methods that project classes of the MRO define."""
    for verb in VERBS:
        function = project.method(cls, verb.lower())
        if function is not None:
            yield verb, function


def listed(methods: object, default: Iterable[str]) -> tuple[str, ...]:
    """HTTP methods as an option names them; `ANY` where that can't be told, `default` where it is absent."""
    if methods is None:
        return tuple(default)
    if isinstance(methods, str):
        methods = [methods]
    if methods is UNKNOWN or not isinstance(methods, list | tuple):
        return ("ANY",)
    names = [m.upper() for m in methods if isinstance(m, str)]
    return tuple(dict.fromkeys(names)) or ("ANY",)
