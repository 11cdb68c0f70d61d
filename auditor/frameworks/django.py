"""Endpoints of Django and Django REST framework: every URL configuration read from its roots down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_admin
from auditor.frameworks.django_around import around_view, middleware, processors, renders
from auditor.frameworks.django_evaluate import Evaluation
from auditor.frameworks.django_pattern import readable
from auditor.frameworks.django_settings import is_deployed, roots
from auditor.frameworks.django_values import Called, Include, Route, Unread, Value
from auditor.frameworks.django_views import Served, served
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.rest_framework_around import defaults, is_rest, policies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.project import Project
    from auditor.index.symbols import Module

_MAX_NESTING: Final = 20
"""Lists inside lists; more is a cycle."""
_MAX_ROUTES: Final = 20_000
"""Routes and includes looked at below one root: configurations that include each other more than once double them."""


def entry_points(project: Project) -> list[EntryPoint]:
    """Every endpoint in the order in which Django tries the routes; what an earlier one hides is left out."""
    return read(project)[0]


def unread(project: Project) -> list[Unread]:
    """Where routes are declared that can't be read without running the code, by file and line."""
    return read(project)[1]


def read(project: Project) -> tuple[list[EntryPoint], list[Unread]]:
    """Endpoints and what could not be read, of one evaluation."""
    if not any("urlpatterns" in module.scope for module in project.modules if module.role != "library"):
        return [], []
    evaluation = Evaluation(project)
    evaluation.register_all()
    found: dict[tuple[str, str], list[EntryPoint]] = {}
    tops = root_modules(evaluation)
    for urlconf, settings in tops:
        reader = _Reader(evaluation, settings)
        folder = evaluation.names.projects.of(settings or urlconf) or ""
        is_served = settings is None or is_deployed(settings) or is_deployed(urlconf)
        application = f"{folder}:{urlconf.name}" if folder else urlconf.name if len(tops) > 1 else ""
        for entry in reader.entries(urlconf):
            others = found.setdefault((folder, entry.id), [])
            known = {(other.handler, other.receiver) for other in others if other.home != application}
            if not others or (
                len(known) == len(others) and is_served and (entry.handler, entry.receiver) not in known
            ):
                others.append(replace(entry, home=application))
        if evaluation.steps < 0:
            evaluation.note(urlconf, 1, "these routes take more steps than are followed: some may be missing")
    unread_places = sorted(evaluation.unread, key=lambda item: (item.file, item.line, item.reason))
    return [entry for several in found.values() for entry in several], unread_places


def root_modules(evaluation: Evaluation) -> list[tuple[Module, Module | None]]:
    """Roots of the URLs: those that settings name, else every configuration that no other one includes."""
    named = roots(evaluation, evaluation.names.settings_modules)
    if named:
        return [(urlconf, settings) for urlconf, settings in named]
    project = evaluation.project
    candidates = [m for m in project.modules if m.role == "app" and "urlpatterns" in m.scope]
    included = {id(inner) for module in candidates for inner in includes(evaluation, module)}
    left = [m for m in candidates if id(m) not in included]
    settings_modules = evaluation.names.settings_modules
    return [(module, settings_modules[0] if settings_modules else None) for module in left]


def includes(evaluation: Evaluation, module: Module) -> Iterator[Module]:
    """Modules that a configuration includes, at any depth of its own lists."""
    stack: list[Value] = [evaluation.module_value(module, "urlpatterns")]
    while stack:
        value = stack.pop()
        if isinstance(value, Route):
            stack.append(value.target)
        elif isinstance(value, list | tuple):
            stack.extend(value)
        elif isinstance(value, Include) and value.module is not module:
            yield value.module


def framework_of(item: Served) -> str:
    """`django_admin` for a page that staff sees, whose class is registered for a model."""
    return (
        "django_admin"
        if item.receiver is not None and django_admin.is_registered(item.receiver)
        else "django"
    )


class _Reader:
    """Walks the routes below one root."""

    def __init__(self, evaluation: Evaluation, settings: Module | None) -> None:
        self.evaluation = evaluation
        self.middleware: tuple[Around, ...] = ()
        self.processors: tuple[Around, ...] = ()
        self.defaults: dict[str, list[Value]] = {}
        self.left = _MAX_ROUTES
        self.including: list[Module] = []
        if settings is not None:
            self.middleware = middleware(evaluation, settings)
            self.processors = processors(evaluation, settings)
            self.defaults = defaults(evaluation, settings)

    def entries(self, urlconf: Module) -> Iterator[EntryPoint]:
        self.including = [urlconf]
        for path, route in self.routes(self.patterns(urlconf), "/", 0):
            for item in served(route, self.evaluation):
                yield self.entry(path, item)
        if self.left < 0:
            self.evaluation.note(
                urlconf, 1, f"includes more than {_MAX_ROUTES:,} routes: those after them are not followed"
            )

    def patterns(self, module: Module) -> Value:
        value = self.evaluation.module_value(module, "urlpatterns")
        if not isinstance(value, list | tuple):
            self.evaluation.note(module, 1, f"the routes of {module.name} are not a list that can be read")
        return value

    def routes(self, items: Value, prefix: str, depth: int) -> Iterator[tuple[str, Route]]:
        """`(path, route)` of every route that is no include."""
        for item in items if isinstance(items, list | tuple) and depth < _MAX_NESTING else ():
            self.left -= 1
            if self.left < 0:
                return
            if isinstance(item, list | tuple):
                yield from self.routes(item, prefix, depth + 1)
            if not isinstance(item, Route):
                continue
            path = prefix + readable(item.pattern, item.syntax)
            target = item.target
            site = django_admin.included_site(target, self.evaluation.project)
            if site is not None:
                pages = django_admin.routes(site, self.evaluation, item.module, item.line)
                yield from self.routes(pages, path, depth + 1)
            elif isinstance(target, Include):
                yield from self.included(target.module, path, depth + 1)
            elif isinstance(target, list | tuple):
                inner = (
                    target[0]
                    if isinstance(target, tuple) and target and isinstance(target[0], list)
                    else target
                )
                yield from self.routes(inner, path, depth + 1)
            elif isinstance(target, Called) and target.name == "include":
                self.evaluation.note(
                    item.module, item.line, f"{target.args[0]} is included from outside this tree"
                )
            else:
                yield path.replace("//", "/"), item

    def included(self, module: Module, path: str, depth: int) -> Iterator[tuple[str, Route]]:
        """The routes of a configuration; one that includes itself is followed once around."""
        if self.including.count(module) < 2:
            self.including.append(module)
            yield from self.routes(self.patterns(module), path, depth)
            self.including.pop()

    def entry(self, path: str, item: Served) -> EntryPoint:
        rest = is_rest(item, self.evaluation)
        around = [*self.middleware, *around_view(item, self.evaluation)]
        if rest:
            around += policies(item, self.evaluation, self.defaults)
        elif self.processors and renders(item, self.evaluation):
            around += self.processors
        return EntryPoint(
            kind="http",
            method=item.method,
            path=path,
            framework="rest_framework" if rest else framework_of(item),
            handler=item.function,
            receiver=item.receiver,
            name=item.name,
            file=item.file,
            line=item.line,
            around=tuple(dict.fromkeys(around)),
        )
