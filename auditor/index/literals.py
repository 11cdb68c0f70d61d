"""What string and number literals are worth, as Python reads them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ESCAPE: Final = re.compile(
    r"\\(\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}\n]{1,99}\}|.)", re.DOTALL
)
_SIMPLE_ESCAPES: Final = {
    "\n": "", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r",
    "t": "\t", "v": "\v",
}  # fmt: skip


def unescape(body: str, *, is_bytes: bool) -> str:
    """The value of a string literal's body; what is no valid escape stays as it is, as Python has it.

    Half a character (a surrogate) becomes U+FFFD: nothing that holds one could be written anywhere.
    """
    return _ESCAPE.sub(_byte if is_bytes else _character, body)


def _byte(match: re.Match[str]) -> str:
    return match[0] if match[1][0] in "uUN" else _character(match)


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if code in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[code]
    try:
        if code[0] == "N" and len(code) > 1:
            return unicodedata.lookup(code[2:-1])
        if code[0] in "xuU":
            return _whole(chr(int(code[1:], 16))) if len(code) > 1 else match[0]
        return chr(int(code, 8) & 0x1FF) if code[0] in "01234567" else match[0]
    except (KeyError, ValueError, OverflowError):
        return match[0]


def _whole(character: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character


def number(text: str) -> int | float | str:
    """An int or float literal; its text where it is something else (complex, old octal)."""
    cleaned = text.replace("_", "").rstrip("lL")
    try:
        return int(cleaned, 0)
    except ValueError:
        pass
    try:
        return float(cleaned)
    except ValueError:
        return text
