"""Files put into a repository of the user's as git itself puts them: whole, through no link, and over nothing that is there."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FRESH: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def open_folder(root: Path, names: Iterable[str], /) -> int:
    """A descriptor of the folder below `root`, made where it is not there; OSError where a link stands on the way."""
    folder = os.open(root, _FOLDER)
    for name in names:
        try:
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)
            inner = os.open(name, _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def write_ref(common: Path, name: str, commit: str, /) -> None:
    """A new branch; OSError when somebody is writing it, or it is there."""
    *parents, last = f"refs/heads/{name}".split("/")
    folder = open_folder(common, parents)
    try:
        write_beside(folder, last, f"{last}.lock", f"{commit}\n".encode(), mode=0o644)
    finally:
        os.close(folder)


def write_beside(folder: int, name: str, fresh: str, content: bytes, /, *, mode: int = 0o444) -> None:
    """Writes `fresh`, which must be new, and moves it to `name`, which must be too, unless it is a pack: then it is the same."""
    descriptor = os.open(fresh, _FRESH, mode, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _check_new(folder, name)
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=folder)
        raise


def _check_new(folder: int, name: str) -> None:
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(found.st_mode) and name.startswith("pack-")):
        raise FileExistsError(17, "there is a file of that name already", name)
