"""Sentences for people that hold names from the target: plain text with the names between backticks.

What writes a sentence puts each foreign name through `code`; what shows one cuts it with `spans` and escapes
each part for its own format. So a name can look odd, but it can't end a code span, start a line or steer a
terminal.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

LONGEST: Final = 240
"""More characters than that in one name are cut: a person can't read them and a table can't hold them."""

_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|\x9b[0-?]*[ -/]*[@-~]"
)
_CODE: Final = re.compile(r"`([^`]+)`")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str) -> str:
    """`text` on one line, without control, direction-changing or zero-width characters."""
    if text.isascii() and text.isprintable():
        return text
    spaced = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", _ANSI.sub("", text))
    return "".join(char for char in spaced if unicodedata.category(char) not in _INVISIBLE)


def shorten(text: str, /, limit: int = LONGEST) -> str:
    """At most `limit` characters of `text`, the cut shown by an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def code(name: str) -> str:
    """A foreign name as a code span: made clean, shortened, its own backticks replaced."""
    plain = shorten(clean(name)).replace("`", "'").strip()
    return f"`{plain or '?'}`"


def listed(items: Sequence[str], /, limit: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 4 more`."""
    shown, more = list(items[:limit]), len(items) - limit
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def spans(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a sentence as (is code, text), in order, clean, without the delimiting backticks."""
    rest = clean(text)
    position = 0
    for match in _CODE.finditer(rest):
        if match.start() > position:
            yield False, rest[position : match.start()]
        yield True, match[1]
        position = match.end()
    if position < len(rest):
        yield False, rest[position:]


def plain(text: str) -> str:
    """A sentence without its backticks, for formats that know no code spans."""
    return "".join(part for _, part in spans(text))
