"""GraphQL: the resolvers that run for what another resolver gave, once for each object of a list.

Which fields a client asks for is not known, so each of a type's own resolvers is taken to run. What an object's plain
fields read is left to the objects themselves. A dataloader's `load` is a call of its library: the keys of all objects are
loaded at once, and nothing happens per object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.index.values import UNKNOWN, ClassValue, Many, Query, altered
from auditor.trace import access, iteration

if TYPE_CHECKING:
    from auditor.frameworks.graphql_types import GraphField, GraphType
    from auditor.index.symbols import Function, Module
    from auditor.index.values import Value
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Loop

Place: TypeAlias = "tuple[Function | None, Module, int, int, int]"
_PARENT: Final = frozenset({"root", "parent"})
"""Parameters beside the first one that get the object as well."""
_DEPTH: Final = 2
"""Types followed below a root field: lists of lists of lists are asked for rarely."""


def resolve(m: Machine, value: Value, given: GraphField, above: tuple[GraphType, ...] = ()) -> None:
    """Runs the resolvers of the type that a field gives, on what its resolver gave."""
    kind = given.type
    value = sieved(m, value, given)
    if kind is None or kind in above or len(above) >= _DEPTH or not kind.fields:
        if isinstance(value, Query):
            opened(m, value, given)
        return
    if given.many or isinstance(value, (Query, Many)):
        loop, element = opened(m, value, given)
        before = m.inside(loop)
        resolve_fields(m, element, kind, above)
        m.cx.loops = before
    else:
        resolve_fields(m, value, kind, above)


def sieved(m: Machine, value: Value, given: GraphField) -> Value:
    """What the filter set of the field's type makes of rows: it may load relations with them."""
    if given.filters is None or not isinstance(value, Query):
        return value
    before = placed(m, given.resolver)
    made = m.call(ClassValue(given.filters), [UNKNOWN], {"queryset": value}, None)
    found = access.get_attribute(m, made, "qs", None)
    put_back(m, before)
    return altered(found, site=value.site) if isinstance(found, Query) else value


def opened(m: Machine, value: Value, given: GraphField) -> tuple[Loop, Value]:
    """The loop over what a resolver gave; what a lazy query costs is told where the resolver built it."""
    before = placed(m, given.resolver)
    if isinstance(value, Query):
        if value.site.function is given.resolver:
            m.cx.line, m.cx.start, m.cx.end = value.site.line, value.site.start, value.site.end
        value = altered(value, loops=m.cx.loops)
    made = iteration.open_loop(m, value, None, "serializer", given.name, None)
    put_back(m, before)
    return made


def placed(m: Machine, resolver: Function) -> Place:
    """Goes to where a resolver is declared; gives where the machine was."""
    cx = m.cx
    before = cx.function, cx.module, cx.line, cx.start, cx.end
    cx.function, cx.module = resolver, resolver.module
    cx.line = cx.start = cx.end = resolver.line
    return before


def put_back(m: Machine, place: Place) -> None:
    m.cx.function, m.cx.module, m.cx.line, m.cx.start, m.cx.end = place


def resolve_fields(m: Machine, value: Value, kind: GraphType, above: tuple[GraphType, ...]) -> None:
    """Every field of one object that has a resolver; what its decorators do is left out."""
    for name in sorted(kind.fields):
        given = kind.fields[name]
        function = given.resolver
        callers = m.summary(function).callers
        before = placed(m, function)
        named = {p[0]: value for p in function.params[1:] if p[0] in _PARENT}
        if function.static == "static" or function.owner is None:
            result = m.call_plain(function, None, [value], {}, None)
        else:
            result = m.call_plain(function, value, [], named, None)
        put_back(m, before)
        m.summary(function).callers = callers + 1
        resolve(m, result, given, (*above, kind))
