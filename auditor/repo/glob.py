"""git's wildmatch, byte for byte, in time linear in pattern times path.

`pathspec` and `fnmatch` translate a whole pattern into one backtracking expression, which a hostile
`.gitignore` can make run for hours. Here a component is matched by an expression with atomic groups, and the
components by a scan with a single point to return to.
"""

import re
import string
from dataclasses import dataclass
from typing import Final

_STAR: Final = object()
_ANY: Final = frozenset(range(256))
_LONGEST_NAME: Final = 1024
"""Bytes of a name; file systems end at 255 bytes or characters, and the compilation of a longer one is work for nothing."""
_Token = bytes | frozenset[int] | object
"""A literal byte, a set of bytes, or `_STAR`."""

_POSIX: Final[dict[bytes, frozenset[int]]] = {
    name: frozenset(text.encode())
    for name, text in {
        b"alnum": string.ascii_letters + string.digits,
        b"alpha": string.ascii_letters,
        b"blank": " \t",
        b"cntrl": "".join(map(chr, (*range(32), 127))),
        b"digit": string.digits,
        b"graph": "".join(map(chr, range(33, 127))),
        b"lower": string.ascii_lowercase,
        b"print": "".join(map(chr, range(32, 127))),
        b"punct": string.punctuation,
        b"space": " \t\n\r\v\f",
        b"upper": string.ascii_uppercase,
        b"xdigit": string.hexdigits,
    }.items()
}


class MalformedGlobError(ValueError):
    """The pattern can't match anything: git drops it silently, and so do we."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled pattern: one expression per path component; None stands for `**`."""

    parts: tuple[re.Pattern[bytes] | None, ...]

    def matches(self, components: tuple[bytes, ...]) -> bool:
        """Whether the whole path matches. A final `**` wants at least one component, an inner one none."""
        parts = self.parts
        at = part = 0
        back_at = back_part = -1
        while at < len(components):
            if part < len(parts) and parts[part] is None:
                if part == len(parts) - 1:
                    return True
                back_at, back_part = at, part
                part += 1
            elif part < len(parts) and (expression := parts[part]) and expression.fullmatch(components[at]):
                at += 1
                part += 1
            elif back_part >= 0:
                back_at += 1
                at, part = back_at, back_part + 1
            else:
                return False
        return part == len(parts)


def compile_glob(pattern: bytes) -> Glob:
    """The pattern of one line of a `.gitignore`, without `!`, the first and the last `/`.

    Raises:
        MalformedGlobError: an unclosed class, a final backslash, or a name longer than any.
    """
    return Glob(tuple(_component(tokens) for tokens in _components(pattern)))


def _components(pattern: bytes) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        at += 1
        if char == b"\\":
            char = pattern[at : at + 1]
            at += 1
            if not char:
                raise MalformedGlobError
            if char != b"/":
                parts[-1].append(char)
                continue
        if char == b"/":
            parts.append([])
        elif char == b"*":
            parts[-1].append(_STAR)
        elif char == b"?":
            parts[-1].append(_ANY)
        elif char == b"[":
            members, at = _class(pattern, at)
            parts[-1].append(members)
        else:
            parts[-1].append(char)
    return parts


def _class(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """The bytes that `[…]` stands for, and where the pattern goes on; `at` is behind the bracket."""
    negated = pattern[at : at + 1] in {b"!", b"^"}
    at += negated
    members: set[int] = set()
    previous: int | None = None
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        char, width = _member(pattern, at)
        if (
            width == 1
            and char == ord("-")
            and previous is not None
            and pattern[at + 1 : at + 2] not in {b"", b"]"}
        ):
            last, width = _member(pattern, at + 1)
            members.update(range(previous, last + 1))
            at += 1 + width
            previous = None
        elif pattern[at : at + 2] == b"[:" and (named := _named(pattern, at)):
            name, at = named
            if name not in _POSIX:
                raise MalformedGlobError
            members |= _POSIX[name]
            previous = None
        else:
            members.add(char)
            previous = char
            at += width
    return (_ANY - members if negated else frozenset(members)), at + 1


def _member(pattern: bytes, at: int) -> tuple[int, int]:
    """One byte of a class, perhaps behind a backslash, and how many bytes of pattern it takes."""
    escaped = pattern[at : at + 1] == b"\\"
    char = pattern[at + escaped : at + escaped + 1]
    if not char:
        raise MalformedGlobError
    return char[0], 1 + escaped


def _named(pattern: bytes, at: int) -> tuple[bytes, int] | None:
    """`[:alpha:]` at `at`: its name and what follows; None when the bracket only stands for itself."""
    end = pattern.find(b"]", at + 2)
    if end < 0:
        raise MalformedGlobError
    if end < at + 3 or pattern[end - 1 : end] != b":":
        return None
    return pattern[at + 2 : end - 1], end + 1


def _component(tokens: list[_Token]) -> re.Pattern[bytes] | None:
    if len(tokens) > 1 and all(token is _STAR for token in tokens):
        return None
    if sum(token is not _STAR for token in tokens) > _LONGEST_NAME:
        raise MalformedGlobError
    chunks: list[bytes] = [b""]
    for token in tokens:
        if token is _STAR:
            if chunks[-1] or len(chunks) == 1:
                chunks.append(b"")
        else:
            chunks[-1] += _one(token)
    head, *rest = chunks
    if not rest:
        return re.compile(head, re.DOTALL)
    # The shortest way to each chunk is enough, since the next star takes whatever is left; only the last is
    # tied to the end.
    middle = b"".join(b"(?>.*?" + chunk + b")" for chunk in rest[:-1])
    return re.compile(head + middle + b".*" + rest[-1], re.DOTALL)


def _one(token: _Token) -> bytes:
    if isinstance(token, bytes):
        return re.escape(token)
    assert isinstance(token, frozenset)
    if token == _ANY:
        return b"."
    if not token:
        return b"(?!)"
    return b"[" + b"".join(b"\\x%02x" % value for value in sorted(token)) + b"]"
