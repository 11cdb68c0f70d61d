"""Settings modules of Django projects: which there are, and what a setting holds as shipped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_values import UNKNOWN, Value
from auditor.index.symbols import Class, Function, Module

if TYPE_CHECKING:
    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.index.project import Project

_ROLES: Final = frozenset({"app", "config", "script"})
_NOT_DEPLOYED: Final = re.compile(
    r"(^|[._])(tests?|testing|dev|develop|development|local|debug|ci|docs?)([._]|$)"
)
URLCONF_SETTINGS: Final = ("ROOT_URLCONF", "PUBLIC_SCHEMA_URLCONF", "TENANT_URLCONF")
_OF_OTHER_HOSTS: Final = re.compile(r"[A-Z0-9_]*URL_?CONFS?")
"""Settings that a middleware of the project's own reads to choose the URLs by the host: `SUBDOMAIN_URLCONFS`."""


def settings_modules(project: Project) -> tuple[Module, ...]:
    """Modules that declare the root of the URLs, with those that build on them by a star import.

    Variants for tests and development come last, so that a production variant decides.
    """
    declaring = [
        m for m in project.modules if m.role in _ROLES and any(n in m.scope for n in URLCONF_SETTINGS)
    ]
    chosen = list(declaring)
    for module in chosen:
        for other in project.modules:
            stars = (
                {id(project.module(star, other)) for star in other.stars} if other.role in _ROLES else set()
            )
            if id(module) in stars and other not in chosen and not _NOT_DEPLOYED.search(other.name):
                chosen.append(other)
    deployed = [m for m in chosen if is_deployed(m)]
    return (*deployed, *(m for m in chosen if m not in deployed)) if deployed else tuple(chosen)


def is_deployed(settings: Module) -> bool:
    """Whether its name speaks of no tests and no development."""
    return not _NOT_DEPLOYED.search(settings.name)


def setting(evaluation: Evaluation, module: Module, name: str) -> Value:
    """What a setting holds in one settings module; UNKNOWN where it can't be read or isn't set."""
    return evaluation.module_value(module, name)


def strings(value: Value) -> list[str]:
    """The strings in a list or tuple setting, in order; those that are not known are left out."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def named(evaluation: Evaluation, module: Module, dotted: Value) -> Class | Function | None:
    """The project's class or function that a setting names by its dotted path."""
    found = evaluation.imported(dotted, module) if isinstance(dotted, str) else dotted
    if isinstance(found, Class | Function) and found.module.role != "library":
        return found
    return None


def roots(evaluation: Evaluation, modules: tuple[Module, ...]) -> list[tuple[Module, Module]]:
    """`(URL configuration, settings module)` for each root that a settings module names, once each."""
    found: list[tuple[Module, Module]] = []
    for module in modules:
        for name in URLCONF_SETTINGS:
            value = setting(evaluation, module, name)
            target = evaluation.project.module(value, module) if isinstance(value, str) else None
            if target is not None and all(target is not known for known, _ in found):
                found.append((target, module))
    if found:
        for module in modules:
            for target in of_other_hosts(evaluation, module):
                if all(target is not known for known, _ in found):
                    found.append((target, module))
    return found


def of_other_hosts(evaluation: Evaluation, module: Module) -> list[Module]:
    """The URL configurations that a settings module names beside the root's, by a name or by a dictionary of hosts."""
    if not is_deployed(module):
        return []
    found: list[Module] = []
    for name in module.scope:
        if name in URLCONF_SETTINGS or not _OF_OTHER_HOSTS.fullmatch(name):
            continue
        value = setting(evaluation, module, name)
        for dotted in value.values() if isinstance(value, dict) else [value]:
            target = evaluation.project.module(dotted, module) if isinstance(dotted, str) else None
            if target is not None and target.role == "app" and "urlpatterns" in target.scope:
                found.append(target)
    return found


def context_processors(evaluation: Evaluation) -> tuple[Function, ...]:
    """The project's own context processors, as the settings of the deployment name them."""
    for module in evaluation.names.settings_modules:
        found = [
            named(evaluation, module, n)
            for n in template_processors(setting(evaluation, module, "TEMPLATES"))
        ]
        if functions := tuple(f for f in found if isinstance(f, Function)):
            return functions
    return ()


def template_processors(value: Value) -> list[str]:
    """Dotted names of the context processors in a TEMPLATES setting."""
    names: list[str] = []
    for engine in value if isinstance(value, list | tuple) else ():
        options = engine.get("OPTIONS", UNKNOWN) if isinstance(engine, dict) else UNKNOWN
        if isinstance(options, dict):
            names.extend(strings(options.get("context_processors")))
    return names
