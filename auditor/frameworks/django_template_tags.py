"""Tags and filters that a Django project gives its templates: functions registered in `templatetags` modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Function

_KINDS: Final = frozenset({"simple_tag", "inclusion_tag", "assignment_tag", "filter"})


@dataclass(frozen=True, slots=True)
class TemplateTag:
    """One function, as templates know it."""

    name: str
    library: str
    """What `{% load %}` calls the module."""
    function: Function
    is_filter: bool
    template: str | None
    """What an inclusion tag renders with the dictionary that its function gives."""
    takes_context: bool


class TemplateTags:
    """Those of a project, by name."""

    def __init__(self, project: Project) -> None:
        self._tags: dict[tuple[str, bool], list[TemplateTag]] = {}
        for module in project.modules:
            if module.role == "library" or "/templatetags/" not in f"/{module.path}":
                continue
            library = module.path.rpartition("/")[2].removesuffix(".py")
            for function in module.functions:
                for tag in registered(function, library):
                    self._tags.setdefault((tag.name, tag.is_filter), []).append(tag)

    def named(self, name: str, loaded: frozenset[str], *, is_filter: bool) -> TemplateTag | None:
        """The tag or filter of that name in a template that loads these libraries; None where several could be meant."""
        known = self._tags.get((name, is_filter), [])
        meant = [tag for tag in known if tag.library in loaded] or known
        return meant[-1] if len(meant) == 1 else None


def registered(function: Function, library: str) -> Iterator[TemplateTag]:
    """What the decorators of a function make of it: `@register.simple_tag`, `@register.filter("name")`, …"""
    if function.owner is not None or function.parent is not None:
        return
    for decorator in function.decorators:
        called = decorator[0] == ir.CALL
        callee = decorator[2] if called else decorator
        if callee[0] != ir.ATTR or callee[3] not in _KINDS:
            continue
        kind = callee[3]
        named: dict[str | None, Node] = dict(decorator[4]) if called else {}
        first = text_of(decorator[3][0]) if called and decorator[3] else None
        template = first or text_of(named.get("filename")) if kind == "inclusion_tag" else None
        name = text_of(named.get("name")) or (first if kind != "inclusion_tag" else None) or function.name
        yield TemplateTag(
            name, library, function, kind == "filter", template, is_true(named.get("takes_context"))
        )


def text_of(node: Node | None) -> str | None:
    """A literal text."""
    return node[2] if node is not None and node[0] == ir.CONST and isinstance(node[2], str) else None


def is_true(node: Node | None) -> bool:
    """The literal True."""
    return node is not None and node[0] == ir.CONST and node[2] is True
