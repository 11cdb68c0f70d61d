"""Cuts SQL of any dialect into tokens; never fails, in time proportional to the text."""

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from auditor.sql.dialect import Dialect

HOLE: Final = "{}"
"""Stands in a text for what an f-string or `.format()` puts there at run time."""

TokenKind = Literal["value", "hole", "keyword", "name", "symbol"]


class Token(NamedTuple):
    """A piece of a statement in its normal spelling; comments and white space are gone."""

    kind: TokenKind
    """`value`: a literal or a parameter, whatever its style."""
    text: str
    """Keywords in capitals, names in small letters and unquoted where that means the same."""
    raw: str
    """As it was written."""
    end: int
    """Position after it in the text."""


_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*)
  | (?P<dollar>\$(?:[^\W0-9]\w*)?\$)
  | (?P<string>(?:[nNbBxX]|[uU]&)?'[^']*(?:''[^']*)*'?)
  | (?P<escaped>(?:[eE])'(?:[^'\\]|\\.|'')*'?)
  | (?P<value>\$[0-9]+
      | %\(\w*\)[sdbt](?!\w) | %[sdbt](?!\w)
      | (?<![:\w]):(?:[^\W0-9]\w*|[0-9]+)
      | 0[xX][0-9a-fA-F]+
      | (?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?
      | \?)
  | (?P<hole>\{\w*\})
  | (?P<quoted>"[^"]*(?:""[^"]*)*"?)
  | (?P<ticked>`[^`]*(?:``[^`]*)*`?)
  | (?P<word>@{0,2}[^\W0-9][\w$]*)
  | (?P<symbol>->>|->|\#>>|\#>|<->|<=>|<=|>=|<>|!=|\|\||::|:=|@>|<@|&&|!~\*|!~|~\*|<<|>>|=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MYSQL_STRING: Final = re.compile(r"""(?:_\w+)?(['"])(?:[^'"\\]|\\.|(?!\1)['"]|\1\1)*(?:\1|\Z)""", re.DOTALL)
_SIMPLE_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_FOLD: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

_KEYWORDS: Final = """
ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN
COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DECLARE DEFAULT
DELETE DESC DISTINCT DO DROP DUPLICATE ELSE END EXCEPT EXISTS EXPLAIN FALSE FETCH FILTER FOR FOREIGN
FROM FULL GROUP HAVING IF ILIKE IN INDEX INNER INSERT INTERSECT INTERVAL INTO IS ISNULL JOIN KEY
LATERAL LEFT LIKE LIMIT NATURAL NOT NOTHING NOTNULL NULL NULLS OFFSET ON OR ORDER OUTER OVER
PARTITION PRIMARY RECURSIVE REFERENCES RELEASE REPLACE RETURNING RIGHT ROLLBACK SAVEPOINT SELECT SET
SIMILAR TABLE THEN TO TRUE UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHERE WINDOW WITH COUNT SUM
AVG MIN MAX COALESCE LOWER UPPER
"""
KEYWORDS: Final = frozenset(_KEYWORDS.split())
FUNCTIONS: Final = frozenset(
    {"COUNT", "SUM", "AVG", "MIN", "MAX", "COALESCE", "LOWER", "UPPER", "CAST", "EXISTS"}
)
"""Keywords that a parenthesis follows without a space."""


def tokens(sql: str, *, dialect: Dialect | None = None) -> Iterator[Token]:
    """The tokens of `sql`. Without a dialect, double quotes hold names, as the standard has it."""
    position, end = 0, len(sql)
    scan = _TOKEN.match
    while position < end:
        if dialect == "mysql" and (string := _MYSQL_STRING.match(sql, position)):
            position = string.end()
            yield Token("value", "?", string[0], position)
            continue
        match = scan(sql, position)
        assert match is not None, "the last alternative takes any character"
        position, group, raw = match.end(), match.lastgroup, match[0]
        if group == "space":
            if raw == "/*":
                position = _after(sql, "*/", position)
        elif group == "word":
            yield _word(raw, position)
        elif group == "symbol":
            if raw == "#" and dialect == "mysql":
                position = _after(sql, "\n", position)
            else:
                yield Token("symbol", raw, raw, position)
        elif group in {"quoted", "ticked"}:
            yield _name(raw, position, tick=dialect == "mysql")
        elif group == "hole":
            yield Token("hole", "?", raw, position)
        else:
            if group == "dollar":
                start, position = match.start(), _after(sql, raw, position)
                raw = sql[start:position]
            yield Token("value", "?", raw, position)


def _after(sql: str, mark: str, position: int) -> int:
    """Where the text goes on after `mark`; its end if the mark never comes."""
    found = sql.find(mark, position)
    return len(sql) if found < 0 else found + len(mark)


def _word(raw: str, end: int) -> Token:
    upper = raw.upper() if raw.isascii() else raw
    if upper in KEYWORDS:
        return Token("keyword", upper, raw, end)
    # Only ASCII letters are folded: lower() of others can change what the text means when it is read again.
    return Token("name", raw.translate(_FOLD), raw, end)


def _name(raw: str, end: int, *, tick: bool) -> Token:
    """A quoted name: bare where that is the same name, else in the quotes that its dialect is sure of."""
    quote = raw[0]
    inner = (raw[1:-1] if len(raw) > 1 and _closed(raw) else raw[1:]).replace(quote * 2, quote)
    if _SIMPLE_NAME.fullmatch(inner) and inner.upper() not in KEYWORDS:
        return Token("name", inner, raw, end)
    mark = "`" if tick else '"'
    return Token("name", f"{mark}{inner.replace(mark, mark * 2)}{mark}", raw, end)


def _closed(raw: str) -> bool:
    """Whether the last quote of a quoted name is the one that ends it, and not half of a doubled one."""
    quote = raw[0]
    body = raw[1:]
    return (len(body) - len(body.rstrip(quote))) % 2 == 1
