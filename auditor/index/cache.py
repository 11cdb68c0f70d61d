"""Summaries by content, in the user's cache folder, and the content that a file had when it was last read.

A cache never fails an audit: whatever is wrong with it, it holds nothing, keeps nothing and says so once.
Summaries are read back with `marshal`, which hostile bytes can crash. So they are only trusted in a folder
that belongs to the user and is closed to everyone else; each has a digest, because files get damaged as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_FORMAT: Final = 1
"""`PRAGMA user_version`; a file of another one is thrown away."""
_FILE: Final = "summaries.sqlite3"
_SCHEMA: Final = """
CREATE TABLE summary (key BLOB PRIMARY KEY, digest BLOB NOT NULL, used INTEGER NOT NULL, note TEXT NOT NULL,
                      data BLOB NOT NULL);
CREATE INDEX summary_used ON summary (used);
CREATE TABLE seen (file BLOB PRIMARY KEY, key BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX seen_used ON seen (used);
"""
_WAIT_SECONDS: Final = 2.0
"""Another audit holds the file for milliseconds at a time."""
_PAUSE_SECONDS: Final = 0.01
_KEEP_DAYS: Final = 30
_MAX_BYTES: Final = 512 * 1024**2
_ROWS: Final = 500
"""Rows of one query or transaction."""
_DAY: Final = 86_400


class Entry(NamedTuple):
    """A summary under its content's key."""

    key: bytes
    data: bytes
    """As `auditor.index.parsing.Parsed.summary`."""
    note: str


class SummaryCache:
    """One file of summaries, shared by all targets and by audits that run at the same time."""

    def __init__(self, folder: Path | None) -> None:
        self.warning = ""
        """What is wrong with the cache, in one sentence for a person; empty while all is well."""
        self._today = int(time.time()) // _DAY
        self._folder = folder
        self._file: sqlite3.Connection | None = None
        if folder is not None:
            try:
                self._file = _open(folder)
            except (OSError, sqlite3.Error) as error:
                self._give_up(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(sqlite3.Error):
                self._file.close()
            self._file = None

    def keys(self, files: Sequence[bytes]) -> dict[bytes, bytes]:
        """The key of the content that each of `files` (digests of place and stamp) is known to have."""
        return dict(self._select("SELECT file, key FROM seen WHERE file IN", files))

    def summaries(self, keys: Sequence[bytes]) -> dict[bytes, Entry]:
        """What there is under `keys`, undamaged."""
        query = "SELECT key, data, note, digest FROM summary WHERE key IN"
        return {
            key: Entry(key, data, note)
            for key, data, note, digest in self._select(query, keys)
            if _digest(key, data, note) == digest
        }

    def keep(self, entries: Iterable[Entry]) -> None:
        """Adds summaries."""
        rows = [(e.key, _digest(*e), self._today, e.note, e.data) for e in entries]
        self._write(
            "INSERT OR REPLACE INTO summary (key, digest, used, note, data) VALUES (?, ?, ?, ?, ?)", rows
        )

    def note_seen(self, files: Iterable[tuple[bytes, bytes]]) -> None:
        """Adds what content files have, as `(file, key)`."""
        rows = [(file, key, self._today) for file, key in files]
        self._write("INSERT OR REPLACE INTO seen (file, key, used) VALUES (?, ?, ?)", rows)

    def note_used(self, files: Iterable[bytes], keys: Iterable[bytes]) -> None:
        """Notes that these were of use; a write once a day at most."""
        day = self._today
        self._write("UPDATE seen SET used = ? WHERE file = ? AND used < ?", [(day, f, day) for f in files])
        self._write("UPDATE summary SET used = ? WHERE key = ? AND used < ?", [(day, k, day) for k in keys])

    def prune(self) -> None:
        """Drops what was of no use for a month, and the oldest half of a file that has grown too large."""
        if self._file is None:
            return
        oldest = self._today - _KEEP_DAYS
        try:
            with self._file:
                for table in ("summary", "seen"):
                    self._file.execute(f"DELETE FROM {table} WHERE used < ?", (oldest,))  # noqa: S608  ours
                pages, free = (
                    self._file.execute(f"PRAGMA {p}").fetchone()[0] for p in ("page_count", "freelist_count")
                )
                if (pages - free) * self._file.execute("PRAGMA page_size").fetchone()[0] > _MAX_BYTES:
                    self._file.execute(
                        "DELETE FROM summary WHERE rowid IN (SELECT rowid FROM summary ORDER BY used, rowid "
                        "LIMIT (SELECT count(*) / 2 FROM summary))"
                    )
        except sqlite3.Error as error:
            self._give_up(error)

    def _select(self, query: str, wanted: Sequence[bytes]) -> Iterator[Any]:
        for begin in range(0, len(wanted), _ROWS):
            part = wanted[begin : begin + _ROWS]
            if self._file is None:
                return
            try:
                yield from self._file.execute(f"{query} ({','.join('?' * len(part))})", part).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)

    def _write(self, query: str, rows: Sequence[tuple[object, ...]]) -> None:
        for begin in range(0, len(rows), _ROWS):
            if self._file is None:
                return
            try:
                with self._file:
                    self._file.executemany(query, rows[begin : begin + _ROWS])
            except sqlite3.Error as error:
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.warning = (
            self.warning or f"the cache of parsed files is not used: {self._folder}: {_text(error)}"
        )
        if self._file is not None:
            with contextlib.suppress(sqlite3.Error):
                self._file.close()
            self._file = None
            if _is_damage(error) and self._folder is not None:
                with contextlib.suppress(OSError):
                    _remove(self._folder / _FILE)


def _open(folder: Path) -> sqlite3.Connection:
    """The file in `folder`, which is made if need be; a damaged file or one of another format is replaced."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _require_own(folder)
    path = folder / _FILE
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        _remove(path)
        return _connect(path)


def _is_damage(error: Exception) -> bool:
    """Whether the file itself is bad, rather than locked, read-only or on a full disk."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _remove(path: Path) -> None:
    # An audit that has it open goes on with the files it holds.
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    # Of several that turn a new file to WAL at the same moment, SQLite refuses some at once: it waits for no
    # lock that the other side may be waiting for as well.
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return _connect_once(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE_SECONDS)


def _connect_once(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        if _format(file) != _FORMAT:
            _create(file)
    except BaseException:
        file.close()
        raise
    return file


def _create(file: sqlite3.Connection) -> None:
    file.execute("BEGIN IMMEDIATE")
    with file:
        # Asked while nobody else can write: another audit that was faster must not be taken for another format.
        if (version := _format(file)) == _FORMAT:
            return
        if version or file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("another format")
        for statement in _SCHEMA.split(";"):
            file.execute(statement)
        file.execute(f"PRAGMA user_version = {_FORMAT}")


def _format(file: sqlite3.Connection) -> object:
    return file.execute("PRAGMA user_version").fetchone()[0]


def _require_own(folder: Path) -> None:
    """OSError unless `folder` belongs to the user alone."""
    if not hasattr(os, "getuid"):
        return  # a Windows profile is closed to others by its own rules
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode):
        raise NotADirectoryError(f"{folder} is a link or no folder")
    if about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077:
        raise PermissionError("it is open to other users (make it yours with mode 0700, or delete it)")


def _digest(key: bytes, data: bytes, note: str) -> bytes:
    return hashlib.blake2b(note.encode() + b"\0" + data, key=key, digest_size=16).digest()


def _text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(
        error
    ).__name__
