"""A private copy of a target: its files and nothing of its repository, so that whatever happens happens to the copy."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.execution.guest import Guest
from auditor.execution.ownership import own_copy
from auditor.model.fault import Fault
from auditor.repo.roles import CACHES, is_dependencies

MAX_FILES: Final = 200_000
MAX_BYTES: Final = 4 << 30
MAX_DEPTH: Final = 100
"""Of folders in each other. Above these a folder is no source tree, and a copy would fill the disk."""
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds."""

    files: int
    size_bytes: int
    left_out: tuple[tuple[str, str], ...]
    """Path and reason of what is in the source and not in the copy, sorted; repositories, caches and installed
    dependencies are not worth a word."""
    digest: str
    """Equal for copies of the same names, modes and contents."""


def copy_tree(source: Path, target: Path, /, *, guest: Guest, replaced: Mapping[str, bytes] = {}) -> Copied:
    """Copies the files of `source` into the new folder `target` and hands them to `guest`.

    `replaced` holds contents by path that take the place of, or join, those of the source. Links are kept where they
    lead to something inside the tree; sockets, devices and FIFOs are left out. `Fault` for a tree that is too large
    or can't be read.
    """
    copying = _Copying(source, target, dict(replaced))
    try:
        target.mkdir(mode=0o755)
        copied = copying.run()
        own_copy(target, guest)
    except OSError as error:
        raise Fault(f"can't be copied: {error.strerror}", where=str(error.filename or source)) from error
    return copied


class _Copying:
    def __init__(self, source: Path, target: Path, replaced: dict[str, bytes]) -> None:
        self.source = source
        self.target = target
        self.replaced = replaced
        self.lines: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self.size_bytes = 0

    def run(self) -> Copied:
        for path, folder, name, found in _entries(self.source, self.left_out):
            self.one(path, folder, name, found)
        for path, content in sorted(self.replaced.items()):
            self.add(path, content)
        return Copied(
            files=len(self.lines),
            size_bytes=self.size_bytes,
            left_out=tuple(sorted(self.left_out)),
            digest=hashlib.sha256(
                "\n".join(sorted(self.lines)).encode("utf-8", "surrogateescape")
            ).hexdigest(),
        )

    def one(self, path: str, folder: int, name: str, found: os.stat_result) -> None:
        to = self.target / path
        if stat.S_ISDIR(found.st_mode):
            to.mkdir(mode=0o755)
        elif path in self.replaced:
            self.write(path, [self.replaced.pop(path)], found.st_mode)
        elif stat.S_ISREG(found.st_mode):
            self.write(path, _content(folder, name), found.st_mode)
            os.utime(to, ns=(found.st_atime_ns, found.st_mtime_ns))
        elif stat.S_ISLNK(found.st_mode):
            self.link(path, os.readlink(name, dir_fd=folder))
        else:
            self.left_out.append((path, "not a plain file"))

    def write(self, path: str, chunks: "Iterator[bytes] | list[bytes]", mode: int) -> None:
        mode = 0o755 if mode & 0o100 else 0o644
        digest = hashlib.sha256()
        with os.fdopen(os.open(self.target / path, _WRITE, mode), "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
                self.size_bytes += len(chunk)
                if self.size_bytes > MAX_BYTES:
                    raise Fault(f"has more than {MAX_BYTES >> 30} GiB of files", where=str(self.source))
        self.lines.append(f"{path}\0{mode:o}\0{digest.hexdigest()}")
        if len(self.lines) > MAX_FILES:
            raise Fault(f"has more than {MAX_FILES} files", where=str(self.source))

    def link(self, path: str, leads_to: str) -> None:
        inside = os.path.normpath(Path(path).parent / leads_to)
        if leads_to.startswith("/") or inside == ".." or inside.startswith("../"):
            self.left_out.append((path, f"a link out of the tree, to {leads_to}"))
            return
        (self.target / path).symlink_to(leads_to)
        self.lines.append(f"{path}\0link\0{leads_to}")

    def add(self, path: str, content: bytes) -> None:
        """A file that the source does not have; its folders are made, through no link."""
        *folders, _ = path.split("/")
        at = self.target
        for folder in folders:
            at /= folder
            if folder in {"", ".", ".."} or at.is_symlink():
                raise Fault("leads out of the tree", where=path)
            at.mkdir(exist_ok=True, mode=0o755)
        self.write(path, [content], 0o644)


def _entries(source: Path, left_out: list[tuple[str, str]]) -> Iterator[tuple[str, int, str, os.stat_result]]:
    """Path, open folder, name and status of all that is taken, folders before what is in them."""

    def unreadable(error: OSError) -> None:
        if error.filename == str(source):
            raise error
        left_out.append((os.path.relpath(error.filename, source), "can't be read"))

    for top, folders, names, descriptor in os.fwalk(source, follow_symlinks=False, onerror=unreadable):
        relative = os.path.relpath(top, source)
        prefix = "" if relative == "." else f"{relative}/"
        if prefix.count("/") > MAX_DEPTH:
            left_out.append((relative, f"more than {MAX_DEPTH} folders deep"))
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not _is_left_aside(name, descriptor))
        for name in sorted([*folders, *names]):
            if name == ".git":
                continue
            yield prefix + name, descriptor, name, os.lstat(name, dir_fd=descriptor)


def _is_left_aside(name: str, parent: int) -> bool:
    if name in CACHES:
        return True
    try:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return False
    try:
        # What a package says about itself is read when it runs, though nobody would audit it.
        names = set(os.listdir(folder))  # noqa: PTH208  of a descriptor
        return not name.endswith(".egg-info") and is_dependencies(name, names)
    finally:
        os.close(folder)


def _content(folder: int, name: str) -> Iterator[bytes]:
    with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
