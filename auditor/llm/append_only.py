"""A file of JSON lines that only grows, and loses nothing that was written when the machine stops."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.model.fault import Fault


class AppendOnly:
    """Writes one line at a time, on the disk before the call returns. Readable by its owner alone."""

    def __init__(self, path: Path, /) -> None:
        self.path = path

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """Every whole line, and whether the last one broke off; `Fault` for a line that is not ours."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], False
        except OSError as error:
            raise Fault(f"can't be read: {error.strerror or error}", where=str(self.path)) from error
        *lines, rest = content.split(b"\n")
        return [_parsed(line, self.path, number) for number, line in enumerate(lines, 1)], bool(rest)

    def append(self, record: Mapping[str, Any], /) -> None:
        """Writes `record`; `Fault` when the disk won't take it."""
        line = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        try:
            new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _drop_torn_end(descriptor)
                _write_all(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise Fault(f"can't be written: {error.strerror or error}", where=str(self.path)) from error


def _parsed(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise Fault("is damaged: not a line of JSON", where=f"{path}:{number}") from error
    if not isinstance(record, dict):
        raise Fault("is damaged: not a JSON object", where=f"{path}:{number}")
    return record


def _drop_torn_end(descriptor: int) -> None:
    """A line without its end was never acknowledged to anybody: the next one must not be glued to it."""
    size = os.fstat(descriptor).st_size
    end = size
    while end and os.pread(descriptor, 1, end - 1) != b"\n":
        end = _line_start(descriptor, end)
    if end != size:
        os.ftruncate(descriptor, end)


def _line_start(descriptor: int, end: int) -> int:
    """Where the last line that begins before `end` begins, searched backwards in steps."""
    while end:
        start = max(end - 4096, 0)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
