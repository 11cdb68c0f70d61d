"""Flask-AppBuilder: methods exposed by views and APIs, and the pages of views of models, below the base that a class declares or that follows from its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import method_value
from auditor.frameworks.entry import EntryPoint
from auditor.frameworks.handlers import Route, answered, class_option, decorated_with, methods_of
from auditor.frameworks.wiring import Instance, Wiring, as_function, wire
from auditor.index.symbols import Class, Function

if TYPE_CHECKING:
    from auditor.index.project import Project

_EXPOSE: Final = (
    "flask_appbuilder.expose", "flask_appbuilder.api.expose", "flask_appbuilder.baseviews.expose",
)  # fmt: skip
_PACKAGE: Final = "flask_appbuilder."
Pages: TypeAlias = dict[str, tuple[str, tuple[str, ...], str]]
"""By the method that gives a page: path, HTTP methods, and what stands for it in a module of ours."""
_MODELS: Final = "auditor_appbuilder"
"""The module of ours that says what the library's own pages ask."""
_PAGES: Final[Pages] = {
    "list": ("/list/", ("GET",), "rows"),
    "show": ("/show/{pk}", ("GET",), "one"),
    "add": ("/add", ("GET", "POST"), "blank"),
    "edit": ("/edit/{pk}", ("GET", "POST"), "filled"),
    "delete": ("/delete/{pk}", ("GET", "POST"), "deleted"),
}
"""Of a `ModelView`."""
_REST: Final[Pages] = {
    "get_list": ("/", ("GET",), "rows"),
    "get": ("/{pk}", ("GET",), "one"),
    "post": ("/", ("POST",), "added"),
    "put": ("/{pk}", ("PUT",), "edited"),
    "delete": ("/{pk}", ("DELETE",), "deleted"),
}
"""Of a `ModelRestApi`."""
_WRITING: Final = {"add": "added", "edit": "edited"}
"""What stands for a page that a form is sent to."""
_LISTS: Final = (set, frozenset, list, tuple)
_BASES: Final[dict[str, Pages]] = {
    "ModelView": _PAGES,
    "ModelRestApi": _REST,
}


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per exposed method, URL and HTTP method of each class that no other one specialises."""
    wiring = wire(project)
    marks: dict[int, list[Instance]] = {}
    for made, target in decorated_with(wiring, _EXPOSE):
        found = as_function(target)
        if found is not None:
            marks.setdefault(id(found[0]), []).append(made)
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
    yield from inherited(project, wiring, cls, base)


def inherited(project: Project, wiring: Wiring, cls: Class, base: str) -> Iterator[EntryPoint]:
    """The pages of a view of a model that the library gives it; one that the project defines anew is the project's."""
    tails = [base.rpartition(".")[2] for base in project.external_bases(cls)]
    pages = next((_BASES[tail] for tail in tails if tail in _BASES), {})
    library = project.module(_MODELS)
    if project.member(cls, "datamodel") is None or library is None:
        return
    included = class_option(project, wiring, cls, "include_route_methods")
    excluded = class_option(project, wiring, cls, "exclude_route_methods")
    if any(told is not None and not isinstance(told, _LISTS) for told in (included, excluded)):
        return
    for name, (path, verbs, stands) in pages.items():
        if (included is not None and name not in included) or name in (excluded or ()):
            continue
        if project.method(cls, name) is not None:
            continue
        for verb in verbs:
            named = _WRITING.get(name, stands) if verb == "POST" else stands
            function = library.scope[named][-1]
            if isinstance(function, Function):
                route = url_path.rooted(url_path.under(base, path))
                page = f"{cls.qualname}.{name}"
                yield EntryPoint(
                    "http", verb, route, "flask_appbuilder", function, cls, page, cls.module.path, cls.line
                )


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
