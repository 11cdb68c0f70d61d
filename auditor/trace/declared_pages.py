"""Pages that a framework makes of what a class declares: intrinsics that the models of those frameworks call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.trace import admin, admin_forms, appbuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.index.ir import Node
    from auditor.index.values import Value
    from auditor.trace.machine import Machine

_PAGES: Final[Mapping[str, Callable[[Machine, list[Value], Node | None], Value]]] = {
    "admin_rows": admin.admin_rows,
    "admin_list": admin.admin_list,
    "admin_run": admin.admin_run,
    "admin_form": admin_forms.admin_form,
    "admin_changed": admin_forms.admin_changed,
    "admin_deleted": admin.admin_deleted,
    "admin_story": admin.admin_story,
    **appbuilder.INTRINSICS,
}


def intrinsics() -> dict[str, Any]:
    """Each of them by name, in the form that `intrinsics.call` asks: (machine, arguments, keywords, node)."""
    return {
        name: lambda m, args, _kwargs, node, page=page: page(m, args, node) for name, page in _PAGES.items()
    }
