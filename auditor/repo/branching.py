"""Commits for the user's repository, made without git ever running in it.

The objects are made in a bare repository of ours that only borrows the user's objects to read; they come over as one pack. The branch is
a file that is written as git itself writes it: beside its place, under the name that git takes for a lock, and moved. Neither hooks
nor configuration nor filters of the user's are looked at, and work tree, index and current branch are not touched.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from auditor.model.fault import Fault
from auditor.repo.beside import open_folder, write_beside, write_ref
from auditor.repo.blobs import Blobs
from auditor.repo.commit import resolve
from auditor.repo.git_folder import GitFolder, find_git_folder, read_small
from auditor.repo.refs import Head, read_head, read_refs

PATCH_HINT: Final = "`--output DIR` writes patch files"
AUTHOR: Final = "auditor <auditor@localhost>"
_NAME: Final = re.compile(
    r"(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\/.-][^\x00-\x20\x7f~^:?*\[\\]*(?<![/.])"
)
_PERSON: Final = re.compile(r"[^<>\x00-\x1f\x7f]+ <[^<>\s\x00-\x1f\x7f]+>")
_MADE: Final = "refs/heads/made"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommit:
    """One commit to be made on top of the one before."""

    message: str
    files: Mapping[str, bytes | None]
    """New content by path below the target's root; None removes the file."""
    at: datetime


class UserRepository:
    """The repository around the target, read as it stands now. A context manager: it holds a git of ours open."""

    def __init__(self, root: Path) -> None:
        """`root` is the target, absolute and resolved.

        Raises:
            Fault: it is in no repository that a branch can be written to.
        """
        folder = find_git_folder(root)
        if folder is None or folder.top is None:
            raise Fault("is in no git repository with a work tree", where=str(root), hint=PATCH_HINT)
        _check_own(folder)
        self.head: Head = read_head(folder)
        if self.head.commit is None:
            what = (
                "has no commit yet" if self.head.unborn else "keeps its branches in a form that is not read"
            )
            raise Fault(what, where=str(folder.top), hint=PATCH_HINT)
        self.commit: str = self.head.commit
        self._folder = folder
        self._prefix = "" if folder.top == root else root.relative_to(folder.top).as_posix() + "/"
        self._blobs: Blobs = resolve(folder, root, self.commit)[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._blobs.close()

    def read(self, path: str, /, *, limit: int = 64 << 20) -> bytes | None:
        """A file of the commit that is checked out, below the target's root; None when there is no such file."""
        found = self._blobs.resolve(f"{self.commit}:{self._prefix}{path}")
        return None if found is None or found[1] != "blob" else self._blobs.read(found[0], limit=limit)

    def files(self) -> dict[str, str]:
        """The files of that commit below the target's root, by path, with the ids of their contents."""
        rows = self._git("ls-tree", "-r", "-z", "--full-tree", self.commit).split(b"\0")
        listed: dict[str, str] = {}
        for row in filter(None, rows):
            about, _, path = row.partition(b"\t")
            mode, _, oid = about.decode().split(" ")
            name = os.fsdecode(path)
            if mode in {"100644", "100755"} and name.startswith(self._prefix):
                listed[name.removeprefix(self._prefix)] = oid
        return listed

    def branch(
        self, name: str, commits: Iterable[NewCommit], /, *, author: str = AUTHOR
    ) -> tuple[str, tuple[str, ...]]:
        """Makes the commits on top of the one that is checked out and lets a new branch point at the last.

        Returns the branch's name and the ids of the commits. A name that is taken gets a number, unless the
        very same commits stand there: then nothing is written.

        Raises:
            Fault: the name can't be one, a path can't be written, or the repository refuses to be written to.
        """
        if not _NAME.fullmatch(name):
            raise Fault(f"{name!r} can't be the name of a branch", where="--branch")
        if not _PERSON.fullmatch(author):
            raise Fault(f"{author!r} is no author", where="--author", hint="--author 'Ada <ada@example.com>'")
        made = self._make(tuple(commits), author)
        refs = read_refs(self._folder)
        free = next(one for one in _numbered(name) if refs.get(f"refs/heads/{one}", made[-1]) == made[-1])
        if refs.get(f"refs/heads/{free}") != made[-1]:
            _check_free(free, refs)
            try:
                self._give_objects(made[-1])
                write_ref(self._folder.common, free, made[-1])
            except OSError as error:
                raise Fault(
                    f"can't be written to: {error.strerror or error}",
                    where=str(self._folder.common),
                    hint=PATCH_HINT,
                ) from error
        return free, made

    def _make(self, commits: tuple[NewCommit, ...], author: str) -> tuple[str, ...]:
        paths = sorted({self._prefix + path for commit in commits for path in commit.files})
        modes = self._modes(paths)
        self._git(
            "fast-import",
            "--quiet",
            "--done",
            "--force",
            given=b"".join(self._stream(commits, modes, author)),
        )
        listed = self._git("rev-list", "--reverse", f"{self.commit}..{_MADE}").decode().split()
        if len(listed) != len(commits):
            raise Fault("its commits could not be made", where=str(self._folder.top), hint=PATCH_HINT)
        return tuple(listed)

    def _stream(
        self, commits: tuple[NewCommit, ...], modes: Mapping[str, str], author: str
    ) -> Iterator[bytes]:
        for number, commit in enumerate(commits):
            who = f"{author} {int(commit.at.timestamp())} +0000"
            message = commit.message.encode()
            yield (
                f"commit {_MADE}\nauthor {who}\ncommitter {who}\ndata {len(message)}\n".encode()
                + message
                + b"\n"
            )
            if number == 0:
                yield f"from {self.commit}\n".encode()
            for path in sorted(commit.files):
                content, name = commit.files[path], self._prefix + path
                if content is None:
                    yield b"D " + _quoted(name) + b"\n"
                    continue
                mode = modes.get(name, "100644").encode()
                yield (
                    b"M "
                    + mode
                    + b" inline "
                    + _quoted(name)
                    + b"\ndata %d\n" % len(content)
                    + content
                    + b"\n"
                )
        yield b"done\n"

    def _modes(self, paths: list[str]) -> dict[str, str]:
        """Of the files that are there; a path through a file, a link or another repository is refused."""
        parents = {
            "/".join(parts[:depth])
            for path in paths
            for parts in [path.split("/")]
            for depth in range(1, len(parts))
        }
        wanted = sorted({*paths, *parents})
        modes: dict[str, str] = {}
        for row in filter(
            None, self._git("ls-tree", "-z", "--full-tree", "-t", "-r", self.commit).split(b"\0")
        ):
            about, _, raw = row.partition(b"\t")
            path = os.fsdecode(raw)
            if path not in wanted:
                continue
            mode = about.decode().split(" ")[0]
            if (path in parents) != (mode == "040000") or mode in {"120000", "160000"}:
                raise Fault("is a link, a folder or another repository at HEAD", where=path, hint=PATCH_HINT)
            modes[path] = mode
        return modes

    def _give_objects(self, last: str) -> None:
        """As one pack: two files, the index last, since it is what makes a pack seen."""
        stem = self._blobs.shadow.folder / "given"
        digest = self._git(
            "pack-objects", "--revs", "-q", str(stem), given=f"{last}\n^{self.commit}\n".encode()
        )
        name = f"pack-{digest.decode().strip()}"
        packs = open_folder(self._folder.common, ("objects", "pack"))
        try:
            for ending in (".pack", ".idx"):
                content = Path(f"{stem}-{digest.decode().strip()}{ending}").read_bytes()
                write_beside(packs, name + ending, f"tmp_auditor_{os.getpid()}{ending}", content)
        finally:
            os.close(packs)

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        with self._blobs.shadow.start(*arguments) as process:
            output, _ = process.communicate(given)
        if process.returncode != 0:
            raise Fault(
                f"its objects can't be read or added to (git {arguments[0]} gave up)",
                where=str(self._folder.top),
                hint=PATCH_HINT,
            )
        return output


def _check_own(folder: GitFolder) -> None:
    """What `.git` leads to belongs to this work tree, and is not just named by it."""
    assert folder.top is not None
    dot_git = folder.top / ".git"
    if dot_git.is_symlink():
        raise Fault("is a link", where=str(dot_git), hint=PATCH_HINT)
    if not dot_git.is_dir():
        back = read_small(folder.own / "gitdir").rstrip(b"\r\n")
        try:
            same = bool(back) and Path(os.fsdecode(back)).resolve() == dot_git.resolve()
        except (OSError, ValueError):
            same = False
        if not same:
            raise Fault(
                "belongs to another repository (a submodule?)", where=str(folder.top), hint=PATCH_HINT
            )
    if folder.has_reftable:
        raise Fault(
            "keeps its branches in a form that is not written", where=str(folder.top), hint=PATCH_HINT
        )


def _check_free(name: str, refs: Mapping[str, str]) -> None:
    ref = f"refs/heads/{name}"
    for other in refs:
        if other.startswith(f"{ref}/") or ref.startswith(f"{other}/"):
            raise Fault(
                f"{name!r} can't stand beside {other.removeprefix('refs/heads/')!r}", where="--branch"
            )


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _quoted(path: str) -> bytes:
    """As fast-import reads a path that may hold anything."""
    raw = os.fsencode(path)
    plain = b"".join(
        b"\\%03o" % byte if byte < 0x20 or byte in b'"\\' or byte >= 0x7F else bytes([byte]) for byte in raw
    )
    return b'"' + plain + b'"'
