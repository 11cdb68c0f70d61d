"""A folder that is written whole or not at all, and known to be what was written."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from auditor.model.fault import Fault

INDEX: Final = "files.json"
_LARGEST_INDEX: Final = 64 << 20


def write_folder(folder: Path, files: Mapping[str, bytes], /) -> None:
    """Puts `files` (by relative path, `/`-separated) in the place of `folder`; OSError leaves the old ones.

    They are written beside it first. A crash between the two renames leaves the old folder under a name from
    which `read_folder` takes it back.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
        index = json.dumps(hashes, indent=1).encode() + b"\n"
        for name, data in {**files, INDEX: index}.items():
            _write(fresh / name, data)
        _sync(fresh)
        old = _kept_old(folder)
        if old.exists():
            shutil.rmtree(old)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        _sync(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def read_folder(folder: Path, /, *, hint: str) -> dict[str, bytes]:
    """Every file by relative path; `Fault` with `hint` when one is missing, changed or unreadable."""
    old = _kept_old(folder)
    if not folder.exists() and old.exists():
        old.rename(folder)
    if not folder.is_dir():
        raise Fault("is not there", where=str(folder), hint=hint)
    try:
        index = folder / INDEX
        if index.stat().st_size > _LARGEST_INDEX:
            raise Fault("is damaged", where=str(index), hint=hint)
        hashes = json.loads(index.read_bytes())
        files = {name: _read(folder, name) for name in hashes}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise Fault(f"is damaged: {error}", where=str(folder), hint=hint) from error
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != hashes[name]:
            raise Fault("is not what was written", where=str(folder / name), hint=hint)
    return files


def _read(folder: Path, name: object) -> bytes:
    if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/"):
        message = f"{name!r} is no name of a file in it"
        raise ValueError(message)
    # No link is followed out of the folder: it may lie where a target's own processes could once write.
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _kept_old(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.old"
