"""Whether files that were changed still mean the same: a comment, a docstring or blanks at a line's end change no summary."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, Final

from auditor.index.build import Reading, read_all, take_text
from auditor.index.cache import SummaryCache
from auditor.index.edition import edition
from auditor.index.origin import TargetSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.repo.snapshot import Snapshot
    from auditor.repo.source import SourceFile

_WITHOUT_REFERENCES: Final = 2
"""The version of `marshal` whose bytes are equal for equal values, whoever else holds their parts."""


def mean_the_same(
    snapshot: Snapshot, changed: Sequence[tuple[SourceFile, bytes]], *, jobs: int, cache_dir: Path
) -> bool:
    """Whether an index of `changed` holds what it held when the content of each had the key beside it.

    What is read for that is in the cache afterwards. A file that can't be read, or whose comments silence findings, is
    another one: what is said of these depends on more than their summary.
    """
    with SummaryCache(cache_dir / "index") as cache:
        readings = [Reading(TargetSource(snapshot, file)) for file, _ in changed]
        read_all(readings, cache, jobs=jobs)
        before = cache.summaries([key for _, key in changed])
        for reading, (_, key) in zip(readings, changed, strict=True):
            entry = before.get(key)
            if not reading.key or entry is None or not isinstance(reading.summary, dict):
                return False
            if reading.key == key:
                continue
            summary = marshal.loads(entry.data)  # noqa: S302  see `cache`
            if summary["ignores"] or reading.summary["ignores"] or reading.note != entry.note:
                return False
            if _bytes(summary) != _bytes(reading.summary):
                return False
    return True


def _bytes(summary: Any) -> bytes:
    return marshal.dumps(summary, _WITHOUT_REFERENCES)


def content_keys(snapshot: Snapshot, files: Sequence[SourceFile], *, cache_dir: Path) -> list[bytes]:
    """The key of the content that each of these Python files had when it was listed; b"" where it can't be told."""
    salt = edition()
    readings = [Reading(TargetSource(snapshot, file)) for file in files]
    with SummaryCache(cache_dir / "index") as cache:
        places = [reading.source.place(salt) for reading in readings]
        known = cache.keys(places)
    for reading, place in zip(readings, places, strict=True):
        reading.key = known.get(place, b"")
        if not reading.key:
            take_text(reading, {}, salt)
    return [reading.key for reading in readings]
