r"""URL patterns as text: `books/<int:pk>/` and `^books/(?P<pk>\d+)/$` both read `books/{pk}/`."""

from __future__ import annotations

import re
from typing import Final, Literal

from auditor.frameworks.django_values import HOLE, PREFIX

_CONVERTER: Final = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")
_NAMED: Final = re.compile(r"\(\?P<(\w+)>")
_CLASSES: Final = frozenset("dDwWsS")
_ANCHORS: Final = frozenset("AbBZz")
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d*,?\d*\})[?+]?")
_PLACEHOLDER: Final = re.compile(f"{PREFIX}([^{PREFIX}]*){PREFIX}")


def readable(pattern: str, syntax: Literal["route", "regex"]) -> str:
    """The path that a pattern matches, parameters as `{name}`; a part that is not known is `{?}`."""
    text = from_regex(pattern) if syntax == "regex" else _CONVERTER.sub(r"{\1}", pattern)
    return _PLACEHOLDER.sub(r"{\1}", text).replace(HOLE, "{?}")


def from_regex(pattern: str) -> str:
    """A regular expression's path: anchors and optional slashes dropped, groups as parameters.

    Of several alternatives the first is told; an optional group is told where it holds a named parameter.
    """
    return _Reader(pattern).alternatives(nested=False)


class _Reader:
    """One pass over a regular expression."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.unnamed = 0

    def alternatives(self, *, nested: bool) -> str:
        """What is told up to the closing bracket, or to the end; only the first alternative."""
        told: list[str] = []
        first = True
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            if char == ")" and nested:
                break
            if char == "|":
                self.at += 1
                first = False
                continue
            piece = self.piece()
            if first:
                told.append(piece)
        return "".join(told)

    def piece(self) -> str:
        char = self.pattern[self.at]
        if char == "(":
            return self.group()
        if char == "[":
            self.character_class()
            self.quantifier()
            return self.argument()
        self.at += 1
        if char in "^$":
            self.quantifier()
            return ""
        if char == "\\" and self.at < len(self.pattern):
            return self.escaped()
        if char == PREFIX:
            end = self.pattern.find(PREFIX, self.at)
            start, self.at = self.at, end + 1 if end >= 0 else len(self.pattern)
            return PREFIX + self.pattern[start : self.at]
        quantifier = self.quantifier()
        if char == "." and quantifier[:1] in {"*", "+", "{"}:
            return self.argument()
        return "" if quantifier[:1] in {"?", "*"} and not char.isalnum() else char

    def escaped(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        quantifier = self.quantifier()
        if char in _ANCHORS:
            return ""
        if char in _CLASSES:
            return self.argument()
        return "" if quantifier[:1] in {"?", "*"} else char

    def argument(self) -> str:
        self.unnamed += 1
        return "{arg}" if self.unnamed == 1 else f"{{arg{self.unnamed}}}"

    def group(self) -> str:
        named = _NAMED.match(self.pattern, self.at)
        if named is not None:
            self.skip_group()
            self.quantifier()
            return f"{{{named[1]}}}"
        if not self.pattern.startswith("(?", self.at):
            self.skip_group()
            optional = self.quantifier()[:1] in {"?", "*"}
            return "" if optional else self.argument()
        start = self.at
        if not self.pattern.startswith("(?:", start):
            self.skip_group()
            self.quantifier()
            return ""
        self.at += 3
        inner = self.alternatives(nested=True)
        self.at += 1
        optional = self.quantifier()[:1] in {"?", "*"}
        return "" if optional and not _NAMED.search(self.pattern[start : self.at]) else inner

    def skip_group(self) -> None:
        depth = 0
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            if char == "\\":
                self.at += 1
            elif char == "[":
                self.character_class()
                continue
            depth += (char == "(") - (char == ")")
            self.at += 1
            if depth == 0:
                return

    def character_class(self) -> None:
        self.at += 1
        if self.pattern.startswith("^", self.at):
            self.at += 1
        if self.pattern.startswith("]", self.at):
            self.at += 1
        while self.at < len(self.pattern) and self.pattern[self.at] != "]":
            self.at += 2 if self.pattern[self.at] == "\\" else 1
        self.at += 1

    def quantifier(self) -> str:
        found = _QUANTIFIER.match(self.pattern, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]
