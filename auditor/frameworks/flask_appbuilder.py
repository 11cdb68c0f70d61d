"""Flask-AppBuilder: methods exposed by views and APIs, below the base that the class declares or that follows from its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import method_value
from auditor.frameworks.entry import EntryPoint
from auditor.frameworks.handlers import Route, answered, class_option, decorated_with, methods_of
from auditor.frameworks.wiring import Instance, Wiring, as_function, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_EXPOSE: Final = (
    "flask_appbuilder.expose", "flask_appbuilder.api.expose", "flask_appbuilder.baseviews.expose",
)  # fmt: skip
_PACKAGE: Final = "flask_appbuilder."


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per exposed method, URL and HTTP method of each class that no other one specialises."""
    wiring = wire(project)
    marks: dict[int, list[Instance]] = {}
    for made, target in decorated_with(wiring, _EXPOSE):
        found = as_function(target)
        if found is not None:
            marks.setdefault(id(found[0]), []).append(made)
    if not marks:
        return
    views = [c for m in project.modules for c in m.classes if is_view(project, c)]
    bases = {id(base) for c in views for base in project.mro(c)[1:]}
    for cls in views:
        if id(cls) not in bases:
            yield from exposed(project, wiring, cls, marks)


def is_view(project: Project, cls: Class) -> bool:
    """Whether a class is one of the library's views or APIs."""
    return cls.module.role != "library" and any(b.startswith(_PACKAGE) for b in project.external_bases(cls))


def exposed(
    project: Project, wiring: Wiring, cls: Class, marks: dict[int, list[Instance]]
) -> Iterator[EntryPoint]:
    """The endpoints of one class."""
    base = base_path(project, wiring, cls)
    for function in methods_of(project, cls):
        for made in marks.get(id(function), ()):
            path = url_path.from_angles(url_path.under(base, url_path.text(made.argument(0, "url"))))
            route = Route("flask_appbuilder", url_path.rooted(path), made.argument(1, "methods"))
            yield from answered(project, wiring, method_value(wiring, cls, function), route, receiver=cls)


def base_path(project: Project, wiring: Wiring, cls: Class) -> str:
    """`route_base`; else, for an API, `/api/<version>/<resource name>`; else the class's name in lower case."""
    route_base = class_option(project, wiring, cls, "route_base")
    if isinstance(route_base, str):
        return route_base
    if any(b.rpartition(".")[2].endswith("Api") for b in project.external_bases(cls)):
        version = class_option(project, wiring, cls, "version")
        name = class_option(project, wiring, cls, "resource_name")
        name = name if isinstance(name, str) else cls.name.lower()
        return f"/api/{version if isinstance(version, str) else 'v1'}/{name}"
    return f"/{cls.name.lower()}"
