"""One way to write a value as JSON, so that the same input gives the same bytes on every machine."""

import json
import re
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

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
_ANY_UNSAFE: Final = re.compile(f"[{''.join(re.escape(chr(code)) for code in _UNSAFE)}]")
_SHARED_CHARACTERS: Final = 2_000
"""A longer text is not kept to be put in again: what is shared is small, and a report holds each large text once."""
_PLAIN: Final = frozenset({str, int, bool, NoneType})
"""Types that pydantic's own writer, which is compiled, writes as this one does."""


def canonical_json(value: BaseModel, /) -> str:
    """`value` as indented JSON with a final newline.

    Fields come in the order in which the model declares them; mappings, whose order means nothing, are sorted
    by key. Half characters (from file names that are not UTF-8) become U+FFFD; invisible ones are escaped.
    """
    text = _Writer().text(value, "\n")
    text += "\n"  # in place: a report takes tens of megabytes
    return text


def tidy_json(tree: Json, /) -> str:
    """A tree of plain JSON values in the same style, its keys in the order given."""
    return json.dumps(tree, ensure_ascii=False, allow_nan=False, indent=2).translate(_UNSAFE) + "\n"


class _Writer:
    """Writes one value; what is shared in it (a path, a frame of many chains) is put into text once.

    The standard library's encoder indents in pure Python and would need a plain copy of the value first: for a
    report of twenty megabytes that took longer than reading the files it is about.
    """

    def __init__(self) -> None:
        self._strings: dict[str, str] = {}
        self._models: dict[tuple[int, str], str] = {}
        """By identity and indentation; the value being written keeps its parts alive."""
        self._fields: dict[type[BaseModel], list[tuple[str, str]]] = {}
        self._plain: dict[object, bool] = {}

    def text(self, value: object, line: str) -> str:
        """`value` as JSON; `line` is a line break with the indentation that it stands at."""
        if isinstance(value, str):
            return self._strings.get(value) or self._string(value)
        if isinstance(value, BaseModel):
            key = (id(value), line)
            known = self._models.get(key)
            if known is None:
                known = self._model(value, line)
                if len(known) < _SHARED_CHARACTERS:
                    self._models[key] = known
            return known
        if isinstance(value, (list, tuple)):
            inner = line + "  "
            between, parts = f",{inner}", [""]
            for item in value:
                parts += (between, self.text(item, inner))
            return _enclosed(parts, f"[{inner}", f"{line}]")
        if isinstance(value, dict):
            entries = [(self.text(str(key), line), value[key]) for key in sorted(value, key=str)]
            return self._object(entries, line)
        return _scalar(value)

    def _model(self, value: BaseModel, line: str) -> str:
        cls = type(value)
        if self._is_plain(cls) and (made := _compiled(value, line)) is not None:
            return made
        fields = self._fields.get(cls)
        if fields is None:
            told = [(name, field) for name, field in cls.model_fields.items() if not field.exclude]
            fields = self._fields[cls] = [(self._string(field.alias or name), name) for name, field in told]
        return self._object([(key, getattr(value, name)) for key, name in fields], line)

    def _is_plain(self, kind: Any) -> bool:
        """Whether values of this type hold no mappings, whose order means nothing, and no floats."""
        known = self._plain.get(kind)
        if known is None:
            self._plain[kind] = False  # of one that holds itself, nothing is claimed
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                known = all(self._is_plain(field.annotation) for field in kind.model_fields.values())
            elif get_origin(kind) in {Union, UnionType, tuple}:
                known = all(self._is_plain(part) for part in get_args(kind) if part is not Ellipsis)
            elif get_origin(kind) is Annotated:
                known = self._is_plain(get_args(kind)[0])
            else:
                known = kind in _PLAIN or get_origin(kind) is Literal
            self._plain[kind] = known
        return known

    def _object(self, entries: list[tuple[str, object]], line: str) -> str:
        inner = line + "  "
        between, parts = f",{inner}", [""]
        for key, value in entries:
            parts += (between, key, ": ", self.text(value, inner))
        return _enclosed(parts, f"{{{inner}", f"{line}}}")

    def _string(self, value: str) -> str:
        # str() takes the plain text out of a StrEnum.
        made = self._strings[value] = json.dumps(str(value), ensure_ascii=False).translate(_UNSAFE)
        return made


def _enclosed(parts: list[str], opening: str, closing: str) -> str:
    """What was written, each part with a separator before it, as one text: every other way holds large texts twice."""
    if len(parts) == 1:
        return opening[0] + closing[-1]
    parts[1] = opening
    parts.append(closing)
    return "".join(parts)


def _compiled(value: BaseModel, line: str) -> str | None:
    """A plain value as pydantic writes it, indented as it should be; None where it has half characters."""
    try:
        made = value.model_dump_json(indent=2, by_alias=True)
    except PydanticSerializationError:
        return None
    if _ANY_UNSAFE.search(made):
        made = made.translate(_UNSAFE)
    return made.replace("\n", line)  # within a string it would be escaped


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # so that `1.0` and `1` (and `-0.0`) are written alike
    if isinstance(value, (bool, int, float)):
        return json.dumps(value, allow_nan=False)
    message = f"{type(value).__name__} has no form in JSON"
    raise TypeError(message)
