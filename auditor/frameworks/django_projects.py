"""Which Django project of a tree a module belongs to: several may lie side by side, with apps of the same names."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from auditor.frameworks.django_settings import settings_modules

if TYPE_CHECKING:
    from auditor.index.project import Project
    from auditor.index.symbols import Module


class Projects:
    """The projects by their folders: where the `manage.py` above the settings lies, or what these are imported from.

    A module belongs to the innermost such folder around it; one outside all of them is shared. In a tree with
    a single project nothing is told apart.
    """

    def __init__(self, project: Project) -> None:
        managed = {posixpath.dirname(m.path) for m in project.modules if m.path.endswith("manage.py")}
        folders = {_folder(module, managed) for module in settings_modules(project)}
        self._folders = sorted(folders, key=len, reverse=True) if len(folders) > 1 else []
        self._known: dict[str, str | None] = {}

    def of(self, module: Module) -> str | None:
        """The project's folder; None where the module is shared, or there is but one project."""
        if not self._folders:
            return None
        if module.path not in self._known:
            around = (one for one in self._folders if not one or module.path.startswith(f"{one}/"))
            self._known[module.path] = next(around, None)
        return self._known[module.path]

    def are_strangers(self, one: Module, other: Module) -> bool:
        """Whether they belong to different projects, so that neither's names and settings mean the other's."""
        first, second = self.of(one), self.of(other)
        return first is not None and second is not None and first != second


def _folder(settings: Module, managed: set[str]) -> str:
    folder = posixpath.dirname(settings.path)
    while folder not in managed:
        if not folder:
            return settings.root
        folder = posixpath.dirname(folder)
    return folder
