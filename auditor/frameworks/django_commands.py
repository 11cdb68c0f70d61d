"""Django's management commands: `manage.py name` runs `Command.handle` of `management/commands/name.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.entry import EntryPoint
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.project import Project

_ROLES: Final = frozenset({"app", "script", "config"})
_HANDLERS: Final = ("handle", "handle_noargs", "handle_label", "handle_app_config")
"""What a command of each kind does; the first that the project has is told."""


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`COMMAND name` for every command of the project."""
    for module in project.modules:
        folder, _, file = module.path.rpartition("/")
        if (
            module.role not in _ROLES
            or not f"/{folder}".endswith("/management/commands")
            or file.startswith("_")
        ):
            continue
        cls = module.scope.get("Command", [None])[-1]
        if not isinstance(cls, Class):
            continue
        for name in _HANDLERS:
            function = project.method(cls, name)
            if function is not None and function.module.role != "library":
                told, path = f"{cls.qualname}.{name}", file.removesuffix(".py")
                place = function.module.path, function.line
                yield EntryPoint("command", "COMMAND", path, "django", function, cls, told, *place)
                break
