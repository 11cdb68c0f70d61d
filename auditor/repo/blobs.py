"""The content of a commit's files, one at a time, from one `git cat-file`."""

import os
import subprocess
import threading
from typing import IO, Final

from auditor.repo.git_process import ShadowRepository

_END_SECONDS: Final = 5.0
_PIECE: Final = 1024 * 1024


class Blobs:
    """Objects by name, from a process that starts with the first question and ends with `close`.

    Threads may share it; a copy in a worker process asks a git of its own.
    """

    def __init__(self, shadow: ShadowRepository) -> None:
        self.shadow = shadow
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def __reduce__(self) -> tuple[type["Blobs"], tuple[ShadowRepository]]:
        """A copy in another process has the folder, not the pipes."""
        return Blobs, (self.shadow,)

    def resolve(self, name: str) -> tuple[str, str] | None:
        """The full id and the type of the object that `name` names; None when there is none here.

        `name` may be anything git calls a revision.
        """
        if "\n" in name or "\0" in name:
            return None
        found = self._ask(name, limit=0)
        return found[:2] if found else None

    def read(self, oid: str, *, limit: int) -> bytes | None:
        """The first `limit` bytes of the object with the full id `oid`; None when it is not in this clone."""
        found = self._ask(oid, limit=limit)
        return found[2] if found else None

    def close(self) -> None:
        """Ends git and removes its folder."""
        with self._lock:
            self._stop()
            self.shadow.close()

    def _ask(self, name: str, *, limit: int) -> tuple[str, str, bytes] | None:
        with self._lock:
            answer = self._header(name)
            if answer is None:
                return None
            oid, kind, size = answer
            output = self._output()
            data = output.read(min(size, limit))
            left = size + 1 - len(data)
            while left > 0 and (piece := output.read(min(left, _PIECE))):
                left -= len(piece)
            if left:
                # git died over a damaged object; the next question gets a new one.
                self._stop()
                return None
            return oid, kind, data

    def _header(self, name: str) -> tuple[str, str, int] | None:
        """Id, type and size, or None: missing, ambiguous, or git gave up over it."""
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
            process.stdin.flush()
            line = self._output().readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self._stop()
        match line.decode("utf-8", "replace").split():
            case [oid, kind, size] if size.isdigit():
                return oid, kind, int(size)
            case _:
                return None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():
            # After a fork the pipes are the parent's to talk through.
            self._process = self.shadow.start("cat-file", "--batch")
            self._owner = os.getpid()
        return self._process

    def _output(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(_END_SECONDS)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                _close(stream)


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        # A question that git will never read was still in the buffer.
        return
