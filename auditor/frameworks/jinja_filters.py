"""Filters of Jinja2 as what they do: `rows|selectattr("open")|list|length`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from auditor.index import ir

if TYPE_CHECKING:
    from auditor.index.ir import Node

_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_LONGEST: Final = 12
"""Steps of an attribute's path that are followed."""
_COMPARING: Final = {
    "equalto": "==",
    "eq": "==",
    "==": "==",
    "ne": "!=",
    "!=": "!=",
    "in": "in",
    "gt": ">",
    "greaterthan": ">",
    ">": ">",
    "lt": "<",
    "lessthan": "<",
    "<": "<",
    "ge": ">=",
    ">=": ">=",
    "le": "<=",
    "<=": "<=",
}
"""Tests of Jinja's that compare."""
_AS_FUNCTIONS: Final = {"sort": "sorted", "list": "list", "sum": "sum"}
OWN_FILTER: Final = "__jinja_filter__"
"""Called with the name of a filter that the project may have made, the value and the filter's arguments."""
_BUILTIN: Final = frozenset(
    "abs attr batch capitalize center count d default dictsort e escape filesizeformat first float forceescape format "
    "groupby indent int items join last length list lower map max min pprint random reject rejectattr replace reverse "
    "round safe select selectattr slice sort string striptags sum title tojson trim truncate unique upper urlencode urlize "
    "wordcount wordwrap xmlattr".split()
)
"""Filters of Jinja's own; those without a line here give what they are given, as far as anybody asks."""
_PIPE: Final = "**"
_OUTSIDE_QUOTES: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\|")


def tightly(text: str) -> str:
    """An expression whose filters, read as Python, bind more tightly than any operator, as they do in Jinja."""
    return text if _PIPE in text else _OUTSIDE_QUOTES.sub(lambda m: _PIPE if m[0] == "|" else m[0], text)


def sieved(value: Node, called: Node) -> Node:
    """`rows|selectattr("x")`, `rejectattr` and `map(attribute="x")` as the comprehensions that Jinja runs."""
    line, name = called[1], called[2][2]
    given = ir.argument(called, "attribute") if name == "map" else next(iter(called[3]), None)
    path = given[2] if given is not None and given[0] == ir.CONST else None
    if not isinstance(path, str) or not _DOTTED.fullmatch(path):
        return value
    item: Node = (ir.NAME, line, "item")
    read = item
    for part in path.split(".")[:_LONGEST]:
        read = (ir.ATTR, line, read, part)
    if name == "map":
        return (ir.COMP, line, "list", (read,), ((item, value, (), False),))
    test = called[3][1][2] if len(called[3]) > 1 and called[3][1][0] == ir.CONST else None
    operator = _COMPARING.get(str(test)) if len(called[3]) > 2 else None
    condition = read if operator is None else (ir.CMP, line, (operator,), (read, called[3][2]))
    if name == "rejectattr":
        condition = (ir.NOT, line, condition)
    return (ir.COMP, line, "list", (item,), ((item, value, (condition,), False),))


def applied(node: Node) -> Node:
    """The expression with what its filters do: `x|length` as `len(x)`; most pass their value through."""
    if node[0] == ir.BIN and node[2] == _PIPE:
        value, following = applied(node[3]), node[4]
        while following is not None:
            chained = following[0] == ir.BIN and following[2] == _PIPE
            value = filtered(value, following[3] if chained else following)
            following = following[4] if chained else None
        return value
    return (node[0], node[1], *(within(part) for part in node[2:]))


def within(part: Any) -> Any:
    """A part of an expression, or several, with their filters read."""
    if not isinstance(part, tuple):
        return part
    is_node = len(part) > 2 and isinstance(part[0], int) and type(part[1]) is int and part[0] <= ir.OTHER
    return applied(part) if is_node else tuple(within(p) for p in part)


def filtered(value: Node, called: Node) -> Node:
    """What one filter makes of its value."""
    name = called[2] if called[0] == ir.CALL else called
    if name[0] != ir.NAME:
        return value
    if called[0] == ir.CALL and name[2] in {"selectattr", "rejectattr", "map"}:
        return sieved(value, called)
    if name[2] in {"length", "count"}:
        return (ir.CALL, name[1], (ir.NAME, name[1], "len"), (value,), ())
    if name[2] not in _BUILTIN:
        args, keywords = (called[3], called[4]) if called[0] == ir.CALL else ((), ())
        own: Node = (ir.CONST, name[1], name[2])
        return (ir.CALL, name[1], (ir.NAME, name[1], OWN_FILTER), (own, value, *args), keywords)
    function = _AS_FUNCTIONS.get(name[2]) if called is name else None
    return value if function is None else (ir.CALL, name[1], (ir.NAME, name[1], function), (value,), ())
