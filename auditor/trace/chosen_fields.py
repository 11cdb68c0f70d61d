"""Which of its fields a nested serializer shows, where the project's own `__init__` lets the declaration choose.

`AuthorSerializer(fields=("id", "name"))` with an `__init__` that drops the others, as the documentation of Django REST
framework has it, or `AuthorSerializer(nested=True)` with one that takes a shorter list of `Meta`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Class
    from auditor.trace.machine import Machine

Lists = Callable[[str], tuple[str, ...]]
"""The names that `Meta` lists under an attribute; () where there are none."""
_OF_THE_FRAMEWORK: Final = frozenset(
    "instance data many read_only write_only required default initial source label help_text style error_messages "
    "validators allow_null allow_empty partial context queryset min_length max_length child".split()
)
_OF_META: Final = frozenset({"fields", "exclude", "read_only_fields", "extra_kwargs", "depth", "validators"})
_DROPPING: Final = ("excl", "omit", "remov", "drop", "without")
_HOOKS: Final = ("fields", "get_fields")


@dataclass(frozen=True, slots=True)
class Shown:
    """`only` of the fields (None: all), none of those `left_out`."""

    only: frozenset[str] | None = None
    left_out: frozenset[str] = frozenset()


_NOBODY_KNOWS: Final = Shown(only=frozenset())
"""Something chooses, and nothing tells what: that a field is read is not said then."""


def shown(m: Machine, serializer: Class, call: Node, lists: Lists) -> Shown | None:
    """What a declaration chooses; None where it chooses nothing."""
    own = m.project.method(serializer, "__init__")
    if own is None or own.module.role == "library":
        return None
    bodies = [own.body, *(f.body for f in _hooks(m, serializer))]
    if len(bodies) == 1 and "fields" not in set(_words(own.body)):
        return None
    takes = {name for name, *_ in own.params} | set(_words(own.body))
    given = [(k, v) for k, v in call[4] if k in takes and k not in _OF_THE_FRAMEWORK]
    chosen: Shown | None = None
    for name, value in given:
        if value[0] == ir.CONST and not value[2]:
            continue
        names = _written(value)
        if names is None:
            brief = _shorter(bodies, lists) if value[0] == ir.CONST else None
            chosen = _NOBODY_KNOWS if brief is None else Shown(only=brief)
        elif any(part in name for part in _DROPPING):
            chosen = Shown(None if chosen is None else chosen.only, names)
        else:
            chosen = Shown(names, frozenset() if chosen is None else chosen.left_out)
    return chosen


def _hooks(m: Machine, serializer: Class) -> Iterator[Function]:
    """The project's own ways to say which fields there are."""
    for name in _HOOKS:
        found = m.project.member(serializer, name)
        symbol = None if found is None else m.project.pick(found[0].module, found[1])
        if isinstance(symbol, Function) and symbol.module.role != "library":
            yield symbol


def _written(value: Node) -> frozenset[str] | None:
    """The names of a written-out list."""
    if value[0] != ir.SEQ or any(i[0] != ir.CONST or not isinstance(i[2], str) for i in value[3]):
        return None
    return frozenset(i[2] for i in value[3])


def _shorter(bodies: Sequence[object], lists: Lists) -> frozenset[str] | None:
    """The one list of `Meta`'s, beside those that the framework reads, that the code speaks of."""
    found = {
        word: names
        for body in bodies
        for word in _words(body)
        if word not in _OF_META and (names := lists(word))
    }
    return frozenset(next(iter(found.values()))) if len(found) == 1 else None


def _words(body: object) -> Iterator[str]:
    """Attributes and texts that code speaks of."""
    for node in ir.walk(body):
        if node[0] == ir.ATTR:
            yield node[3]
        elif node[0] == ir.CONST and isinstance(node[2], str):
            yield node[2]
