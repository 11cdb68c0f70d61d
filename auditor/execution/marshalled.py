"""Values as Python's `marshal` writes them, read without it: what a target wrote must not be given to a reader that trusts it.

Read are versions up to 4 and of their types only values: None, booleans, numbers, texts, bytes, tuples, lists, dictionaries
and sets, with what is referred to more than once. Anything else is a `ValueError`, as is a value that refers to so much that
it would be large once it is written out, or is nested deeply.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

_LARGEST: Final = 5_000_000
"""Values in a value, counted as often as they are referred to."""
_DEEPEST: Final = 100
_AGAIN: Final = 0x80
"""Flag of a type: what follows may be referred to."""
_DIGIT_BITS: Final = 15
_MOST_DIGITS: Final = 1000
_FLOAT: Final = struct.Struct("<d")
_UNFINISHED: Final = object()


def read_marshalled(data: bytes, /) -> Any:
    """The value that `data` holds, sets as lists; `ValueError` when it is no such value."""
    reader = _Reader(data)
    try:
        value = reader.value(_DEEPEST)
    except (IndexError, struct.error, OverflowError, UnicodeDecodeError) as error:
        raise ValueError(f"no value: {error}") from error
    if reader.at != len(data):
        raise ValueError("something follows the value")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.weight = 0
        self.known: list[Any] = []
        self.weights: list[int] = []

    def value(self, deep: int) -> Any:
        code = self.data[self.at]
        self.at += 1
        self.weight += 1
        read = _READERS.get(code & ~_AGAIN)
        if read is None or not deep:
            raise ValueError("of another type, or nested too deeply")
        if not code & _AGAIN:
            return read(self, deep - 1)
        place, before = len(self.known), self.weight
        self.known.append(_UNFINISHED)
        self.weights.append(0)
        found = self.known[place] = read(self, deep - 1)
        self.weights[place] = self.weight - before
        return found

    def size(self) -> int:
        self.at += 4
        return int.from_bytes(self.data[self.at - 4 : self.at], "little", signed=True)

    def count(self) -> int:
        """How many values follow: each takes a byte at least."""
        count = self.size()
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError("more than there is")
        return count

    def taken(self, size: int) -> bytes:
        end = self.at + size
        if not self.at <= end <= len(self.data):
            raise ValueError("more than there is")
        found = self.data[self.at : end]
        self.at = end
        return found

    def short(self) -> bytes:
        size = self.data[self.at]
        self.at += 1
        return self.taken(size)

    def values(self, count: int, deep: int) -> list[Any]:
        value = self.value
        return [value(deep) for _ in range(count)]

    def small_tuple(self, deep: int) -> tuple[Any, ...]:
        count = self.data[self.at]
        self.at += 1
        return tuple(self.values(count, deep))

    def dictionary(self, deep: int) -> dict[Any, Any]:
        found = {}
        while self.data[self.at] != _END:
            key = self.value(deep)
            if isinstance(key, (list, dict, tuple)):
                raise ValueError("no key")  # noqa: TRY004  whoever reads knows one error
            found[key] = self.value(deep)
        self.at += 1
        return found

    def reference(self, deep: int) -> Any:  # noqa: ARG002  one signature for all
        place = self.size()
        if place < 0 or self.known[place] is _UNFINISHED:
            raise ValueError("refers to itself")
        self.weight += self.weights[place]
        if self.weight > _LARGEST:
            raise ValueError("too large")
        return self.known[place]

    def large(self) -> int:
        size = self.size()
        if abs(size) > _MOST_DIGITS:
            raise ValueError("too large a number")
        digits = self.taken(2 * abs(size))
        number = 0
        for at in range(len(digits) - 2, -1, -2):
            number = number << _DIGIT_BITS | digits[at] | digits[at + 1] << 8
        return -number if size < 0 else number


_END: Final = ord("0")
_READERS: Final[dict[int, Callable[[_Reader, int], Any]]] = {
    ord(code): read
    for codes, read in (
        ("N", lambda _, __: None),
        ("F", lambda _, __: False),
        ("T", lambda _, __: True),
        ("i", lambda reader, _: reader.size()),
        ("I", lambda reader, _: int.from_bytes(reader.taken(8), "little", signed=True)),
        ("l", lambda reader, _: reader.large()),
        ("g", lambda reader, _: _FLOAT.unpack(reader.taken(8))[0]),
        ("f", lambda reader, _: float(reader.short())),
        ("s", lambda reader, _: reader.taken(reader.size())),
        ("ut", lambda reader, _: reader.taken(reader.size()).decode("utf-8", "surrogatepass")),
        ("aA", lambda reader, _: reader.taken(reader.size()).decode("ascii")),
        ("zZ", lambda reader, _: reader.short().decode("ascii")),
        (")", _Reader.small_tuple),
        ("(", lambda reader, deep: tuple(reader.values(reader.count(), deep))),
        ("[<>", lambda reader, deep: reader.values(reader.count(), deep)),
        ("{", _Reader.dictionary),
        ("r", _Reader.reference),
    )
    for code in codes
}
