"""What is compared: JSON values that keep apart whatever JSON keeps apart, and a little more.

`1`, `1.0`, `true` and `"1"` are four values; so are a field that is missing, null, 0, '', false, [] and {}.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import JsonValue

MOST_LEVELS: Final = 100
"""A body that is nested deeper is compared as text."""
_MOST_DIGITS: Final = 4000
"""Python converts no longer integer without being told to."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
)


@dataclass(frozen=True, slots=True)
class Odd:
    """What stands in a body where JSON has no value for it."""

    kind: str
    """`not a number`, `huge integer`."""
    text: str


class Bag(list["Tree"]):
    """Items in no order."""


class Twice(list["Tree"]):
    """An object with a key that is there twice, as a list of [key, value]."""


class Lines(list["Tree"]):
    """The lines of a text."""


Tree = None | bool | int | Decimal | str | Odd | list["Tree"] | dict[str, "Tree"]


def parse_tree(text: str) -> Tree:
    """Reads JSON; ValueError when it is none, or nested too deeply."""
    try:
        tree: Tree = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=lambda word: Odd("not a number", word),
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _check_depth(tree)
    return tree


def tree_of(value: JsonValue) -> Tree:
    """A JSON value from elsewhere (a database's row, an effect's detail) as a tree."""
    if isinstance(value, float):
        return Decimal(repr(value)) if value - value == 0 else Odd("not a number", repr(value))
    if isinstance(value, list):
        return [tree_of(item) for item in value]
    if isinstance(value, dict):
        return {key: tree_of(item) for key, item in value.items()}
    return value


def kind_of(tree: Tree) -> str:
    """Type, null-ness and emptiness in a word; for texts of a known form, the form."""
    if isinstance(tree, str):
        return _kind_of_text(tree)
    if isinstance(tree, list):
        name = "object with a key twice" if isinstance(tree, Twice) else "list"
        return name if tree else f"empty {name}"
    if isinstance(tree, dict):
        return "object" if tree else "empty object"
    if isinstance(tree, Odd):
        return tree.kind
    if tree is None:
        return "null"
    if isinstance(tree, bool):
        return "boolean"
    return "integer" if isinstance(tree, int) else "number"


def same_leaf(one: Tree, other: Tree) -> bool:
    """Whether two values that hold no others are one and the same."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return _canonical_number(one) == _canonical_number(other)
    return one == other


def canonical(tree: Tree) -> str:
    """A text that two trees share exactly when they are the same (bags in any order)."""
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{canonical(tree[key])}" for key in sorted(tree)) + "}"
    if isinstance(tree, list):
        items = [canonical(item) for item in tree]
        return type(tree).__name__ + "[" + ",".join(sorted(items) if isinstance(tree, Bag) else items) + "]"
    if isinstance(tree, Decimal):
        return _canonical_number(tree)
    if isinstance(tree, Odd):
        return f"odd {tree.kind} {tree.text}"
    return json.dumps(tree)


def shown(tree: Tree, /, limit: int = 80) -> str:
    """For a person, shortened."""
    text = _text(tree)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _canonical_number(number: Decimal) -> str:
    # By its digits: Decimal's own normalize() rounds to 28 of them.
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits))
    bare = text.rstrip("0")
    return f"n{sign}:{bare}e{int(exponent) + len(text) - len(bare) if bare else 0}"


def _kind_of_text(text: str) -> str:
    if not text:
        return "empty string"
    if len(text) <= 40:
        if _UUID.fullmatch(text):
            return "uuid"
        if _MOMENT.fullmatch(text):
            return "moment"
    return "string"


def _object(pairs: list[tuple[str, Tree]]) -> Tree:
    tree = dict(pairs)
    return tree if len(tree) == len(pairs) else Twice([[key, value] for key, value in pairs])


def _integer(text: str) -> Tree:
    return int(text) if len(text) <= _MOST_DIGITS else Odd("huge integer", text)


def _number(text: str) -> Tree:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of nineteen digits
        return Odd("huge number", text)


def _check_depth(tree: Tree) -> None:
    level: list[Tree] = [tree]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for node in level
            if isinstance(node, (list, dict))
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _text(tree: Tree) -> str:
    """As JSON; numbers as they came, which `json` can't be made to write."""
    if isinstance(tree, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}: {_text(item)}" for key, item in tree.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(tree, list):
        return f"[{', '.join(map(_text, tree))}]"
    if isinstance(tree, Decimal):
        return str(tree)
    return json.dumps(tree.text if isinstance(tree, Odd) else tree, ensure_ascii=False)
