"""`${name}` in a request stands for a value taken from an earlier answer; `$${name}` for those very characters."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

_PLACE: Final = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_]\w*)\}")


def names_in(part: JsonValue) -> frozenset[str]:
    """Every name that `part`, a text or a tree of them, waits for."""
    if isinstance(part, str):
        return frozenset(match["name"] for match in _PLACE.finditer(part) if match["name"])
    if isinstance(part, list):
        return frozenset().union(*map(names_in, part))
    if isinstance(part, dict):
        return frozenset().union(*map(names_in, part), *map(names_in, part.values()))
    return frozenset()


def fill(part: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """`part` with values for names; KeyError for a name that has none.

    Where a text in a tree is nothing but one placeholder, the value keeps its type: `{"id": "${id}"}` becomes
    `{"id": 7}`.
    """
    if isinstance(part, str):
        whole = _PLACE.fullmatch(part)
        return values[whole["name"]] if whole and whole["name"] else fill_text(part, values)
    if isinstance(part, list):
        return [fill(item, values) for item in part]
    if isinstance(part, dict):
        return {fill_text(key, values): fill(item, values) for key, item in part.items()}
    return part


def fill_text(text: str, values: Mapping[str, JsonValue]) -> str:
    """As `fill`, for what can only be text: a path, a header."""
    return _PLACE.sub(lambda match: _shown(values[match["name"]]) if match["name"] else "${", text)


def _shown(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
