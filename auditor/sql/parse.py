"""The one door to sqlglot: imported when the first statement is read, bounded whatever the text.

The text is cut into our own tokens first and written again in one spelling, so that parameters of any style,
comments and quotes never reach the parser, and how deep and long a statement is can be judged beforehand.
"""

import logging
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from auditor.sql.dialect import Dialect
from auditor.sql.lexer import HOLE, Token, tokens

if TYPE_CHECKING:
    from sqlglot import expressions

    Node: TypeAlias = expressions.Expr
else:
    Node = Any

MAX_CHARACTERS: Final = 64 * 1024
"""Longer texts are not read: no statement written by hand is that long."""
MAX_NESTING: Final = 30
"""Parentheses and CASEs within each other; the parser recurses about fifteen frames for each."""
MAX_STEPS: Final = 200_000
"""Tokens the parser may look at, again after backtracking included: about half a second."""

HOLE_NAME: Final = "__hole__"

_GLUED: Final = re.compile(r"(?<![\w$])[\w$]*(?:\{\w*\}[\w$]*)+")
_READ_AS: Final[dict[Dialect, str]] = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Parsed(NamedTuple):
    """The statements of a text as trees."""

    trees: "tuple[Node, ...]" = ()
    whole: bool = True
    """False: it could be read only after its holes were taken out."""


class TooMuchWorkError(Exception):
    """The parser went back and forth over the text for longer than any real statement takes."""


def parse(sql: str, *, dialect: Dialect | None = None) -> Parsed:
    """The statements of `sql` as trees; none if it is too long, too deep or no SQL we know.

    Without a dialect, PostgreSQL's, MySQL's and SQLite's are tried in this order. Holes are names `__hole__`;
    where a name makes no sense, the text is read once more without them.
    """
    if len(sql) > MAX_CHARACTERS:
        return Parsed()
    sql = _GLUED.sub(HOLE, sql)
    pieces = list(tokens(sql, dialect=dialect))
    if not pieces or _nesting(pieces) > MAX_NESTING:
        return Parsed()
    spellings = [_spelled(pieces, hole=HOLE_NAME)]
    if any(piece.kind == "hole" for piece in pieces):
        spellings.append(_spelled(pieces, hole=""))
    for spelling in spellings:
        for name in (dialect,) if dialect else _READ_AS:
            text = spelling.replace('"', "`") if name == "mysql" else spelling
            try:
                trees = _parser(_READ_AS[name])(text)
            except (TooMuchWorkError, RecursionError):
                return Parsed()
            except _errors():
                continue
            if trees and all(tree.key != "command" for tree in trees):
                return Parsed(trees, whole=spelling is spellings[0])
    return Parsed()


@cache
def _parser(name: str) -> "Callable[[str], tuple[Node, ...]]":
    from sqlglot.dialects.dialect import Dialect as Reader  # noqa: PLC0415  slow to import, rarely needed

    # It warns about syntax that it skips; what it skips is not said to be understood here either.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    reader = Reader.get_or_raise(name)

    dialects_own: Any = reader.parser_class

    class Bounded(dialects_own):  # type: ignore[misc]  # which class it is, is known at run time only
        """A parser that gives up after `MAX_STEPS`, since backtracking can take exponential time."""

        steps = 0

        def _advance(self, times: int = 1) -> None:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise TooMuchWorkError
            super()._advance(times)

    def read(text: str) -> "tuple[Node, ...]":
        found = Bounded(dialect=reader).parse(reader.tokenize(text), text)
        return tuple(tree for tree in found if tree is not None)

    return read


def _errors() -> tuple[type[Exception], ...]:
    from sqlglot.errors import SqlglotError  # noqa: PLC0415  as above

    # The rest are what its parser raises on input that its grammar did not foresee.
    return (SqlglotError, AttributeError, IndexError, KeyError, TypeError, ValueError, AssertionError)


def part(node: "Node | None", name: str) -> "Node | None":
    """The part of a node called `name`, if it is a node: the parser leaves flags and text there too."""
    found = node.args.get(name) if node is not None else None
    return found if hasattr(found, "args") else None


def parts(node: "Node | None", name: str) -> "list[Node]":
    """The nodes in the list called `name`; empty if there is no such list."""
    found = node.args.get(name) if node is not None else None
    return [item for item in found if hasattr(item, "args")] if isinstance(found, list) else []


def is_aggregate(node: "Node") -> bool:
    """Whether `node` is an aggregate function: `COUNT`, `SUM`, `ARRAY_AGG`."""
    return any(kind.__name__ == "AggFunc" for kind in type(node).__mro__)


def _nesting(pieces: Sequence[Token]) -> int:
    depth = deepest = 0
    for piece in pieces:
        if piece.text in {"(", "[", "CASE"}:
            depth += 1
            deepest = max(deepest, depth)
        elif piece.text in {")", "]", "END"}:
            depth -= 1
    return deepest


def _spelled(pieces: Sequence[Token], *, hole: str) -> str:
    """The tokens as text that every dialect reads alike, names in double quotes where they need any."""
    words: list[str] = []
    for piece in pieces:
        if piece.kind == "hole" or (piece.kind == "name" and HOLE in piece.raw):
            words.append(hole)
        elif piece.kind == "value":
            words.append(_literal(piece.raw))
        elif piece.text[0] == "`":
            words.append('"' + piece.text[1:-1].replace("``", "`").replace('"', "") + '"')
        else:
            words.append(piece.text)
    return " ".join(words)


def _literal(raw: str) -> str:
    """Numbers and the text of strings (what a LIKE begins with matters); a parameter is a placeholder."""
    if _NUMBER.fullmatch(raw):
        return raw
    quoted = raw.find("'")
    if quoted in {0, 1} or raw[0] == '"':
        inner = raw[quoted + 1 : -1] if quoted >= 0 else raw[1:-1]
        plain = inner.replace("\\", "").replace("'", "").replace('"', "").replace("`", "")
        return f"'{plain}'"
    if raw[0] == "$" and raw[-1] == "$":
        return "''"
    return "0" if raw[0] in "0123456789." else ":p"
