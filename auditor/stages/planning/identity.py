"""Ids of changes: the same findings give the same id, whatever else is in the plan."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

SHORTEST: Final = 6


def change_ids(parts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """One id for each collection of finding ids: `C-` and six hexadecimal digits, more to tell two apart."""
    taken: set[str] = set()
    return tuple(_free(sha256(_bytes(part)).hexdigest(), taken) for part in parts)


def _bytes(part: Iterable[str]) -> bytes:
    # An endpoint's id can hold half characters, from a file name that is not UTF-8.
    return "\n".join(sorted(part)).encode("utf-8", "surrogatepass")


def _free(digest: str, taken: set[str]) -> str:
    lengths = range(SHORTEST, len(digest) + 1)
    found = next(name for length in lengths if (name := f"C-{digest[:length]}") not in taken)
    taken.add(found)
    return found
