"""Text on a grid of terminal cells: width, cutting, wrapping, colour. What comes in is made clean first."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from auditor.model.text import clean, plain

Style = Literal["bold", "dim", "red", "yellow", "green", "cyan"]
_CODES: Final[dict[Style, str]] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}


@dataclass(frozen=True)
class Paint:
    """Puts colour around text where colour is wanted; what it returns goes to the terminal as it is."""

    colour: bool

    def __call__(self, text: str, *styles: Style) -> str:
        """`text` in these styles, or as it is."""
        if not self.colour or not styles or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def width_of(text: str) -> int:
    """Cells that clean text takes: wide characters take two, combining ones none."""
    return sum(_cells(char) for char in text)


def cut(text: str, width: int) -> str:
    """Clean text of at most `width` cells, the cut shown by an ellipsis."""
    tidy = clean(text)
    if width_of(tidy) <= width:
        return tidy
    kept, used = "", 0
    for char in tidy:
        used += _cells(char)
        if used > width - 1:
            break
        kept += char
    return f"{kept.rstrip()}…" if width > 0 else ""


def cut_start(text: str, width: int) -> str:
    """As `cut`, but it keeps the end: of a path the last parts say most."""
    tidy = clean(text)
    if width_of(tidy) <= width:
        return tidy
    kept = cut(tidy[::-1], width)
    return kept[::-1] if kept else ""


def padded(text: str, width: int) -> str:
    """`text` cut or filled to exactly `width` cells."""
    fitting = cut(text, width)
    return fitting + " " * (width - width_of(fitting))


def wrapped(sentence: str, width: int, *, lines: int) -> list[str]:
    """A sentence (backticks taken out) on at most `lines` lines, the last one cut if it goes on."""
    words = plain(sentence).split()
    found = list(_lines(words, width))
    if len(found) > lines:
        found[lines - 1 :] = [cut(" ".join(found[lines - 1 :]), width)]
    return found


def _lines(words: list[str], width: int) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if line and width_of(longer) > width:
            yield cut(line, width)
            line = word
        else:
            line = longer
    if line:
        yield cut(line, width)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
