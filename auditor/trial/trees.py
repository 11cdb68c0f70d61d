"""Trees of the target as objects in a bare git repository of ours.

git never runs inside the target's own `.git`, whose configuration can execute code (docs/decisions/0002). Here it has a folder
that only we write, no configuration but ours, and is asked to put objects on the disk before it answers.
"""

import os
import re
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from auditor.execution.removal import remove_tree
from auditor.model.fault import Fault
from auditor.repo.git_process import find_git

Mode = Literal["100644", "100755", "120000"]

_OPTIONS: Final = (
    "--no-pager", "--no-replace-objects", "--literal-pathspecs",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.fsync=all",
    "-c", "core.fsyncMethod=fsync",
    "-c", "fastimport.unpackLimit=100",
    "-c", "protocol.allow=never",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "safe.bareRepository=explicit",
)  # fmt: skip
_INIT: Final = ("--quiet", "--bare", "--template=")
_PARTS: Final = ("HEAD", "config", "objects", "refs")
_LOST: Final = re.compile(
    r"not a tree object|bad object|bad file|missing|corrupt|unable to read|Not a valid object|not a git repository"
)
"""What git says of a repository that something was taken out of."""
_FULL: Final = re.compile(
    r"No space left|Out of diskspace|could not set |File too large|[Qq]uota|Read-only file system"
)
_BESIDE: Final = ("fast-import: dumping crash report", "warning: die() called")
"""What git says after what was wrong."""
_AUTHOR: Final = "auditor <auditor@localhost> 0 +0000"
"""Nothing of the machine or the moment: the same tree made twice is the same commit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree."""

    path: str
    mode: Mode
    content: bytes
    """Of a link, where it leads."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that is stored."""

    commit: str
    """The object that keeps it; its parent is the tree that it was derived from."""
    id: str
    """git's id of the tree itself: equal for equal files, wherever they came from."""


class TreeStore:
    """The repository. Several processes may read it; one at a time writes."""

    def __init__(self, folder: Path) -> None:
        """Opens the repository at `folder`, making it when it is not there.

        Raises:
            Fault: there is no git, or what stands there is no repository of ours.
        """
        self.folder = folder
        self._git = find_git(folder)
        if not folder.exists():
            self._make()
        elif not all((folder / name).exists() for name in _PARTS):
            self._run("init", *_INIT, str(folder))

    def _make(self) -> None:
        """All of it or nothing: what a full disk or a kill leaves half made is no repository, and is never taken for one."""
        half = self.folder.with_name(f"{self.folder.name}.new")
        remove_tree(half)
        half.mkdir(parents=True, mode=0o700)
        self._run("init", *_INIT, str(half), at=half)
        half.rename(self.folder)

    def store(self, entries: Iterable[Entry], /, *, name: str) -> Tree:
        """Stores a whole tree; `name` (letters, digits, `-`, `/`) keeps it from being collected."""
        return self._import(_commit(name, parent=None, entries=entries), name)

    def derive(self, base: Tree, files: Mapping[str, bytes], /, *, name: str) -> Tree:
        """`base` with the content of `files` in the place of theirs; new ones are plain files."""
        modes = {path: mode for path, mode, _ in self._listing(base)}
        entries = [Entry(path, modes.get(path, "100644"), files[path]) for path in sorted(files)]
        return self._import(_commit(name, parent=base.commit, entries=entries), name)

    def read(self, tree: Tree, path: str, /) -> bytes | None:
        """The content of one file; None when there is none."""
        for found, _, blob in self._listing(tree):
            if found == path:
                return self._run("cat-file", "blob", blob)
        return None

    def misplaced(self, tree: Tree, paths: Iterable[str], /) -> str:
        """Why a patch may not write one of these files, in a sentence; empty when it may write all of them.

        A link is never written: its content is where it leads, and what lies below it lies elsewhere.
        """
        modes = {path: mode for path, mode, _ in self._listing(tree)}
        folders = {parent for path in modes for parent in _parents(path)}
        for path in sorted(paths):
            if modes.get(path) == "120000":
                return f"{path}: is a link"
            if path in folders:
                return f"{path}: is a folder"
            above = next((parent for parent in _parents(path) if parent in modes), None)
            if above is not None:
                return f"{path}: lies below {above}, which is {'a link' if modes[above] == '120000' else 'a file'}"
        return ""

    def entries(self, tree: Tree, /) -> Iterator[Entry]:
        """Every file, sorted by path."""
        listing = sorted(self._listing(tree))
        blobs = iter(self._contents([blob for _, _, blob in listing]))
        for path, mode, _ in listing:
            yield Entry(path, mode, next(blobs))

    def changed(self, old: Tree, new: Tree, /) -> tuple[str, ...]:
        """The paths of files that differ, sorted."""
        before, after = ({row[0]: row[1:] for row in self._listing(tree)} for tree in (old, new))
        return tuple(
            sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        )

    def difference(self, old: Tree, new: Tree, /) -> bytes:
        """What leads from one tree to the other, as `git apply` reads it."""
        return self._run(
            "diff-tree",
            "-p",
            "--binary",
            "--full-index",
            "--no-ext-diff",
            "--no-textconv",
            "-r",
            old.id,
            new.id,
        )

    def find(self, commit: str, /) -> Tree | None:
        """The stored tree with this commit id; None when it is not, or no longer whole."""
        with suppress(Fault):
            return Tree(
                commit, self._run("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}").decode().strip()
            )
        return None

    def forget(self, name: str, /) -> None:
        """Lets go of what was stored under `name`; `compact` removes it."""
        self._run("update-ref", "-d", f"refs/trees/{name}")

    def compact(self) -> None:
        """Packs what is kept and removes what nothing names."""
        self._run("repack", "-a", "-d", "-q")
        self._run("prune", "--expire=now")

    def _import(self, stream: Iterable[bytes], name: str) -> Tree:
        self._run("fast-import", "--quiet", "--done", "--force", given=b"".join(stream))
        commit = self._run("rev-parse", "--verify", f"refs/trees/{name}").decode().strip()
        tree = self.find(commit)
        if tree is None:
            raise Fault("a tree that was just stored can't be read back", where=str(self.folder))
        return tree

    def _listing(self, tree: Tree) -> list[tuple[str, Mode, str]]:
        rows = self._run("ls-tree", "-r", "-z", "--full-tree", tree.id).split(b"\0")
        listing: list[tuple[str, Mode, str]] = []
        for row in filter(None, rows):
            head, _, path = row.partition(b"\t")
            mode, _, blob = head.decode().split(" ")
            listing.append((path.decode("utf-8", "surrogateescape"), mode, blob))  # type: ignore[arg-type]  # git's three modes
        return listing

    def _contents(self, blobs: list[str]) -> Iterator[bytes]:
        output = self._run("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
        at = 0
        for blob in blobs:
            line_end = output.index(b"\n", at)
            size = int(output[at:line_end].split(b" ")[2]) if output[at:line_end].count(b" ") == 2 else -1
            if size < 0:
                raise Fault(f"the object {blob} is missing", where=str(self.folder), hint="start a new run")
            yield output[line_end + 1 : line_end + 1 + size]
            at = line_end + 1 + size + 1

    def _run(self, *arguments: str, given: bytes = b"", at: Path | None = None) -> bytes:
        folder = at or self.folder
        environment = {
            "PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C", "GIT_DIR": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0",
        }  # fmt: skip
        done = subprocess.run(  # noqa: S603  an absolute path, arguments of ours
            [self._git, *_OPTIONS, *arguments], input=given, capture_output=True, env=environment,
            cwd=folder, start_new_session=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise fault_of(arguments[0], done.stderr.decode("utf-8", "replace"), self.folder)
        return done.stdout


def fault_of(what: str, stderr: str, folder: Path, /) -> Fault:
    """Why git could not do `what`, from all that it wrote, with what to do where that is known."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith(_BESIDE)]
    said = lines[-1] if lines else "it says nothing"
    if _FULL.search(stderr):
        hint = "make room; a run goes on with --resume, and what was kept stays kept"
        return Fault(f"can't be written: {said}", where=str(folder), hint=hint)
    if _LOST.search(said):
        hint = "move that folder away and start a new run: what was kept before can't be had back"
        said = f"the trees of earlier runs are no longer whole: git {what}: {said}"
        return Fault(said, where=str(folder), hint=hint)
    return Fault(f"git {what} failed: {said}", where=str(folder))


def entries_of(folder: Path, /, *, skip: frozenset[str] = frozenset({".git"})) -> Iterator[Entry]:
    """The regular files and links below `folder`, sorted by path; names in `skip` are left out at every depth.

    Links are taken as links and never followed. Devices, pipes and sockets are no part of a tree.
    """
    stack = [folder]
    found: list[tuple[str, os.DirEntry[str]]] = []
    while stack:
        with os.scandir(stack.pop()) as listing:
            for item in listing:
                if item.name in skip:
                    continue
                if item.is_dir(follow_symlinks=False):
                    stack.append(Path(item.path))
                else:
                    found.append((Path(item.path).relative_to(folder).as_posix(), item))
    for path, item in sorted(found, key=lambda pair: os.fsencode(pair[0])):
        entry = _entry(path, item)
        if entry is not None:
            yield entry


def _entry(path: str, item: os.DirEntry[str]) -> Entry | None:
    if item.is_symlink():
        return Entry(path, "120000", os.fsencode(Path(item.path).readlink()))
    descriptor = os.open(item.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        return Entry(path, "100755" if status.st_mode & stat.S_IXUSR else "100644", file.read())


def write_entries(entries: Iterable[Entry], folder: Path, /) -> None:
    """Writes a tree into `folder`, which must be empty and ours: nothing of the target's stands there to be followed."""
    links: list[Entry] = []
    for entry in entries:
        place = folder / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == "120000":
            links.append(entry)
            continue
        mode = 0o755 if entry.mode == "100755" else 0o644
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(entry.content)
    for entry in links:  # last, so that no file is written through one
        (folder / entry.path).symlink_to(os.fsdecode(entry.content))


def _commit(name: str, *, parent: str | None, entries: Iterable[Entry]) -> Iterator[bytes]:
    yield f"commit refs/trees/{name}\ncommitter {_AUTHOR}\ndata 0\n".encode()
    if parent is not None:
        yield f"from {parent}\n".encode()
    else:
        yield b"deleteall\n"
    for entry in entries:
        path = os.fsencode(entry.path)
        yield b"M %s inline %s\ndata %d\n" % (entry.mode.encode(), _quoted(path), len(entry.content))
        yield entry.content
        yield b"\n"
    yield b"\ndone\n"


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _quoted(path: bytes) -> bytes:
    """As fast-import reads a path that may hold anything."""
    plain = b"".join(
        b"\\%03o" % byte if byte < 0x20 or byte in b'"\\' or byte >= 0x7F else bytes([byte]) for byte in path
    )
    return b'"' + plain + b'"'
