"""One way to write a value as JSON, so that the same input gives the same bytes on every machine."""

import json
from typing import Final

from pydantic import BaseModel

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_UNSAFE: Final[dict[int, str]] = {
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
    **{
        code: f"\\u{code:04x}"
        for code in (*range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F))
    },
    **{code: f"\\u{code:04x}" for code in (0x61C, *range(0x2060, 0x2070), 0xFEFF)},
}
"""Half characters have no UTF-8; control and direction marks could fool a terminal that shows the file."""


def canonical_json(value: BaseModel, /) -> str:
    """`value` as indented JSON with a final newline.

    Fields come in the order in which the model declares them; mappings, whose order means nothing, are sorted
    by key. Half characters (from file names that are not UTF-8) become U+FFFD; invisible ones are escaped.
    """
    return tidy_json(_ordered(value))


def tidy_json(tree: Json, /) -> str:
    """A tree of plain JSON values in the same style, its keys in the order given."""
    return json.dumps(tree, ensure_ascii=False, allow_nan=False, indent=2).translate(_UNSAFE) + "\n"


def _ordered(value: object) -> Json:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {(field.alias or name): _ordered(getattr(value, name)) for name, field in fields.items()}
    if isinstance(value, dict):
        return {str(key): _ordered(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, (bool, int, str)):
        # str() takes the plain text out of a StrEnum.
        return str(value) if isinstance(value, str) else value
    message = f"{type(value).__name__} has no form in JSON"
    raise TypeError(message)


def _number(value: float) -> int | float:
    """Whole floats as integers, so that `1.0` and `1` (and `-0.0`) are written alike."""
    return int(value) if value.is_integer() else value
