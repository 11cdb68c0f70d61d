"""Calls that can only be a method of a builtin type, whatever they are called on.

`value.isdigit()` on something nobody knows can't reach an operation of the project: no class of the project and no
library that `knowledge` describes has a method of that name. It counts as resolved, where `value.save()` does not.
So do the dictionaries that web frameworks hand out (`request.GET.get`, `form.cleaned_data.items`) and a function's
own `**kwargs`, whose methods share their names with those of queries and clients.
"""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import re
import uuid
from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.knowledge.facts import Knowledge
    from auditor.trace.machine import Machine

_TYPES: Final = (
    str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float, complex, collections.deque,
    collections.Counter, collections.OrderedDict, dt.datetime, dt.date, dt.time, dt.timedelta,
    decimal.Decimal, uuid.UUID, re.Pattern, re.Match,
)  # fmt: skip
BUILTIN: Final = frozenset(name for kind in _TYPES for name in dir(kind) if not name.startswith("_"))
"""Names of the methods of builtin types, and of those that their libraries use like them."""
_QUERIES: Final = frozenset(
    "get all filter exclude first last count exists values update delete add remove clear set union difference "
    "intersection reverse insert index copy items keys pop in_bulk".split()
)
"""Methods that query builders and managers have too."""
_ONLY_BUILTIN: Final = BUILTIN - _QUERIES
_PLACES: Final = frozenset(
    "GET POST META COOKIES FILES headers query_params cleaned_data validated_data initial_data environ".split()
)
"""Attributes that web frameworks' requests and forms keep dictionaries in (Django, REST framework, WebOb, Starlette)."""


def is_plain(m: Machine, node: Node) -> bool:
    """True for a call of a method that only builtin types have, or on what is plainly a dictionary."""
    called = node[2]
    if called[0] != ir.ATTR:
        return False
    name = called[3]
    if name in _ONLY_BUILTIN:
        return name not in m.method_names and name not in m.costly_names
    return is_dictionary(m, called[2])


def is_dictionary(m: Machine, place: Node) -> bool:
    if place[0] == ir.ATTR and place[3] in _PLACES:
        return place[3] not in m.method_names and place[3] not in m.property_names
    function = m.cx.function
    if place[0] != ir.NAME or function is None:
        return False
    return any(name == place[2] and kind == "**" for name, kind, _, _ in function.params)


def costly_names(knowledge: Knowledge) -> frozenset[str]:
    """Names of the methods of known libraries' types that have an effect."""
    return frozenset(
        name
        for kind in knowledge.types.values()
        for name, fact in kind.methods.items()
        if fact.effect is not None
    )
