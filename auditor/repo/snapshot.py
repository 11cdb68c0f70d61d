"""A target as it was read: which files, of what role, and their content on demand."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from auditor.repo import errors
from auditor.repo.blobs import Blobs
from auditor.repo.commit import list_commit, resolve
from auditor.repo.decode import Decoded, decode
from auditor.repo.errors import Undecodable, Unreadable
from auditor.repo.git_folder import GitFolder, find_git_folder
from auditor.repo.ignore import IgnoreFile, Scope
from auditor.repo.refs import Head, read_head
from auditor.repo.root import root_of
from auditor.repo.source import Skipped, SourceFile
from auditor.repo.walk import MAX_FILE_BYTES, Walked, walk
from auditor.repo.worktree import WorkTree, read_listed

_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The target at one moment. A context manager: a snapshot of a commit holds a git process open.

    It may be sent to worker processes; only the one that opened it needs to close it.
    """

    root: Path
    """Absolute and resolved."""
    commit: str | None
    """The commit read, or the one the work tree stands on; None where that is not known."""
    dirty: bool | None
    """Whether uncommitted changes were read too: False for a commit, None (not known) for a work tree."""
    files: tuple[SourceFile, ...]
    """Sorted by path."""
    skipped: tuple[Skipped, ...]
    """Sorted by path. What ignore rules leave out is not part of the target and is not listed."""
    state: str
    """Equal for two snapshots only if they have the same files, roles, contents and skipped entries.

    It stands for the content: root, commit and branch are not in it.
    """
    branch: str | None = None
    _blobs: Blobs | None = field(default=None, repr=False, compare=False)

    def read(self, file: SourceFile) -> bytes:
        """The content of one of `files`.

        Raises:
            Unreadable: it has gone or changed since it was listed, can't be read, or is only a pointer.
        """
        if self._blobs is None:
            data = read_listed(self.root, file.path, stamp=file.stamp, limit=MAX_FILE_BYTES)
        else:
            found = self._blobs.read(file.stamp, limit=MAX_FILE_BYTES)
            if found is None:
                raise Unreadable(file.path, "its content is not in this clone")
            data = found
        if data.startswith(_LFS_POINTER):
            raise Unreadable(file.path, "is a Git LFS pointer: its content is elsewhere")
        return data

    def read_text(self, file: SourceFile) -> Decoded:
        """The text of one of `files`.

        Raises:
            Unreadable: as `read`, and where the content is no text.
        """
        try:
            return decode(self.read(file))
        except Undecodable as error:
            raise Unreadable(file.path, error.why) from error

    def close(self) -> None:
        """Ends what reading a commit has started; reading a file after that is an error."""
        if self._blobs is not None:
            self._blobs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_snapshot(path: Path, *, ref: str | None = None, exclude: Sequence[str] = ()) -> Snapshot:
    """Lists the tree at `path`: as it stands, or at the commit `ref`; a bare repository at its HEAD.

    `exclude` holds patterns as in a `.gitignore` at the root. Nothing of the target's is run.

    Raises:
        Fault: there is nothing to read, with what to do about it.
    """
    root = root_of(path)
    git = find_git_folder(root)
    excluded = Scope().within(0, IgnoreFile(os.fsencode(pattern) for pattern in exclude))
    if ref is None and git is not None and git.top is None:
        ref = "HEAD"
    if ref is not None:
        if git is None:
            raise errors.not_a_repository(path, ref)
        return _at_commit(path, root, git, ref=ref, excluded=excluded)
    return _as_it_stands(path, root, git, excluded=excluded)


def _as_it_stands(path: Path, root: Path, git: GitFolder | None, *, excluded: Scope) -> Snapshot:
    head = read_head(git) if git else Head()
    tree = WorkTree(root, git, id_bytes=len(head.commit or "") // 2 or 20)
    try:
        found = walk(tree, scope=tree.outer_scope(), excluded=excluded)
    except OSError as error:
        raise errors.inaccessible(path, error) from error
    for file, reason in tree.unread_rules:
        found.skip(file, "unreadable", reason)
    return _snapshot(path, root, found, commit=head.commit, branch=head.branch)


def _at_commit(path: Path, root: Path, git: GitFolder, *, ref: str, excluded: Scope) -> Snapshot:
    prefix = root.relative_to(git.top).as_posix() if git.top and git.top != root else ""
    blobs, commit = resolve(git, path, ref)
    try:
        tree = list_commit(blobs, commit, prefix=prefix, root=path, ref=ref)
        found = walk(tree, scope=Scope(), excluded=excluded)
        return _snapshot(path, root, found, commit=commit, blobs=blobs)
    except BaseException:
        blobs.close()
        raise


def _snapshot(
    path: Path,
    root: Path,
    found: Walked,
    *,
    commit: str | None,
    branch: str | None = None,
    blobs: Blobs | None = None,
) -> Snapshot:
    if not any(file.is_python for file in found.files):
        raise errors.no_python(path, seen=found.seen, ignored=found.ignored, skipped=len(found.skipped))
    files = tuple(sorted(found.files, key=lambda file: file.path))
    skipped = tuple(sorted(found.skipped, key=lambda entry: entry.path))
    return Snapshot(
        root=root,
        commit=commit,
        dirty=None if blobs is None else False,
        files=files,
        skipped=skipped,
        state=_digest(files, skipped),
        branch=branch,
        _blobs=blobs,
    )


def _digest(files: Sequence[SourceFile], skipped: Sequence[Skipped]) -> str:
    lines = [f"{file.path}\0{file.role}\0{file.stamp}\0\n" for file in files]
    lines += [f"{entry.path}\0{entry.reason}\0{entry.detail}\n" for entry in skipped]
    return hashlib.blake2b("".join(lines).encode(), digest_size=16).hexdigest()
