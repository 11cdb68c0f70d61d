"""What a list view of Django or of DRF reads from a query without a line of the project's that says so: pages, filters, order, search.

Read off what the view declares (`paginate_by`, `pagination_class`, `filterset_class`, `filterset_fields`, `search_fields`,
`ordering_fields`) and off `REST_FRAMEWORK` where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_evaluate import Evaluation
from auditor.frameworks.rest_framework_settings import told
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, tail_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.frameworks.django_values import Value
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.ir import Node
    from auditor.index.project import Project

_LISTS: Final = frozenset({"paginate_queryset", "filter_queryset"})
"""What a handler of the project's calls that lists as the library's own do."""
_PAIRS: Final[dict[str, tuple[str, ...]]] = {
    "DateFromToRangeFilter": ("after", "before"),
    "DateTimeFromToRangeFilter": ("after", "before"),
    "IsoDateTimeFromToRangeFilter": ("after", "before"),
    "TimeRangeFilter": ("after", "before"),
    "RangeFilter": ("min", "max"),
    "NumericRangeFilter": ("min", "max"),
}
"""Filters that read two parameters, by what is added to their name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParameter:
    """One parameter of a query."""

    name: str
    columns: tuple[str, ...] = ()
    """What it is compared with, `model.column` where a relation leads there."""
    choices: tuple[str, ...] = ()
    """What it is looked up among."""
    is_number: bool = False


def list_parameters(
    project: Project, entries: Iterable[EntryPoint], /
) -> dict[int, tuple[ListParameter, ...]]:
    """By identity of the entry, for those that list; each parameter once, sorted by name."""
    views = [one for one in entries if one.receiver is not None and one.method in {"GET", "ANY"}]
    if not views:
        return {}
    lists = _Lists(project)
    found: dict[int, tuple[ListParameter, ...]] = {}
    for entry in views:
        assert entry.receiver is not None
        if parameters := {one.name: one for one in lists.of(entry.handler, entry.receiver)}:
            found[id(entry)] = tuple(parameters[name] for name in sorted(parameters))
    return found


class _Lists:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._evaluation = Evaluation(project)
        settings = told(project)
        self._settings = settings if isinstance(settings, dict) else {}

    def of(self, handler: Function, view: Class) -> Iterator[ListParameter]:
        names = self._names(view)
        if not _is_list(handler, names):
            return
        if any(name.startswith("rest_framework.") for name in names):
            yield from self._pages(view)
            yield from self._backends(view)
        elif self._value(view, "paginate_by") or self._has(view, "get_paginate_by"):
            yield ListParameter(name=self._text(view, "page_kwarg") or "page", is_number=True)
        for attribute in ("filterset_class", "filter_class"):
            if isinstance(declared := self._value(view, attribute), Class):
                yield from self._filters(declared)

    def _pages(self, view: Class) -> Iterator[ListParameter]:
        paginator = self._or_default(view, "pagination_class", "DEFAULT_PAGINATION_CLASS")
        names = self._names(paginator)
        told = [
            ("PageNumberPagination", "page_query_param", "page"),
            ("PageNumberPagination", "page_size_query_param", ""),
            ("LimitOffsetPagination", "limit_query_param", "limit"),
            ("LimitOffsetPagination", "offset_query_param", "offset"),
            ("CursorPagination", "page_size_query_param", ""),
        ]
        for scheme, attribute, usual in told:
            if any(name.rpartition(".")[2] == scheme for name in names):
                name = (isinstance(paginator, Class) and self._text(paginator, attribute)) or usual
                if name:
                    yield ListParameter(name=name, is_number=True)

    def _backends(self, view: Class) -> Iterator[ListParameter]:
        backends = self._or_default(view, "filter_backends", "DEFAULT_FILTER_BACKENDS")
        for backend in backends if isinstance(backends, list | tuple) else ():
            last = {name.rpartition(".")[2] for name in self._names(backend)}
            own = backend if isinstance(backend, Class) else None
            if "SearchFilter" in last:
                columns = tuple(_column(one.lstrip("^=@$")) for one in self._texts(view, "search_fields"))
                if columns:
                    yield ListParameter(
                        name=(own and self._text(own, "search_param")) or "search", columns=columns
                    )
            if "OrderingFilter" in last:
                fields = self._texts(view, "ordering_fields") or self._texts(view, "ordering") or ("id",)
                name = (own and self._text(own, "ordering_param")) or "ordering"
                yield ListParameter(name=name, choices=_both_ways(fields))
            if "DjangoFilterBackend" in last:
                for attribute in ("filterset_fields", "filter_fields"):
                    yield from _fields(self._value(view, attribute))

    def _filters(self, filters: Class) -> Iterator[ListParameter]:
        """Those that a filter set declares, its bases', and those that its Meta makes of a model's fields."""
        for base in reversed(self._project.mro(filters)):
            for name, bindings in base.scope.items() if isinstance(base, Class) else ():
                binding = bindings[-1]
                value = binding.value if isinstance(binding, Assigned) else None
                if value is not None and value[0] == ir.CALL and tail_name(value).endswith("Filter"):
                    yield from self._declared(filters, name, value)
        found = self._project.member(filters, "Meta")
        meta = None if found is None else found[1][-1]
        if isinstance(meta, Class):
            yield from _fields(self._value(meta, "fields"))

    def _declared(self, filters: Class, name: str, call: Node) -> Iterator[ListParameter]:
        told = {key: node[2] for key, node in call[4] if key is not None and node[0] == ir.CONST}
        field = told.get("field_name", told.get("name"))
        method = (
            self._project.method(filters, told["method"]) if isinstance(told.get("method"), str) else None
        )
        columns = tuple(_column(one) for one in _compared(method)) if method is not None else ()
        if not columns:
            columns = (_column(field if isinstance(field, str) else name),)
        kind = tail_name(call)
        if kind == "OrderingFilter":
            yield ListParameter(name=name, choices=_both_ways(_listed(dict(call[4]).get("fields"))))
        elif kind in _PAIRS:
            yield from (ListParameter(name=f"{name}_{end}", columns=columns) for end in _PAIRS[kind])
        else:
            yield ListParameter(
                name=name, columns=columns, choices=("true", "false") if kind == "BooleanFilter" else ()
            )

    def _or_default(self, view: Class, attribute: str, key: str) -> Value:
        owner = self._project.member(view, attribute)
        if owner is not None and owner[0].module.role != "library":
            return self._value(view, attribute)
        default = self._settings.get(key)
        if isinstance(default, list | tuple):
            return [self._imported(one) for one in default]
        return self._imported(default)

    def _imported(self, dotted: Value) -> Value:
        if not isinstance(dotted, str):
            return dotted
        found = self._evaluation.imported(dotted, None)
        return found if isinstance(found, Class | External) else External(dotted)

    def _names(self, value: Value) -> list[str]:
        """Dotted names of a class and its bases."""
        if isinstance(value, External):
            return [value.name]
        line = self._project.mro(value) if isinstance(value, Class) else ()
        return [
            base.name if isinstance(base, External) else f"{base.module.name}.{base.name}" for base in line
        ]

    def _has(self, view: Class, name: str) -> bool:
        method = self._project.method(view, name)
        return method is not None and method.module.role != "library"

    def _value(self, cls: Class, name: str) -> Value:
        return self._evaluation.class_value(cls, name)

    def _text(self, cls: Class, name: str) -> str:
        value = self._value(cls, name)
        return value if isinstance(value, str) else ""

    def _texts(self, cls: Class, name: str) -> tuple[str, ...]:
        value = self._value(cls, name)
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


def _is_list(handler: Function, names: Iterable[str]) -> bool:
    """Whether what is called answers with a list: the library's own way, or a way that pages and filters as it does."""
    if handler.module.role == "library":
        ends = ("ListModelMixin", "BaseListView", "MultipleObjectMixin", "ListView", "ListAPIView")
        wanted = handler.name == "list" or any(name.endswith(ends) for name in names)
        return wanted and handler.name != "retrieve"
    calls: list[Node] = [handler.body]
    while calls:
        node = calls.pop()
        if node and node[0] == ir.ATTR and len(node) > 3 and node[3] in _LISTS:
            return True
        calls.extend(part for part in node if isinstance(part, tuple))
    return handler.name == "list" or any(name.endswith(("ListView", "ListAPIView")) for name in names)


def _fields(fields: Value) -> Iterator[ListParameter]:
    """Of a list of names, or of names with the lookups of each."""
    if isinstance(fields, list | tuple):
        yield from (
            ListParameter(name=one, columns=(_column(one),)) for one in fields if isinstance(one, str)
        )
    for name, lookups in fields.items() if isinstance(fields, dict) else ():
        for lookup in lookups if isinstance(lookups, list | tuple) else ():
            if isinstance(name, str) and isinstance(lookup, str):
                asked = name if lookup == "exact" else f"{name}__{lookup}"
                yield ListParameter(
                    name=asked,
                    columns=(_column(name),),
                    choices=("true", "false") if lookup == "isnull" else (),
                )


def _column(path: str) -> str:
    """`vehicle__make__name` is the column `name` of what `make` leads to."""
    parts = path.split("__")
    return ".".join(parts[-2:])


def _both_ways(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for one in fields for text in (one.lstrip("-"), f"-{one.lstrip('-')}"))


def _listed(node: Node | None) -> tuple[str, ...]:
    """Names of the second kind in `(("field", "name"), ...)`, else of the first."""
    if node is None or node[0] not in {ir.SEQ, ir.DICT}:
        return ()
    if node[0] == ir.DICT:
        return tuple(str(value[2]) for _, value in node[2] if value[0] == ir.CONST)
    found = []
    for item in node[3]:
        last = item[3][-1] if item[0] == ir.SEQ and item[3] else item
        if last[0] == ir.CONST and isinstance(last[2], str):
            found.append(last[2])
    return tuple(found)


def _compared(method: Function) -> Iterator[str]:
    """What a filter's own method compares the value with: keywords of its calls."""
    names = [name for name, *_ in method.params]
    value = names[-1] if names else ""
    nodes: list[Node] = [method.body]
    while nodes:
        node = nodes.pop()
        if node and node[0] == ir.CALL and len(node) > 4:
            for key, given in node[4]:
                if key is not None and given[:1] == (ir.NAME,) and given[2] == value:
                    yield key.removesuffix("__iexact").removesuffix("__icontains").removesuffix("__contains")
        nodes.extend(part for part in node if isinstance(part, tuple))
