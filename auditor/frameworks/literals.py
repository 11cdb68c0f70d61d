"""Operations on values that are known without running anything; what is not known is `UNKNOWN`.

In text, an unknown part is written `{?}`, so a path keeps what is known about it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

HOLE: Final = "{?}"
MAX_TEXT: Final = 4096
"""Longer texts are no path; cutting here keeps hostile repetition harmless."""
MAX_DEPTH: Final = 32
"""Values inside values that are looked into."""
_MAX_NUMBER: Final = 1 << 64
"""Squared a few dozen times over, a number fills the memory."""
_WIDE: Final = re.compile(
    r"%(?:\([^()%]*\))?[-+ #0]*\d*\.?(?:\d{4}|\*)"  # "%9999s", "%.9999f", "%*s"
    r"|\{[^{}:]*:[^{}]*(?:\d{4}|\{)"  # "{:9999}", "{:{}}"
)


class Unknown:
    """The type of `UNKNOWN`: a value that can't be told from the source."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("whether an unknown value is true is unknown; compare with `is UNKNOWN`")


UNKNOWN: Final = Unknown()

_TEXT_METHODS: Final = frozenset({
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "removeprefix", "removesuffix",
    "replace", "split", "rsplit", "startswith", "endswith", "partition", "rpartition", "encode", "casefold",
})  # fmt: skip
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


def is_literal(value: object, depth: int = MAX_DEPTH) -> bool:
    """True for a text, number, boolean or None, and for a tuple, list or dict of these.

    Not for one nested beyond `depth`: setup code can put a list into itself.
    """
    if value is None or isinstance(value, str | int | float):
        return True
    if isinstance(value, tuple | list):
        return depth > 0 and all(is_literal(v, depth - 1) for v in value)
    return isinstance(value, dict) and depth > 0 and all(is_literal(v, depth - 1) for v in value.values())


def as_text(value: object) -> str:
    """How a value reads inside a formatted text; `{?}` for what is no known scalar."""
    return str(value)[:MAX_TEXT] if value is None or isinstance(value, str | int | float) else HOLE


def joined(template: str, values: Sequence[object]) -> str:
    """The text of an f-string: `template` has `{}` for each of `values`, its own braces doubled."""
    parts = template.split("{}", len(values))
    out = [unbraced(parts[0])]
    for value, rest in zip(values, parts[1:], strict=False):
        out += [as_text(value), unbraced(rest)]
    return "".join(out)[:MAX_TEXT]


def unbraced(text: str) -> str:
    """Doubled braces as the single ones they stand for."""
    return text.replace("{{", "{").replace("}}", "}")


def swells(template: str) -> bool:
    """Whether a template pads to thousands of characters, or to as many as one of its values says."""
    return _WIDE.search(template) is not None


def formatted(template: str, args: Sequence[object], kwargs: dict[str, object]) -> str | Unknown:
    """`template.format(*args, **kwargs)`; unknown where the template asks for something else."""
    if swells(template):
        return UNKNOWN
    known = {name: as_text(value) for name, value in kwargs.items()}
    try:
        return template.format(*(as_text(a) for a in args), **known)[:MAX_TEXT]
    except (IndexError, KeyError, ValueError, AttributeError, TypeError):
        return UNKNOWN


def binary(sign: str, left: object, right: object) -> object:
    """`left sign right` for texts, numbers and sequences."""
    if sign == "+":
        if isinstance(left, str) or isinstance(right, str):
            return (as_text(left) + as_text(right))[:MAX_TEXT]
        if isinstance(left, list) and isinstance(right, list):
            return [*left, *right]
        if isinstance(left, tuple) and isinstance(right, tuple):
            return (*left, *right)
        # One side of a concatenation is better than nothing: what is listed there is certain.
        if isinstance(left, list | tuple) and right is UNKNOWN:
            return left
        if isinstance(right, list | tuple) and left is UNKNOWN:
            return right
    if sign == "%" and isinstance(left, str):
        return percent(left, right)
    if sign == "/" and isinstance(right, str) and isinstance(left, str):
        return f"{left.rstrip('/')}/{right.lstrip('/')}"
    if sign == "|" and isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    if sign in {"+", "-", "*"} and isinstance(left, int) and isinstance(right, int):
        result = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](left, right)
        return result if abs(result) < _MAX_NUMBER else UNKNOWN
    return UNKNOWN


def percent(template: str, right: object) -> str | Unknown:
    """`template % right`."""
    values: object
    if isinstance(right, dict):
        values = {key: as_text(value) for key, value in right.items()}
    elif isinstance(right, tuple):
        values = tuple(as_text(v) for v in right)
    else:
        values = as_text(right)
    if swells(template):
        return UNKNOWN
    try:
        return (template.replace("%d", "%s") % values)[:MAX_TEXT]
    except (TypeError, ValueError, KeyError):
        return UNKNOWN


def compared(signs: Sequence[str], operands: Sequence[object]) -> object:
    """The truth of a comparison chain; unknown as soon as one operand is."""
    if not all(is_literal(o) for o in operands):
        return UNKNOWN
    try:
        return all(_COMPARE[s](a, b) for s, a, b in zip(signs, operands, operands[1:], strict=False))
    except (KeyError, TypeError):
        return UNKNOWN


def text_method(text: str, name: str, args: Sequence[object], kwargs: dict[str, object]) -> object:
    """`text.name(*args, **kwargs)` for the methods that paths are put together with."""
    if name == "format":
        return formatted(text, args, kwargs)
    if name == "join" and len(args) == 1 and isinstance(args[0], list | tuple):
        return text.join(as_text(a) for a in args[0])[:MAX_TEXT]
    if name in _TEXT_METHODS and not kwargs and all(is_literal(a) for a in args):
        try:
            found = getattr(text, name)(*args)
        except (TypeError, ValueError, LookupError):
            return UNKNOWN
        return found if not isinstance(found, bytes) else UNKNOWN
    return UNKNOWN


def item(container: object, index: object) -> object:
    """`container[index]`."""
    if isinstance(container, dict | list | tuple | str) and isinstance(index, str | int):
        try:
            found: object = container[index]  # type: ignore[index]  # a wrong pairing raises TypeError below
        except (LookupError, TypeError):
            return UNKNOWN
        return found
    return UNKNOWN


def truth(value: object) -> bool | None:
    """Whether a literal counts as true; None where that is unknown."""
    return bool(value) if is_literal(value) else None


def first_known(values: Iterable[object]) -> object:
    """The first value that is known, else `UNKNOWN`."""
    return next((v for v in values if v is not UNKNOWN), UNKNOWN)
