"""Python's operations on evaluated values: operators, string, list and dict methods, builtin functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_values import HOLE, UNKNOWN, Called, Closure, Instance, Value, is_known
from auditor.frameworks.literals import swells
from auditor.index.symbols import Class, External, Function

if TYPE_CHECKING:
    from auditor.index.project import Project

_TEXT: Final = frozenset({
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "split", "rsplit",
    "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "splitlines",
})  # fmt: skip
_COPIES: Final = {"list": list, "tuple": tuple, "set": set, "frozenset": set}
_KINDS: Final = {"str": str, "list": list, "tuple": tuple, "dict": dict, "set": set, "int": int, "bool": bool}
_MAX_RANGE: Final = 1000


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """`left operator right`: concatenation, `%`, union of dicts; classes joined by `&` or `|` as a tuple."""
    if operator == "+":
        return _added(left, right)
    if operator == "%" and isinstance(left, str):
        return _formatted(left, right)
    if operator == "|" and isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    if operator in {"&", "|"} and isinstance(left, Class | External | tuple):
        return tuple(
            part for side in (left, right) for part in (side if isinstance(side, tuple) else (side,))
        )
    return UNKNOWN


def _added(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return "".join(part if isinstance(part, str) else HOLE for part in (left, right))
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return [*left, *right]
    if isinstance(left, list) and _is_elsewhere(right):
        return left
    if isinstance(right, list) and _is_elsewhere(left):
        return right
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return UNKNOWN


def _is_elsewhere(value: Value) -> bool:
    """Whether nobody here can tell what a value is: nothing is known of it, or a library has it or made it."""
    return value is UNKNOWN or isinstance(value, External | Called)


def _formatted(template: str, right: Value) -> Value:
    told = right if isinstance(right, tuple | dict) else (right,)
    if isinstance(told, dict):
        told = {k: _text_of(v) for k, v in told.items()}
    else:
        told = tuple(_text_of(v) for v in told)
    if swells(template):
        return HOLE
    try:
        return template % told
    except (TypeError, ValueError, KeyError):
        return HOLE


def _text_of(value: Value) -> Value:
    return value if isinstance(value, str | int | float) else HOLE


def compare(operator: str, left: Value, right: Value) -> bool | None:
    """The outcome of a comparison; None where an operand is not known."""
    if operator in {"is", "is not"}:
        same = _identical(left, right)
        return same if same is None or operator == "is" else not same
    if operator in {"in", "not in"}:
        if not is_known(left) or not isinstance(right, list | tuple | dict | set | str):
            return None
        try:
            inside = left in right
        except TypeError:
            return None
        if not inside and not is_known(right):
            return None
        return inside == (operator == "in")
    if not is_known(left) or not is_known(right):
        return None
    if operator in {"==", "!="}:
        return bool(left == right) == (operator == "==")
    if isinstance(left, int) and isinstance(right, int):
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}.get(operator)
    return None


def _identical(left: Value, right: Value) -> bool | None:
    if isinstance(left, External) and isinstance(right, External):
        return left.name == right.name
    if left is UNKNOWN or right is UNKNOWN or isinstance(left, External) or isinstance(right, External):
        return None
    if left is None or right is None or isinstance(left, bool):
        return left is right
    return left is right or (None if is_known(left) and left == right else False)


def slice_of(owner: Value, bounds: list[Value]) -> Value:
    """`owner[low:high:step]` of a str, list or tuple."""
    if isinstance(owner, str | list | tuple) and all(b is None or isinstance(b, int) for b in bounds):
        try:
            return owner[slice(*bounds)]
        except ValueError:
            return UNKNOWN
    return UNKNOWN


def method(receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """A method of a str, list, tuple, dict or set."""
    if isinstance(receiver, str):
        return _text_method(receiver, name, args, kwargs)
    if isinstance(receiver, list):
        return _list_method(receiver, name, args)
    if isinstance(receiver, dict):
        return _dict_method(receiver, name, args, kwargs)
    if isinstance(receiver, set) and name == "add" and args and isinstance(args[0], str | int):
        receiver.add(args[0])
    return UNKNOWN


def _text_method(receiver: str, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if name == "join" and args and isinstance(args[0], list | tuple | set):
        parts = sorted(args[0], key=str) if isinstance(args[0], set) else args[0]
        return receiver.join(part if isinstance(part, str) else HOLE for part in parts)
    if name == "format":
        if swells(receiver):
            return HOLE
        try:
            return receiver.format(*map(_text_of, args), **{k: _text_of(v) for k, v in kwargs.items()})
        except (IndexError, KeyError, ValueError, AttributeError, TypeError):
            return HOLE
    if name in _TEXT and all(isinstance(a, str | int | tuple) and is_known(a) for a in args) and not kwargs:
        try:
            result: Value = getattr(receiver, name)(*args)
        except (TypeError, ValueError):
            return UNKNOWN
        return result
    return UNKNOWN


def _list_method(receiver: list[Value], name: str, args: list[Value]) -> Value:
    match name, args:
        case "append", [item]:
            receiver.append(item)
        case "extend", [list() | tuple() as items]:
            receiver.extend(items)
        case "insert", [int() as index, item]:
            receiver.insert(index, item)
        case "copy", []:
            return list(receiver)
        case "index", [str() as item] if item in receiver:
            return receiver.index(item)
        case "remove", [str() as item] if item in receiver:
            receiver.remove(item)
        case "pop", [] if receiver:
            return receiver.pop()
        case _:
            return UNKNOWN
    return None


def _dict_method(
    receiver: dict[Value, Value], name: str, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    key = args[0] if args else None
    if name in {"items", "keys", "values"}:
        return {"items": list(receiver.items()), "keys": list(receiver), "values": list(receiver.values())}[
            name
        ]
    if name == "update":
        receiver.update(key if isinstance(key, dict) else {})
        receiver.update(kwargs)
        return None
    if name == "copy":
        return dict(receiver)
    if not isinstance(key, str | int | None | Class | Function):
        return UNKNOWN
    fallback = args[1] if len(args) > 1 else None
    if name == "get":
        return receiver.get(key, fallback)
    if name == "setdefault":
        return receiver.setdefault(key, fallback)
    return receiver.pop(key, fallback) if name == "pop" else UNKNOWN


def builtin(name: str, args: list[Value], kwargs: dict[str, Value], project: Project) -> Value:
    """A call of a builtin function."""
    first = args[0] if args else None
    match name:
        case "list" | "tuple" | "set" | "frozenset":
            return _copied(name, args)
        case "dict":
            return {**(first if isinstance(first, dict) else {}), **kwargs}
        case "str":
            return first if isinstance(first, str) else HOLE
        case "sorted" | "reversed" if isinstance(first, list | tuple | dict | set):
            return sorted(first) if all(isinstance(i, str) for i in first) else list(first)
        case "len" if isinstance(first, list | tuple | dict | set):
            return len(first)
        case "range" if args and all(isinstance(a, int) for a in args) and len(args) < 3:
            return list(range(*args))[:_MAX_RANGE] if abs(args[-1]) <= _MAX_RANGE else UNKNOWN
        case "enumerate" if isinstance(first, list | tuple):
            return list(enumerate(first))
        case "zip" if all(isinstance(a, list | tuple) for a in args):
            return list(zip(*args, strict=False))
        case "type" if len(args) == 1:
            return _type_of(first)
        case "isinstance" if len(args) == 2:
            return _instance_of(first, args[1], project)
        case "issubclass" if len(args) == 2 and isinstance(first, Class):
            return _subclass_of(first, args[1], project)
        case "getattr" if len(args) >= 2 and isinstance(args[1], str):
            return _attribute_of(first, args[1], args[2:])
        case "callable":
            return True if isinstance(first, Function | Class | Closure) else UNKNOWN
    return UNKNOWN


def _copied(name: str, args: list[Value]) -> Value:
    if not args:
        return _COPIES[name]()
    if not isinstance(args[0], list | tuple | dict | set):
        return UNKNOWN
    if name in {"set", "frozenset"}:
        return {item for item in args[0] if isinstance(item, str | int)}
    return _COPIES[name](args[0])


def _type_of(value: Value) -> Value:
    for name, kind in _KINDS.items():
        if type(value) is kind:
            return External(f"builtins.{name}")
    if isinstance(value, Class):
        return External("builtins.type")
    return value.cls if isinstance(value, Instance) else UNKNOWN


def _instance_of(value: Value, kinds: Value, project: Project) -> Value:
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    outcomes: list[Value] = []
    for kind in wanted:
        if isinstance(kind, External) and kind.name.removeprefix("builtins.") in _KINDS:
            known = isinstance(value, str | int | list | tuple | dict | set | Class | Function | Closure)
            matches = isinstance(value, _KINDS[kind.name.removeprefix("builtins.")])
            outcomes.append(matches if known or matches else UNKNOWN)
        elif isinstance(value, Instance) and isinstance(value.cls, Class):
            outcomes.append(_subclass_of(value.cls, kind, project))
        else:
            outcomes.append(UNKNOWN)
    return True if True in outcomes else (UNKNOWN if UNKNOWN in outcomes else False)


def _subclass_of(cls: Class, kinds: Value, project: Project) -> Value:
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    tails = {k.name.rpartition(".")[2] for k in wanted if isinstance(k, Class | External)}
    line = project.mro(cls)
    if any(base in wanted or base.name.rpartition(".")[2] in tails for base in line):
        return True
    if all(isinstance(kind, Class) and kind.module.role != "library" for kind in wanted):
        return False  # a library's class does not inherit from the project's
    return UNKNOWN if any(isinstance(base, External) for base in line) else False


def _attribute_of(owner: Value, name: str, fallback: list[Value]) -> Value:
    if isinstance(owner, Instance) and name in owner.attributes:
        return owner.attributes[name]
    return fallback[0] if fallback else UNKNOWN
