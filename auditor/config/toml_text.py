"""TOML that somebody else wrote: what would take the reader minutes, or end it, is no TOML here."""

import tomllib
from typing import Any, Final

_MOST_WORK: Final = 20_000_000
"""`tomllib` takes time with the square of the parts of a dotted key: 16,000 take two seconds, and a megabyte has room for 500,000.
A key stands on one line. This much is a fifth of a second: 4,400 dots on a line, in strings or not."""


def toml_values(text: str, /) -> dict[str, Any]:
    """The values of a document.

    Raises:
        ValueError: why it is none, for a person.
    """
    if sum(line.count(".") ** 2 for line in text.split("\n")) > _MOST_WORK:
        raise ValueError("a line has more dots than a key has parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
