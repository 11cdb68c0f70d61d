"""Texts kept in a folder under a key, such that a damaged one is as good as none.

Each file carries the hash of its content, is written beside its place and moved into it, and is only ever
replaced whole: a crash, a full disk or two writers at once leave the old text or the new one.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEAD_BYTES: Final = 65
"""64 hexadecimal digits and a newline."""
_TEMPORARY: Final = "tmp-"
_ABANDONED_AFTER_S: Final = 3600


def text_key(*parts: str) -> str:
    """A key that stands for these texts in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of texts, of which the latest used stay: at most `keep`, and `keep_bytes` together."""

    folder: Path
    keep: int = 64
    keep_bytes: int = 256 << 20

    def get(self, key: str, /) -> str | None:
        """The text under `key`; None when there is none or it is not what was written."""
        path = self.folder / key
        try:
            data = path.read_bytes()
        except OSError:
            return None
        head, body = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
        if head != hashlib.sha256(body).hexdigest().encode() + b"\n":
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return body.decode("utf-8", "surrogatepass")

    def put(self, key: str, text: str, /) -> None:
        """Keeps `text` under `key`; OSError when that is not possible, and then nothing has changed."""
        body = text.encode("utf-8", "surrogatepass")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=self.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            Path(name).replace(self.folder / key)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._prune()

    def _prune(self) -> None:
        """Drops what was not used for longest, and what a killed run left half-written."""
        texts: list[tuple[float, int, str]] = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                status = entry.stat()
                if not entry.name.startswith(_TEMPORARY):
                    texts.append((status.st_mtime, status.st_size, entry.path))
                elif time.time() - status.st_mtime > _ABANDONED_AFTER_S:
                    Path(entry.path).unlink(missing_ok=True)
        room_bytes = self.keep_bytes
        for at, (_, size_bytes, path) in enumerate(sorted(texts, reverse=True)):
            room_bytes -= size_bytes
            if at >= self.keep or (at and room_bytes < 0):
                with contextlib.suppress(OSError):
                    Path(path).unlink(missing_ok=True)
