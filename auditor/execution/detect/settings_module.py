"""Which settings a Django project is started with, where none of its own files says so."""

from collections.abc import Mapping
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.samples import Sample
from auditor.execution.detect.tree import Tree
from auditor.frameworks.django_settings import is_deployed, settings_modules
from auditor.index.project import Project

VARIABLE: Final = "DJANGO_SETTINGS_MODULE"
_STARTING: Final = ("manage.py", "wsgi.py", "asgi.py")
_PRODUCTION: Final = ("production", "prod", "deploy", "deployment", "live")


def settings_variable(
    tree: Tree, project: Project, known: Mapping[str, Sample], /
) -> Clue[tuple[str, str]] | None:
    """The variable with the module to propose; None where it is no Django project, or one that sets it itself."""
    starting = [file for name in _STARTING for file in tree.named(name)]
    if not starting or any(VARIABLE in tree.read(file) for file in starting):
        return None
    if VARIABLE in known:
        return Clue(
            (VARIABLE, known[VARIABLE].value), known[VARIABLE].place, 0.8, f"from {known[VARIABLE].place}"
        )
    names = [
        one for one in settings_modules(project) if all(part.isidentifier() for part in one.name.split("."))
    ]
    deployed = [one for one in names if is_deployed(one)] or names
    best = min(
        deployed, key=lambda one: one.name.rpartition(".")[2] not in _PRODUCTION, default=None
    )  # the first is the one that the others build on
    if best is None:
        return None
    return Clue((VARIABLE, best.name), f"{best.path}:1", 0.5, "a guess: nothing in the tree sets it")
