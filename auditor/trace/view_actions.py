"""What REST framework sets on a view set for one action: `@action(detail=False, serializer_class=BriefSerializer)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class, External, Function
from auditor.trace import hints

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.values import Value
    from auditor.trace.machine import Machine

_DECORATORS: Final = frozenset({"action", "detail_route", "list_route"})
_OF_THE_ROUTE: Final = frozenset(
    {"methods", "detail", "url_path", "url_name", "name", "suffix", "description"}
)


def is_view_set(project: Project, cls: Class) -> bool:
    """Whether DRF makes an instance for each action and tells it which (`self.action`)."""
    return any(
        isinstance(base, Class) and base.module.role == "library" and base.name == "ViewSetMixin"
        for base in project.mro(cls)
    )


def set_for(m: Machine, function: Function) -> dict[str, Value]:
    """The attributes that an instance has which answers this action, by name; empty for other methods."""
    return {
        name: hints.at_import(m, function.module, node)
        for decorator in function.decorators
        if decorator[0] == ir.CALL and _is_action(m.project, function, decorator[2])
        for name, node in decorator[4]
        if name is not None and name not in _OF_THE_ROUTE
    }


def _is_action(project: Project, function: Function, node: Node) -> bool:
    symbol = project.resolve_expression(function.module, node)
    if isinstance(symbol, External):
        head, _, tail = symbol.name.rpartition(".")
        return tail in _DECORATORS and head.startswith("rest_framework")
    return isinstance(symbol, Function) and symbol.module.role == "library" and symbol.name in _DECORATORS
