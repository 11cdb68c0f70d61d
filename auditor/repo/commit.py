"""The files of one commit, listed by `git ls-tree` and read by `git cat-file`."""

import os
import posixpath
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from auditor.repo import errors
from auditor.repo.blobs import Blobs
from auditor.repo.git_folder import GitFolder
from auditor.repo.git_process import ShadowRepository, read_records
from auditor.repo.ignore import Scope
from auditor.repo.refs import Head, read_head, read_refs
from auditor.repo.roles import HEAD_BYTES
from auditor.repo.walk import Entry

_LISTING_BYTES: Final = 256 * 1024 * 1024
_LISTING_SECONDS: Final = 60.0
MAX_ENTRIES: Final = 500_000
"""A few hundred bytes of objects can describe a tree of billions of files."""
_LINK_BYTES: Final = 4096


class CommitTree:
    """A commit's tree, in the shape `walk` wants."""

    def __init__(self, folders: dict[str, dict[str, Entry]], blobs: Blobs) -> None:
        self._folders = folders
        self._blobs = blobs

    def entries(self, folder: str) -> list[Entry]:
        """What is in `folder`."""
        return list(self._folders.get(folder, {}).values())

    def identify(self, entry: Entry) -> tuple[int, str]:
        """Size and blob id."""
        assert isinstance(entry.handle, tuple)
        size, oid = entry.handle
        return int(size), str(oid)

    def head(self, path: str, entry: Entry) -> bytes:  # noqa: ARG002  the protocol's; a work tree needs the path
        """The first bytes of a file; empty when the clone lacks it."""
        return self._blobs.read(self.identify(entry)[1], limit=HEAD_BYTES) or b""

    def link_target(self, path: str) -> str:
        """Where a link leads."""
        folder, _, name = path.rpartition("/")
        entry = self._folders[folder][name]
        text = os.fsdecode(self._blobs.read(self.identify(entry)[1], limit=_LINK_BYTES) or b"")
        end = posixpath.normpath(posixpath.join(folder, text))
        return "leads out of the tree" if end.startswith(("/", "../")) or end == ".." else "stays in the tree"

    def is_foreign(self, names: AbstractSet[str]) -> bool:  # noqa: ARG002  the protocol's
        """Never: a commit holds other repositories as entries of a kind of their own."""
        return False

    def scope(self, folder: str, outer: Scope, names: AbstractSet[str]) -> Scope:  # noqa: ARG002  the protocol's
        """What is committed is not ignored."""
        return outer

    def components(self, folder: str) -> tuple[bytes, ...]:
        """The folder from the root."""
        return tuple(os.fsencode(folder).split(b"/")) if folder else ()

    def is_tracked(self, path: str, *, folder: bool) -> bool:  # noqa: ARG002  the protocol's
        """Always."""
        return True


def resolve(git: GitFolder, root: Path, ref: str) -> tuple[Blobs, str]:
    """The commit `ref` names, with the reader of its objects, which the caller closes.

    Raises:
        Fault: no such commit, no commits at all, no git.
    """
    head = read_head(git)
    refs = {} if git.has_reftable else read_refs(git)
    if head.unborn and not refs:
        raise errors.no_commits(root)
    shadow = ShadowRepository.create(
        git.common / "objects",
        refs=refs,
        head=head.commit or _full_id(ref),
        avoid=git.top or git.own,
    )
    blobs = Blobs(shadow)
    # In two steps, since some names (`:/fixed the report`) swallow whatever stands behind them.
    named = blobs.resolve(ref)
    found = blobs.resolve(f"{named[0]}^{{commit}}") if named else None
    if found is None:
        blobs.close()
        raise _unknown(git, root, ref, head=head, refs=refs)
    return blobs, found[0]


def list_commit(
    blobs: Blobs, commit: str, *, prefix: str, root: Path, ref: str, entries: int = MAX_ENTRIES
) -> CommitTree:
    """The tree of `commit` below `prefix` (`/`-separated, empty for all of it).

    Raises:
        Fault: the prefix is no folder there, git can't read the tree, or it has more than `entries` files.
    """
    tree = blobs.resolve(f"{commit}:{prefix}" if prefix else f"{commit}^{{tree}}")
    if tree is None or tree[1] != "tree":
        raise errors.not_in_commit(root, ref, prefix or ".")
    process = blobs.shadow.start("ls-tree", "-r", "-l", "-z", "--full-tree", tree[0])
    assert process.stdin is not None
    assert process.stdout is not None
    folders: dict[str, dict[str, Entry]] = {"": {}}
    with process:
        process.stdin.close()
        try:
            records = read_records(
                process.stdout, count=entries, limit=_LISTING_BYTES, seconds=_LISTING_SECONDS
            )
            for record in records:
                _add(folders, record)
        except OverflowError:
            raise errors.endless(root, ref, entries) from None
        finally:
            process.kill()
    if process.returncode > 0:
        raise errors.git_failed(root, "objects are missing or damaged")
    return CommitTree(folders, blobs)


def _add(folders: dict[str, dict[str, Entry]], record: bytes) -> None:
    """One record: `100644 blob ID SIZE<tab>path`; SIZE is `-` for a repository, `BAD` for a missing blob."""
    about, _, raw = record.partition(b"\t")
    mode, kind, oid, size = about.split()
    path = os.fsdecode(raw)
    folder, _, name = path.rpartition("/")
    handle = (int(size) if size.isdigit() else 0, oid.decode("ascii"))
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        # No work tree can hold such a name: only a tree object written by hand.
        folders[""].setdefault(path, Entry(path, "special", handle))
    elif kind == b"commit":
        _folder(folders, folder).setdefault(name, Entry(name, "repository", handle))
    elif mode == b"120000":
        _folder(folders, folder).setdefault(name, Entry(name, "link", handle))
    else:
        entry = Entry(name, "file" if size.isdigit() else "missing", handle)
        _folder(folders, folder).setdefault(name, entry)


def _folder(folders: dict[str, dict[str, Entry]], path: str) -> dict[str, Entry]:
    """The entries of `path`, made known to the folders above it."""
    found = folders.get(path)
    if found is None:
        found = folders[path] = {}
        outer, _, name = path.rpartition("/")
        _folder(folders, outer).setdefault(name, Entry(name, "folder", None))
    return found


def _full_id(ref: str) -> str | None:
    """A full id is its own address: it also tells which hash the objects have."""
    return ref if len(ref) in {40, 64} and set(ref) <= set("0123456789abcdef") else None


def _unknown(git: GitFolder, root: Path, ref: str, *, head: Head, refs: dict[str, str]) -> Exception:
    if git.has_reftable and _full_id(ref) is None:
        return errors.unsupported_refs(root, ref)
    if head.unborn and ref == "HEAD":
        return errors.no_commits(root)
    names = [name.split("/", 2)[2] for name in refs if name.count("/") > 1]
    return errors.unknown_revision(root, ref, names=names, shallow=git.is_shallow)
