"""Calls of built-in and standard functions that setup code puts its parts together with."""

from __future__ import annotations

from typing import Any, Final

from auditor.frameworks import literals
from auditor.frameworks.literals import UNKNOWN, is_literal
from auditor.frameworks.wiring.values import Value

NOT_KNOWN: Final = object()
"""The answer for a function that is none of these."""
_ENVIRONMENT: Final = frozenset({"os.getenv", "os.environ.get"})
_MAX_RANGE: Final = 64


def call_builtin(name: str, args: tuple[Value, ...], kwargs: dict[str, Value]) -> Value:
    """The value of a call of the function of that dotted name; `NOT_KNOWN` where it is a stranger."""
    if name in _ENVIRONMENT:
        return args[1] if len(args) > 1 else kwargs.get("default", UNKNOWN)
    if not name.startswith("builtins."):
        return NOT_KNOWN
    first: Any = args[0] if args else None
    match name.removeprefix("builtins."):
        case "str" if args:
            return first if isinstance(first, str) else literals.as_text(first)
        case "list" | "sorted" | "reversed" | "set" | "frozenset":
            items = iterated(first) if args else []
            return UNKNOWN if items is None else items
        case "tuple":
            items = iterated(first) if args else []
            return UNKNOWN if items is None else tuple(items)
        case "dict" if not args:
            return dict(kwargs)
        case "dict" if isinstance(first, dict):
            return {**first, **kwargs}
        case "enumerate":
            items = iterated(first)
            return UNKNOWN if items is None else list(enumerate(items))
        case "zip":
            columns = [iterated(a) for a in args]
            if any(c is None for c in columns):
                return UNKNOWN
            return list(zip(*(c for c in columns if c is not None), strict=False))
        case "range" if args and all(isinstance(a, int) for a in args):
            return list(range(*args))[:_MAX_RANGE] if _small(args) else UNKNOWN
        case "len" if isinstance(first, str | list | tuple | dict):
            return len(first)
        case "bool" | "int" if args and is_literal(first):
            return bool(first) if name.endswith("bool") else first if isinstance(first, int) else UNKNOWN
        case "open" | "print" | "isinstance" | "issubclass" | "hasattr" | "callable" | "id" | "type":
            return UNKNOWN
    return NOT_KNOWN


def _small(args: tuple[int, ...]) -> bool:
    return all(abs(a) < 10**6 for a in args) and (len(args) < 3 or args[2] != 0)


def iterated(value: Value) -> list[Value] | None:
    """The values that a loop over `value` sees; None where they can't be told."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    return None


def container_method(base: Value, name: str, args: tuple[Value, ...], kwargs: dict[str, Value]) -> Value:
    """`base.name(*args, **kwargs)` for a text, a list or a dict; changes the container where Python would."""
    if isinstance(base, str):
        return literals.text_method(base, name, args, kwargs)
    if isinstance(base, list):
        return _list_method(base, name, args)
    if isinstance(base, dict):
        return _dict_method(base, name, args, kwargs)
    return UNKNOWN


def _list_method(base: list[Value], name: str, args: tuple[Value, ...]) -> Value:
    if name == "append" and args:
        base.append(args[0])
    elif name == "insert" and len(args) > 1:
        base.append(args[1])
    elif name == "extend" and args:
        base.extend(iterated(args[0]) or ())
    elif name == "copy":
        return list(base)
    return UNKNOWN


def _dict_method(
    base: dict[Value, Value], name: str, args: tuple[Value, ...], kwargs: dict[str, Value]
) -> Value:
    match name:
        case "get" | "pop" | "setdefault" if args and isinstance(args[0], str | int):
            found = base.get(args[0], args[1] if len(args) > 1 else None)
            if name == "pop":
                base.pop(args[0], None)
            elif name == "setdefault":
                base.setdefault(args[0], found)
            return found
        case "items":
            return list(base.items())
        case "keys":
            return list(base)
        case "values":
            return list(base.values())
        case "copy":
            return dict(base)
        case "update":
            base.update(args[0] if args and isinstance(args[0], dict) else {})
            base.update(kwargs)
    return UNKNOWN
