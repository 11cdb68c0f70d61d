"""A text as it was before somebody quoted it: without line numbers, marks of a diff, prefixes of a log, escapes.

Secrets are known by how their lines look. The same line is seen behind a gutter, in a patch, in a container's log or inside of a string of JSON,
and is as secret there.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Span = tuple[int, int]

_BEFORE: Final = (
    r"(?:[ \t]{0,16}(?:"
    r"\d{0,7}\|[ ]?"  # a line number and a bar, or the bar alone
    r"|[A-Za-z][\w.-]{0,60}[ \t]{1,40}\|[ ]?"  # a container's name in its log
    r"|[\w./-]{1,200}:\d{1,7}:[ ]?"  # where a search found it
    r"|\+(?!\+)|-(?!----(?!-))|>|\#|//|\*(?!\*)"  # a diff, a quotation, a comment; not the five dashes before BEGIN
    r"|[rbuf]{0,2}\\{0,8}[\"']"
    r"))"
)
_MARK: Final = re.compile(
    rf"(?P<line>(?:^|(?:\\{{1,8}}r)?\\{{1,8}}n){_BEFORE}{{0,6}})"
    r"|(?P<after>\\{0,8}[\"'][ \t]{0,16}[+,)\\]?[ \t]{0,16}(?=\\{1,8}[rn]|$))"
    r"|(?P<escape>\\{1,8}(?:u00[0-9a-fA-F]{2}|[\"'/tr]))",
    re.MULTILINE,
)
"""Backslashes double with each quoting: eight are four deep."""
_QUOTES: Final = "\"'"
_QUOTE: Final = re.compile(f"[{_QUOTES}]")


@dataclass(frozen=True, slots=True)
class Unquoted:
    """What is left of a text, and where it stood."""

    text: str
    _starts: tuple[int, ...]
    """Of the stretches, in `text`; the first is 0."""
    _stood: tuple[Span, ...]
    """Where each stretch stood in the text that was given."""

    def stood(self, start: int, end: int, /) -> Iterator[Span]:
        """Where a span of `text` stood: one span for each of its lines."""
        for line in re.finditer(r"[^\n]+", self.text[start:end]):
            yield self._position(start + line.start()), self._end(start + line.end() - 1)

    def _position(self, index: int) -> int:
        number = bisect_right(self._starts, index) - 1
        return self._stood[number][0] + index - self._starts[number]

    def _end(self, last: int) -> int:
        """Behind the character `last`; an escape ends behind all of it."""
        number = bisect_right(self._starts, last) - 1
        first, end = self._stood[number]
        following = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)
        return end if last + 1 == following else first + last + 1 - self._starts[number]


def unquoted(text: str, /) -> Unquoted | None:
    """`text` without what others put before, after and into its lines; None where nobody did."""
    made: list[str] = []
    stood: list[Span] = []
    position, opened = 0, len(text)
    for mark in _MARK.finditer(text):
        if not mark[0]:
            continue
        if mark["line"]:
            opened = mark.end() if mark["line"][-1] in _QUOTES else len(text)
        whole = (
            bool(mark["after"]) and opened <= mark.start() and not _QUOTE.search(text, opened, mark.start())
        )
        _add(made, stood, text[position : mark.start()], (position, mark.start()))
        _add(made, stood, _said(mark, whole_line=whole), mark.span())
        position = mark.end()
    if not position:
        return None
    _add(made, stood, text[position:], (position, len(text)))
    starts, start = [], 0
    for stretch in made:
        starts.append(start)
        start += len(stretch)
    return Unquoted("".join(made), tuple(starts), tuple(stood))


def _add(made: list[str], stood: list[Span], stretch: str, span: Span) -> None:
    if stretch:
        made.append(stretch)
        stood.append(span)


def _said(mark: re.Match[str], *, whole_line: bool) -> str:
    """What a mark stands for; `whole_line` is whether a string ends here that is all of its line."""
    if mark["line"]:
        return "\n" if mark["line"].startswith("\\") else ""
    if mark["after"]:
        return "" if whole_line else mark["after"].lstrip("\\")
    letter = mark["escape"].lstrip("\\")
    return str(json.loads(f'"\\{letter}"')) if letter[0] in "utr" else letter
