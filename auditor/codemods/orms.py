"""Which ORM the code at a finding speaks to."""

from typing import TYPE_CHECKING

from auditor.index.values import Many, Query

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.model.report import Finding


def orm_at(finding: "Finding", source: "Source", /) -> str:
    """`django` or `sqlalchemy`; "" where the trace knows no query there and the project has both, or none."""
    scene = source.scene
    if scene is None:
        return ""
    lines = range(finding.line, finding.end_line + 1)
    found = {
        effect.query.orm
        for _, effect in scene.effects()
        if effect.query is not None and effect.site.module.path == finding.file and effect.site.line in lines
    }
    for _, use in scene.uses():
        if use.site.module.path == finding.file and use.site.line in lines:
            query = use.value.source if isinstance(use.value, Many) else use.value
            if isinstance(query, Query):
                found.add(query.orm)
    if not found:
        machine = scene.trace.machine
        found = {orm.name for orm in machine.orms if orm.relation_names()}
    return found.pop() if len(found) == 1 else ""
