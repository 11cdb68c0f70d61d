"""What can be wrong with the tree that the user named, and with one file of it."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from auditor.model.fault import Fault


class Unreadable(Exception):  # noqa: N818  an entry under coverage, not an error of the program
    """One file could not be read, or has changed since it was listed; the caller counts it and goes on."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Undecodable(Exception):  # noqa: N818  as Unreadable
    """The bytes are not text that Python would read as source; `why` says what they seem to be."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def missing(path: Path) -> Fault:
    """PATH names nothing."""
    return Fault(
        "there is no such directory", where=str(path), hint="name the root of the repository to read"
    )


def not_a_directory(path: Path) -> Fault:
    """PATH names a file, a device, a socket."""
    return Fault("is not a directory", where=str(path), hint=f"name the directory it lies in: {path.parent}")


def inaccessible(path: Path, error: OSError) -> Fault:
    """The root itself can't be listed."""
    return Fault(
        f"cannot be listed: {error.strerror or error}", where=str(path), hint="check its permissions"
    )


def no_python(path: Path, *, seen: int, ignored: int, skipped: int) -> Fault:
    """There is nothing to audit."""
    if not seen:
        return Fault("is empty", where=str(path), hint="name the root of the repository to read")
    left = [f"{ignored} ignored by .gitignore"] * bool(ignored) + [f"{skipped} skipped"] * bool(skipped)
    note = f", {' and '.join(left)}" if left else ""
    return Fault(
        f"has no Python files ({seen} entries looked at{note})",
        where=str(path),
        hint="name the directory that holds the application",
    )


def not_a_repository(path: Path, ref: str) -> Fault:
    """`--ref` where there is no git."""
    return Fault(
        f"is not in a git repository, so {ref!r} cannot be looked up",
        where=str(path),
        hint="leave out --ref to read the files as they are",
    )


def no_commits(path: Path) -> Fault:
    """A repository whose branch is still unborn."""
    return Fault(
        "the repository has no commits yet",
        where=str(path),
        hint="leave out --ref to read the files as they are",
    )


def unknown_revision(path: Path, ref: str, *, names: Iterable[str], shallow: bool) -> Fault:
    """`--ref` names no commit; branches and tags with a similar name are offered."""
    close = difflib.get_close_matches(ref, sorted(set(names)), n=3, cutoff=0.5)
    hints = [f"did you mean {' or '.join(repr(name) for name in close)}?"] if close else []
    if shallow:
        hints.append("the clone is shallow: older commits need `git fetch --unshallow`")
    hint = "; ".join(hints) or "name a branch, a tag or a commit"
    return Fault(f"no commit is named {ref!r}", where=str(path), hint=hint)


def not_in_commit(path: Path, ref: str, folder: str) -> Fault:
    """The directory exists today and did not in that commit, or its tree is not in this clone."""
    return Fault(
        f"{folder!r} cannot be read at {ref!r}",
        where=str(path),
        hint="it may not exist there; in a partial clone, fetch that commit first",
    )


def unsupported_refs(path: Path, ref: str) -> Fault:
    """Names are kept in a binary table that older git can't read."""
    return Fault(
        f"the repository keeps its names in the reftable format, so {ref!r} cannot be looked up",
        where=str(path),
        hint="give the full commit id, as `git rev-parse` prints it",
    )


def git_missing() -> Fault:
    """`--ref` needs git itself."""
    return Fault(
        "git was not found on PATH",
        where="--ref",
        hint="install git, or leave out --ref to read the files as they are",
    )


def endless(path: Path, ref: str, entries: int) -> Fault:
    """A commit can describe billions of files in a few hundred bytes."""
    return Fault(
        f"{ref!r} has over {entries:,} files or takes too long to list",
        where=str(path),
        hint="name a folder of it",
    )


def git_failed(path: Path, why: str) -> Fault:
    """What git says of damaged objects."""
    return Fault(f"git could not read the commit: {why}", where=str(path), hint="try `git fsck` on it")
