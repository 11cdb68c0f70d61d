"""``{port}`` and its like inside texts of the settings."""

import re
from collections.abc import Mapping
from typing import Final

from auditor.config.nearest import did_you_mean
from auditor.model.fault import Fault

_PLACEHOLDER: Final = re.compile(r"(?<![${])\{(?P<name>[a-z_]+)\}(?!\})")
"""Not the shell's ``${port}``, and not what a template language writes with two braces."""


def placeholders(text: str, /) -> tuple[str, ...]:
    """Names that stand in `text`, in order, each once."""
    return tuple(dict.fromkeys(match["name"] for match in _PLACEHOLDER.finditer(text)))


def fill(text: str, values: Mapping[str, str | int], /) -> str:
    """`text` with each ``{name}`` that has a value replaced by it; other braces are the text's own."""
    return _PLACEHOLDER.sub(lambda match: _value(match, values), text)


def check_placeholders(text: str, known: tuple[str, ...], /, *, where: str) -> None:
    """`Fault` when `text` holds a ``{name}`` that is none of `known`."""
    for name in placeholders(text):
        if name not in known:
            raise Fault(f"{{{name}}} is no placeholder here", where=where, hint=did_you_mean(name, known))


def _value(match: re.Match[str], values: Mapping[str, str | int]) -> str:
    value = values.get(match["name"])
    return match[0] if value is None else str(value)
