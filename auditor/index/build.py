"""From a snapshot to the linked project: what is unchanged comes from the cache, children parse the rest."""

from __future__ import annotations

import gc
import hashlib
import marshal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import auditor
from auditor.index.cache import Entry, SummaryCache
from auditor.index.coverage import IndexCoverage
from auditor.index.edition import edition
from auditor.index.origin import LibrarySource, Source, TargetSource
from auditor.index.parsing import parse_all
from auditor.index.project import Project
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable, Unreadable
from auditor.repo.snapshot import Snapshot
from auditor.repo.source import Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

READ_ROLES: Final[frozenset[Role]] = frozenset({"app", "script", "migration", "config", "stub"})
"""Roles whose Python files are read; tests, vendored and generated code are counted under coverage."""
_LIBRARY: Final = Path(auditor.__file__).parent / "frameworks" / "library"
_KEPT_AT_ONCE: Final = 64

Progress: TypeAlias = Callable[[int, int], None]
"""Files done and files in all; may raise to end the work."""
Ignores: TypeAlias = tuple[tuple[int, tuple[str, ...], str], ...]
"""`(line, rules, reason)` of each `# auditor: ignore[...]` of a file; no rules means all of them."""


@dataclass(frozen=True, slots=True)
class Index:
    """A target, read and linked."""

    project: Project
    """The target's modules and, under the role `library`, the models of libraries."""
    coverage: IndexCoverage
    ignores: Mapping[str, Ignores]
    """By path; files without any are not in it."""
    templates: tuple[SourceFile, ...]
    """Listed, not read."""
    snapshot: Snapshot
    warnings: tuple[str, ...] = ()
    """What the index was made without (the cache), one sentence each; nothing in it is wrong for it."""


@dataclass(slots=True)
class Reading:
    """What has become of one file."""

    source: Source
    key: bytes = b""
    """Of its content; empty until that is known."""
    summary: Any = None
    """As `lower.lower` gives it, or why there is none."""
    note: str = ""


def build_index(
    snapshot: Snapshot,
    *,
    jobs: int,
    cache_dir: Path | None,
    progress: Progress = lambda _done, _total: None,
    library: Path = _LIBRARY,
) -> Index:
    """Reads every Python file of the target that is its own code, at most once, and links them.

    `jobs` is the number of child processes that parse; the result does not depend on it. `cache_dir` is the
    user's cache folder, None for no cache. `library` holds models of libraries: Python source by dotted name.

    Raises:
        Fault: a process to parse in can't be started.
    """
    own = [
        TargetSource(snapshot, file) for file in snapshot.files if file.is_python and file.role in READ_ROLES
    ]
    sources: tuple[Source, ...] = (*own, *LibrarySource.below(library))
    readings = [Reading(source) for source in sources]
    with _no_collection(), SummaryCache(None if cache_dir is None else cache_dir / "index") as cache:
        read_all(readings, cache, jobs=jobs, progress=progress)
        project = Project(
            ((r.source.path, r.source.role, r.summary) for r in readings if isinstance(r.summary, dict)),
            interfaces_of(snapshot),
        )
    return Index(
        project=project,
        coverage=_coverage(readings, snapshot),
        ignores={m.path: m.ignores for m in project.modules if m.ignores and m.role != "library"},
        templates=tuple(file for file in snapshot.files if file.role == "template"),
        snapshot=snapshot,
        warnings=(cache.warning,) if cache.warning else (),
    )


def interfaces_of(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The descriptions of HTTP interfaces that can be read, by path."""
    for file in snapshot.files:
        if file.role == "interface":
            with suppress(Unreadable):
                yield file.path, snapshot.read_text(file).text


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of tuples are made, none is garbage: the collector would look through them again and again.

    Afterwards what there is now is never looked at again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def read_all(
    readings: Sequence[Reading],
    cache: SummaryCache,
    *,
    jobs: int,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Fills `readings`."""
    salt = edition()
    seen = {r.source.place(salt): r for r in readings}
    known = cache.keys(list(seen))
    for place, key in known.items():
        seen[place].key = key
    _load(readings, cache)
    served = [r for r in readings if r.summary is not None]
    cache.note_used([place for place in known if seen[place].summary is not None], [r.key for r in served])

    began = time.time()
    texts: dict[bytes, bytes] = {}
    unread = [r for r in readings if r.summary is None]
    for r in unread:
        take_text(r, texts, salt)
    _load(unread, cache)
    missing = [r for r in unread if r.summary is None]
    progress(len(readings) - len(missing), len(readings))
    _parse(
        missing, texts, cache, jobs=jobs, progress=lambda left: progress(len(readings) - left, len(readings))
    )
    cache.note_seen((r.source.place(salt), r.key) for r in unread if r.key and r.source.is_settled(began))
    if missing:
        cache.prune()


def _load(readings: Sequence[Reading], cache: SummaryCache) -> None:
    """Takes from the cache what it has for files whose key is known."""
    wanted = {r.key: None for r in readings if r.key and r.summary is None}
    found = cache.summaries(list(wanted))
    for r in readings:
        entry = found.get(r.key)
        if entry is not None and r.summary is None:
            r.summary, r.note = marshal.loads(entry.data), entry.note  # noqa: S302  see `cache`


def take_text(r: Reading, texts: dict[bytes, bytes], salt: bytes) -> None:
    """Reads a file: its key, its note, and its text as UTF-8 into `texts`; or why there is none."""
    r.key = b""
    try:
        data = r.source.read()
        text = decode(data)
    except Unreadable as error:
        r.summary = error.why
    except Undecodable as error:
        r.summary = error.why
    else:
        r.key = hashlib.blake2b(data, key=salt, digest_size=20).digest()
        r.note = text.note
        texts[r.key] = text.text.encode("utf-8", "replace")


def _parse(
    readings: Sequence[Reading],
    texts: Mapping[bytes, bytes],
    cache: SummaryCache,
    *,
    jobs: int,
    progress: Callable[[int], None],
) -> None:
    """Has files parsed, equal ones once, and keeps what can be kept."""
    by_key: dict[bytes, list[Reading]] = {}
    for r in readings:
        by_key.setdefault(r.key, []).append(r)
    keys = list(by_key)
    fresh: list[Entry] = []
    left = len(readings)
    with closing(parse_all([texts[key] for key in keys], jobs=jobs)) as answers:
        for answer in answers:
            key = keys[answer.position]
            same = by_key[key]
            summary = answer.failure or marshal.loads(answer.summary)  # noqa: S302  our own child's
            for r in same:
                r.summary = summary
            if not answer.failure:
                fresh.append(Entry(key, answer.summary, same[0].note))
            if len(fresh) >= _KEPT_AT_ONCE:
                cache.keep(fresh)
                fresh = []
            left -= len(same)
            progress(left)
    cache.keep(fresh)


def _coverage(readings: Sequence[Reading], snapshot: Snapshot) -> IndexCoverage:
    own = [r for r in readings if r.source.role != "library"]
    read = [r for r in own if isinstance(r.summary, dict)]
    aside = Counter(f.role for f in snapshot.files if f.is_python and f.role not in READ_ROLES)
    return IndexCoverage(
        files=len(read),
        lines=sum(r.summary["lines"] for r in read),
        unparsed=tuple((r.source.path, r.summary) for r in own if isinstance(r.summary, str)),
        partial=tuple((r.source.path, r.summary["error"]) for r in read if r.summary["error"]),
        notes=tuple((r.source.path, r.note) for r in read if r.note),
        left_aside=tuple(sorted(aside.items())),
    )
