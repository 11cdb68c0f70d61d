"""All rows fetched into a list, of which a pager that could have cut the query shows one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class, External
from auditor.model.report import Evidence
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few, gives_whole_rows
from auditor.rules.names import called_name
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.names import Reads
    from auditor.rules.scene import Scene

_PAGERS: Final = frozenset({"django.core.paginator.Paginator", "paginate.Page", "webhelpers.paginate.Page"})
"""Classes that cut what they are given as first argument: a list with a slice, a query with a limit."""
_COUNTED: Final = frozenset({"len", "truth"})
_WAYS: Final = frozenset({"list", "tuple", "all", "fetchall"})
"""What makes a list of a query and does nothing else with it."""


def paged_in_python(scene: Scene) -> Iterator[Claim]:
    """One claim for each list of rows that ends up in a pager and nowhere else."""
    told: set[int] = set()
    for scope in scene.scopes:
        for effect in scope.effects:
            query, function, node = effect.query, effect.site.function, effect.node
            if effect.kind != "sql" or query is None or function is None or node is None or effect.frames:
                continue
            if id(node) in told or few(query) or not gives_whole_rows(query) or effect.cause != "query":
                continue
            pager = pager_of(scene, function, scene.texts.of(function), node)
            if pager is None:
                continue
            told.add(id(node))
            yield Claim(
                spot=spot_of(effect.site),
                title=f"all {query.model.name} rows are fetched, and a pager shows one page of them",
                evidence=[
                    Evidence(kind="query", text=f"`{effect.label}` gives a list, at line {effect.site.line}"),
                    Evidence(kind="note", text=f"the pager at line {pager[1]} can only cut that list"),
                ],
                confidence=0.85,
                related=[place(spot_of(query.site), "query")],
                could_be_wrong="There are never more rows than one page shows.",
                fix="Give the pager the query: it counts the rows and fetches those of one page.",
            )


def pager_of(scene: Scene, function: Function, reads: Reads, node: Node) -> Node | None:
    """The call of a pager that a list of rows is given to, where nothing else but its length is wanted."""
    if not (node[0] == ir.CALL and called_name(node) in _WAYS):
        return None
    flows = reads.flows(node)
    calls = [reads.parent(f.node) for f in flows if f.role not in _COUNTED]
    if not calls or any(c is None or c[0] != ir.CALL for c in calls):
        return None
    given = [c for c in calls if c is not None and is_pager(scene, function, c)]
    return given[0] if len(given) == len(calls) else None


def is_pager(scene: Scene, function: Function, call: Node) -> bool:
    """Whether it makes a pager, of what it is given first."""
    symbol = scene.trace.project.resolve_expression(function.module, call[2], function)
    if isinstance(symbol, Class):
        return f"{symbol.module.name}.{symbol.name}" in _PAGERS
    return isinstance(symbol, External) and symbol.name in _PAGERS
