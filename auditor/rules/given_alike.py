"""Rows that are loaded for nothing but to be given the same values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.rules import turns
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few, rows_at_stake
from auditor.rules.remade_rows import rows_behind
from auditor.rules.row_paths import has_call
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Query
    from auditor.rules.scene import Scene


def given_alike(scene: Scene) -> Iterator[Claim]:
    """SQLAlchemy rows that are loaded for nothing but to be given the same values: the flush updates each."""
    for _, use in scene.uses():
        node, query = use.node, rows_behind(use.value)
        if use.how != "iterate" or node is None or node[0] != ir.FOR or query is None:
            continue
        columns = columns_given(node, query)
        if query.orm != "sqlalchemy" or not columns or few(query):
            continue
        named = ", ".join(f"`{c}`" for c in columns)
        yield Claim(
            spot=spot_of(use.site),
            title=f"each {query.model.name} is loaded to be given the same {named}",
            evidence=[
                Evidence(
                    kind="query",
                    text=f"`{query.site.module.path}:{query.site.line}` fetches {query.model.name} rows",
                ),
                Evidence(kind="code", text=f"the loop only sets {named}, to what no turn changes"),
            ],
            confidence=0.7,
            related=[place(spot_of(query.site), "query")],
            cost_term=rows_at_stake(scene, query),
            could_be_wrong="Listeners of the mapper need each row, or there are never more than a few.",
            fix=f"Set {named} with one UPDATE: `query.update({{…}})`, or `update(…).where(…).values(…)`.",
        )


def columns_given(loop: Node, query: Query) -> list[str]:
    """The columns that a loop sets on its row, where it does nothing else and every turn sets the same."""
    if loop[3][0] != ir.NAME:
        return []
    row, found = loop[3][2], []
    for s in loop[5]:
        target = s[3][0] if s[0] == ir.ASSIGN and len(s[3]) == 1 else None
        if target is None or target[0] != ir.ATTR or target[2][0] != ir.NAME or target[2][2] != row:
            return []
        if row in turns.free_names(s[4]) or has_call(s[4]) or target[3] not in query.model.columns:
            return []
        found.append(target[3])
    return found
