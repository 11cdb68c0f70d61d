"""The truth about a run: one file, one event a line, each on the disk before anything is done because of it."""

import errno
import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from auditor.model.fault import Fault

MAX_LINE: Final = 16 << 20
Line = dict[str, object]


class EventFile:
    """Append-only. A line is the event as JSON with a checksum before it; a torn last line never happened.

    A context manager that holds the lock of the file: a second process that wants to write is refused.
    """

    def __init__(self, path: Path) -> None:
        """Opens for writing, making the file when it is not there, and drops a line that was torn by a crash.

        Raises:
            Fault: another process writes it, or it is damaged in the middle.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        try:
            _lock(self._descriptor, path)
            content = _whole(self._descriptor)
            self.lines, good = _parse(content, path)
            if good < len(content):
                os.ftruncate(self._descriptor, good)
            os.fsync(self._descriptor)
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._end = good

    def append(self, event: Line, /) -> None:
        """Returns when the event is on the disk.

        Raises:
            Fault: it can't be written (no space left, say); then it did not happen.
        """
        line = _line_of(event)
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            raise Fault(
                f"can't be written: {error.strerror or error}",
                where=str(self.path),
                hint="make room and run again with --resume; nothing is lost",
            ) from error
        self._end += len(line)
        self.lines.append(event)

    def close(self) -> None:
        """Lets others write."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_events(path: Path, /) -> Iterator[Line]:
    """What is in the file, without a lock: another process may be writing.

    Raises:
        Fault: the file is damaged in the middle.
        FileNotFoundError: there is none.
    """
    yield from _parse(path.read_bytes(), path)[0]


def _line_of(event: Line) -> bytes:
    text = json.dumps(event, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    if len(text) > MAX_LINE:
        raise Fault(f"an event of {len(text):,} bytes is longer than the limit of {MAX_LINE:,}")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(content: bytes, path: Path) -> tuple[list[Line], int]:
    """The events, and how many bytes of the file they are."""
    lines: list[Line] = []
    good = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        end = good + len(line) + 1
        event = _event_of(line) if end <= len(content) else None
        if event is None:
            if end < len(content):
                raise Fault(
                    "is damaged: the checksum does not agree",
                    where=f"{path}:{number}",
                    hint="move the run's folder away and start a new run",
                )
            break
        lines.append(event)
        good = end
    return lines, good


def _event_of(line: bytes) -> Line | None:
    checksum, _, text = line.partition(b" ")
    if len(checksum) != 8 or b"%08x" % zlib.crc32(text) != checksum:
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.EAGAIN, errno.EACCES}:
            raise
        raise Fault(
            "another auditor is at work on this run", where=str(path), hint="wait for it, or end it"
        ) from error


def _whole(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    parts = []
    at = 0
    while at < size and (piece := os.pread(descriptor, size - at, at)):
        parts.append(piece)
        at += len(piece)
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
