"""One text for all runs of a statement: values gone, lists of values shortened, spelling made the same.

It reads tokens and not syntax on purpose. A parser knows some dialects and not others, and a fingerprint that
takes one way for what parses and another for what doesn't gives two names to one statement.
"""

from dataclasses import dataclass, field
from typing import Final

from auditor.sql.dialect import Dialect
from auditor.sql.lexer import FUNCTIONS, Token, tokens

MAX_CHARACTERS: Final = 1 << 20
"""Longer statements are cut here."""
MAX_TOKENS: Final = 4096
"""A fingerprint ends with `…` after so many tokens; long lists of values are shortened before they count."""

_CUT: Final = Token("symbol", "…", "…", MAX_CHARACTERS)
_CLOSES: Final = frozenset({")", "]"})
_OPENS: Final = frozenset({"(", "["})
_NO_SPACE_BEFORE: Final = frozenset({",", ")", "]", ".", ";"})
_NO_SPACE_AFTER: Final = frozenset({"(", "[", "."})
_ENDS_A_VALUE: Final = frozenset({"END", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "NULL"})
"""Keywords after which a minus is a subtraction."""
_NAMES_ITS_OBJECT: Final = frozenset(
    {"SAVEPOINT", "RELEASE", "ROLLBACK", "DECLARE", "close", "move", "deallocate"}
)
"""Statements about something whose name is made up at run time: savepoints, cursors, prepared statements."""
_MADE_UP: Final = frozenset({*_NAMES_ITS_OBJECT, "FETCH"})


def fingerprint(sql: str, *, dialect: Dialect | None = None) -> str:
    """The normal form of `sql`: the same for any values in it; of itself, itself. Never raises.

    Values and parameters of any style become `?`, as does a hole `{}`. `IN (?, ?)` becomes `IN (?)`, rows of
    `VALUES` become one, and so do equal `WHEN`s in a row. Double quotes hold names, except in MySQL.
    """
    writing = _Writing()
    for token in tokens(sql[:MAX_CHARACTERS], dialect=dialect):
        if len(writing.out) >= MAX_TOKENS:
            writing.out.append(_CUT)
            break
        writing.add(token)
    else:
        writing.finish()
        if len(sql) > MAX_CHARACTERS:
            writing.out.append(_CUT)
    return _joined(writing.out)


@dataclass(slots=True)
class _Frame:
    """A parenthesis, bracket or CASE that is open: where the current element began, and the one before."""

    opened_by: str
    collects: str = ""
    """What is in a row here: `list` elements between commas, `rows` after VALUES, `when`s, or nothing."""
    start: int = 0
    previous: list[Token] | None = None


@dataclass(slots=True)
class _Writing:
    """The tokens written so far; repetition is dropped as soon as an element is complete."""

    out: list[Token] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=lambda: [_Frame("")])

    def add(self, token: Token) -> None:
        text, frame = token.text, self.stack[-1]
        if frame.collects == "rows" and self._row_is_over(token, frame):
            self._end_element(frame)
            frame.collects = ""
        if token.kind in {"value", "hole"}:
            self._value(token)
        elif text in _OPENS:
            self._open(token)
        elif text in _CLOSES:
            self._close(token)
        elif text == ",":
            self._comma(token)
        elif token.kind == "keyword":
            self._keyword(token)
        elif token.kind == "name" and self._is_made_up():
            self._value(token._replace(kind="value", text="?"))
        else:
            self.out.append(token)

    def finish(self) -> None:
        for frame in reversed(self.stack):
            if frame.collects == "rows":
                self._end_element(frame)

    def _value(self, token: Token) -> None:
        """A value takes its sign with it, so that `-5` is a value like `5`."""
        while self.out and self.out[-1].text in {"-", "+"} and self._expects_value(len(self.out) - 1):
            self.out.pop()
        self.out.append(token)

    def _expects_value(self, index: int) -> bool:
        """Whether what stands at `index` is the beginning of an operand."""
        if index == 0:
            return True
        before = self.out[index - 1]
        if before.kind == "keyword":
            return before.text not in _ENDS_A_VALUE
        return before.kind == "symbol" and before.text not in {")", "]", "."}

    def _open(self, token: Token) -> None:
        before = self.out[-1].text if self.out else ""
        self.out.append(token)
        collects = "list" if before == "IN" or (token.text == "[" and before == "ARRAY") else ""
        self.stack.append(_Frame(token.text, collects=collects, start=len(self.out)))

    def _close(self, token: Token) -> None:
        while len(self.stack) > 1 and self.stack[-1].opened_by == "CASE":
            self.stack.pop()
        if len(self.stack) > 1:
            frame = self.stack.pop()
            if frame.collects:
                self._end_element(frame)
        self.out.append(token)

    def _comma(self, token: Token) -> None:
        frame = self.stack[-1]
        if frame.collects in {"list", "rows"}:
            self._end_element(frame)
            self.out.append(token)
            frame.start = len(self.out)
        else:
            self.out.append(token)

    def _keyword(self, token: Token) -> None:
        text, frame = token.text, self.stack[-1]
        before = self.out[-1].text if self.out else ""
        if text in {"NULL", "TRUE", "FALSE"} and before not in {"IS", "NOT", "SET"}:
            self._value(token._replace(kind="value", text="?"))
            return
        if frame.opened_by == "CASE" and text in {"WHEN", "ELSE", "END"}:
            if frame.collects:
                self._end_element(frame)
            frame.collects, frame.start = "when", len(self.out)
            if text == "END":
                self.stack.pop()
        self.out.append(token)
        if text == "CASE":
            self.stack.append(_Frame("CASE"))
        elif text == "VALUES":
            frame.collects, frame.start, frame.previous = "rows", len(self.out), None

    def _row_is_over(self, token: Token, frame: _Frame) -> bool:
        """Rows end where something follows that is neither a comma nor the parenthesis of a row."""
        expected = "(" if len(self.out) == frame.start else ","
        return token.text != expected

    def _end_element(self, frame: _Frame) -> None:
        """Drops the element that just ended if it says the same as the one before it."""
        element = self.out[frame.start :]
        if element and frame.previous is not None and _same(element, frame.previous):
            separator = 0 if frame.collects == "when" else 1
            del self.out[frame.start - separator :]
        else:
            frame.previous = element

    def _is_made_up(self) -> bool:
        """Whether a name here was made up at run time, as those of savepoints and cursors are."""
        if not self.out or self.out[0].text not in _MADE_UP or len(self.out) > 8:
            return False
        if self.out[0].text == "FETCH":
            return self.out[-1].text == "FROM"
        return len(self.out) == 1 or self.out[-1].text in {"SAVEPOINT", "TO"}


def _same(one: list[Token], other: list[Token]) -> bool:
    return len(one) == len(other) and all(a.text == b.text for a, b in zip(one, other, strict=True))


def _joined(out: list[Token]) -> str:
    parts: list[str] = []
    previous: Token | None = None
    for token in out:
        if previous is not None and _spaced(previous, token):
            parts.append(" ")
        parts.append(token.text)
        previous = token
    return "".join(parts)


def _spaced(previous: Token, token: Token) -> bool:
    if token.text in _NO_SPACE_BEFORE or previous.text in _NO_SPACE_AFTER:
        return False
    if token.text in _OPENS:
        return not (previous.kind == "name" or previous.text in FUNCTIONS or previous.text == "ARRAY")
    return True
