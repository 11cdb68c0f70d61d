"""Mappers for which no fix is written: what is found of their queries is told, and left to whoever knows them."""

from typing import TYPE_CHECKING, Final

from auditor.rules.declared import models

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

_UNWRITTEN: Final = frozenset({"peewee", "tortoise"})


def speaks_of(finding: "Finding", source: "Source") -> str:
    """The mapper of the queries in a finding's file that no fix is written for; "" where there is none."""
    return "" if source.scene is None else source.scene.once(mappers).get(finding.file, "")


def mappers(scene: "Scene") -> dict[str, str]:
    """By file: the mapper whose models it has, or whose queries it has or runs."""
    found = {m.cls.module.path: m.orm for m in models(scene) if m.orm in _UNWRITTEN}
    for _, effect in scene.effects():
        query = effect.query
        if query is not None and query.orm in _UNWRITTEN:
            places = [effect.site, query.site, *query.steps]
            found.update((place.module.path, query.orm) for place in places)
            found.update((function.module.path, query.orm) for function, _ in effect.frames)
    return found
