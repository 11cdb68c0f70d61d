"""Trees of django-mptt and django-treebeard, and wagtail's pages: methods of rows that these libraries bring, and what they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_orm_execution import select
from auditor.frameworks.django_orm_models import ORM
from auditor.index.symbols import External
from auditor.index.values import UNKNOWN, Query, Row, Value, altered

if TYPE_CHECKING:
    from auditor.frameworks.django_orm_models import Registry
    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.values import Model

_TREES: Final = frozenset({"mptt", "treebeard"})
_ROWS: Final = frozenset({
    "get_children", "get_ancestors", "get_descendants", "get_siblings", "get_family", "get_leafnodes", "get_tree",
})  # fmt: skip
"""What gives a queryset of the same model: nothing is asked before somebody goes through it."""
_ONE: Final = frozenset({
    "get_next_sibling", "get_previous_sibling", "get_prev_sibling", "get_first_child", "get_last_child", "get_parent", "get_root",
})  # fmt: skip
"""What asks for one row each time."""
_NONE: Final = frozenset({
    "is_root_node", "is_child_node", "is_leaf_node", "get_level", "get_descendant_count", "is_root", "is_leaf", "get_depth",
    "is_descendant_of", "is_ancestor_of", "is_child_of", "is_sibling_of",
})  # fmt: skip
"""What the row's own columns tell."""


def library_of(registry: Registry, model: Model) -> str:
    """The library whose tree a model's rows are; "" for any other model."""
    for base in registry.project.mro(model.cls):
        top = base.name.partition(".")[0] if isinstance(base, External) else ""
        if top in _TREES:
            return top
    return ""


def method(registry: Registry, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
    """`node.get_children()`; None for what is no method of a tree."""
    library = library_of(registry, row.model) if name in _ROWS | _ONE | _NONE else ""
    if not library:
        return None
    counts = name == "get_descendant_count" and library == "treebeard"
    if name in _NONE and not counts:
        return UNKNOWN
    query = Query(
        ORM,
        row.model,
        m.site(),
        filters=(("?", "?"),),
        owner=row,
        text=f"{row.model.name}.{name}()",
        loops=m.current_loops(),
    )
    if counts:
        m.effect("sql", f"COUNT {row.model.name}", "read", query=query, node=node)
        return UNKNOWN
    if name in _ROWS:
        return query
    found = altered(query, bound=1, limited=True)
    select(registry, m, found, node)
    return UNKNOWN  # whose row it is, nobody can tell: what it is asked for next is not held against the first row's


def is_page(model: Model) -> bool:
    """Whether rows are wagtail's own pages, of which only the columns that all have are there."""
    return model.cls.qualname.partition(".")[0] == "wagtail" and model.name == "Page"


def specific(m: Recorder, row: Row, node: Node | None) -> Value:
    """`page.specific`: the row of the page's own model, by a query the first time."""
    if "specific" not in row.touched:
        m.effect("sql", "SELECT Page.specific", "read", node=node)
        if not m.quiet:
            row.touched["specific"] = UNKNOWN
    return UNKNOWN
