"""What a trace needs to know beside the code: the ORMs in use, the templates, the service locators."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks import pyramid_services
from auditor.frameworks.django_template_tags import TemplateTags
from auditor.frameworks.jinja_own_filters import JinjaFilters
from auditor.index.symbols import ImportedName
from auditor.repo.errors import Undecodable, Unreadable
from auditor.trace.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.frameworks.orm import Orm
    from auditor.index.build import Index
    from auditor.index.project import Project
    from auditor.index.symbols import Function
    from auditor.repo.snapshot import Snapshot
    from auditor.repo.source import SourceFile


_WITHOUT_DJANGO: Final = ("flask", "quart", "fastapi", "starlette", "pyramid", "aiohttp_jinja2")
"""Whose templates are Jinja's."""


@dataclass(frozen=True, slots=True)
class Semantics:
    """Handed to `analysis.analyse`."""

    orms: tuple[Orm, ...] = ()
    intrinsics: Mapping[str, Any] = field(default_factory=dict)
    """What library models call by name (`auditor_intrinsics.<name>`)."""
    locators: Mapping[str, Any] = field(default_factory=dict)
    """Method name of a service locator → from its arguments to the factory it runs."""


def semantics_of(index: Index) -> Semantics:
    """What the target uses."""
    project = index.project
    django = importing(project, "django")
    others = importing(project, *_WITHOUT_DJANGO) - django if django else frozenset()
    templates = Templates(
        {file.path: partial(read, index.snapshot, file) for file in index.templates},
        jinja=not django,
        applications={folder: folder in others for folder in sorted(django | others) if folder}
        if others
        else {},
        tags=TemplateTags(project) if django else None,
        filters=JinjaFilters(project),
        processors=partial(processors, project) if django else tuple,
    )
    return Semantics(
        orms=orms_of(project),
        intrinsics=templates.intrinsics() | rest_settings(project),
        locators=pyramid_services.locators(project) if imports(project, "pyramid") else {},
    )


def processors(project: Project) -> tuple[Function, ...]:
    """What gives every template of a Django project more to show."""
    from auditor.frameworks.django_evaluate import Evaluation  # noqa: PLC0415  # loaded where it is used
    from auditor.frameworks.django_settings import context_processors  # noqa: PLC0415  # as above

    return context_processors(Evaluation(project))


def rest_settings(project: Project) -> dict[str, Any]:
    """What the model of DRF asks of the project's settings."""
    if not imports(project, "rest_framework"):
        return {}
    from auditor.frameworks.rest_framework_settings import RestSettings  # noqa: PLC0415  # loaded where it is used

    return RestSettings(project).intrinsics()


def orms_of(project: Project) -> tuple[Orm, ...]:
    """The mappers whose library the project imports; only those modules are loaded."""
    found: list[Orm] = []
    if imports(project, "django"):
        from auditor.frameworks.django_orm import DjangoOrm  # noqa: PLC0415  # loaded where it is used

        found.append(DjangoOrm(project))
    if imports(project, "sqlalchemy") or imports(project, "flask_sqlalchemy") or imports(project, "sqlmodel"):
        from auditor.frameworks.sqlalchemy import SqlAlchemyOrm  # noqa: PLC0415  # as above

        found.append(SqlAlchemyOrm(project))
    if imports(project, "peewee") or imports(project, "playhouse") or imports(project, "flask_peewee"):
        from auditor.frameworks.peewee import PeeweeOrm  # noqa: PLC0415  # as above

        found.append(PeeweeOrm(project))
    if imports(project, "tortoise"):
        from auditor.frameworks.tortoise import TortoiseOrm  # noqa: PLC0415  # as above

        found.append(TortoiseOrm(project))
    return tuple(found)


def imports(project: Project, library: str) -> bool:
    """True where any module of the target imports from the library."""
    return any(
        isinstance(binding, ImportedName) and binding.module.partition(".")[0] == library
        for module in project.modules
        if module.role != "library"
        for bindings in module.scope.values()
        for binding in bindings
    ) or any(star.partition(".")[0] == library for module in project.modules for star in module.stars)


def importing(project: Project, *libraries: str) -> frozenset[str]:
    """The folders that modules are imported from (`Module.root`) in which any imports from one of the libraries."""
    return frozenset(
        module.root
        for module in project.modules
        if module.role in {"app", "config"}
        and any(
            isinstance(binding, ImportedName) and binding.module.partition(".")[0] in libraries
            for bindings in module.scope.values()
            for binding in bindings
        )
    )


def read(snapshot: Snapshot, file: SourceFile) -> str:
    """The text of a template; OSError where it can't be read any more."""
    try:
        return snapshot.read_text(file).text
    except (Unreadable, Undecodable) as error:
        raise OSError(str(error)) from error
