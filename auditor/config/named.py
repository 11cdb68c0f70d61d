"""Repeated sections whose entries go by a name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.model.fault import Fault


def each_named(
    entries: Sequence[Mapping[str, Any]], section: str, /, *, name: str, key: str = "name"
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each entry, and what messages call it; `Fault` for one that has no name or another's.

    `name` is what messages call the file.
    """
    seen = set()
    for number, values in enumerate(entries, start=1):
        if key not in values:
            raise Fault(f"has no {key!r}", where=f"{name}: {section} {number}")
        called = str(values[key])
        if called in seen:
            raise Fault(f"there are two with the {key} {called!r}", where=f"{name}: {section}")
        seen.add(called)
        yield values, f"{name}: {section} {called!r}"
