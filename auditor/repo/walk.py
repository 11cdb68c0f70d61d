"""One walk over a tree, wherever its entries come from: what is read, what is not, and each file's role."""

import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

from auditor.repo.ignore import Scope
from auditor.repo.roles import CACHES, Place, enter, is_candidate, is_dependencies, role_of, root_place
from auditor.repo.source import Skipped, SkipReason, SourceFile

MAX_FILE_BYTES: Final = 1024 * 1024
"""Longer files are skipped: data or generated code, and a parser's time and memory grow with them."""


class Entry(NamedTuple):
    """One name in a folder; `handle` is for the tree that made it."""

    name: str
    kind: Literal["file", "folder", "link", "repository", "special", "missing"]
    handle: object


class Tree(Protocol):
    """Where entries come from: a folder on disk, or a commit."""

    def entries(self, folder: str) -> list[Entry]:
        """What is in `folder` (`""` is the root); raises OSError where that can't be known."""

    def identify(self, entry: Entry) -> tuple[int, str]:
        """Size in bytes and stamp of a file; raises OSError when it has gone."""

    def head(self, path: str, entry: Entry) -> bytes:
        """The first bytes of a file for `role_of`; empty when they can't be had."""

    def link_target(self, path: str) -> str:
        """Where a link leads, in words."""

    def is_foreign(self, names: AbstractSet[str]) -> bool:
        """Whether a folder below the root is the top of another repository."""

    def scope(self, folder: str, outer: Scope, names: AbstractSet[str]) -> Scope:
        """The ignore rules that hold in `folder`."""

    def components(self, folder: str) -> tuple[bytes, ...]:
        """The folder as ignore rules count it."""

    def is_tracked(self, path: str, *, folder: bool) -> bool:
        """Whether git knows the file, or a file in the folder, so that ignore rules don't touch it."""


@dataclass(slots=True)
class Walked:
    """What a walk found, in no order yet."""

    files: list[SourceFile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    seen: int = 0
    """Entries met, folders included."""
    ignored: int = 0
    """Entries left out by ignore rules."""

    def skip(self, path: str, reason: SkipReason, detail: str = "") -> None:
        """Records something left aside."""
        self.skipped.append(Skipped(printable(path), reason, detail))


class _Visit(NamedTuple):
    folder: str
    outer: Place | None
    name: str
    scope: Scope
    tracked_only: bool


def walk(tree: Tree, *, scope: Scope, excluded: Scope) -> Walked:
    """Every file under the root that an audit may read.

    Raises:
        OSError: the root itself can't be listed.
    """
    found = Walked()
    stack = [_Visit("", None, "", scope, tracked_only=False)]
    while stack:
        visit = stack.pop()
        try:
            entries = tree.entries(visit.folder)
        except OSError as error:
            if not visit.folder:
                raise
            found.skip(visit.folder, "unreadable", error.strerror or str(error))
            continue
        names = {entry.name for entry in entries}
        if visit.folder and (reason := _closed(tree, visit.name, names)):
            found.skip(visit.folder, reason)
            continue
        stack.extend(_visit(tree, visit, entries, names=names, excluded=excluded, found=found))
    return found


def printable(path: str) -> str:
    """The path with bytes that are not UTF-8 written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _closed(tree: Tree, name: str, names: AbstractSet[str]) -> SkipReason | None:
    if is_dependencies(name, names):
        return "dependencies"
    return "nested-repository" if tree.is_foreign(names) else None


def _visit(
    tree: Tree,
    visit: _Visit,
    entries: list[Entry],
    *,
    names: AbstractSet[str],
    excluded: Scope,
    found: Walked,
) -> list[_Visit]:
    """Judges the entries of one folder; gives the folders to go on with."""
    place = root_place(names) if visit.outer is None else enter(visit.outer, visit.name, names)
    scope = tree.scope(visit.folder, visit.scope, names)
    components = tree.components(visit.folder)
    relative = _raw(visit.folder)
    prefix = f"{visit.folder}/" if visit.folder else ""
    inner: list[_Visit] = []
    found.seen += len(entries)
    for entry in entries:
        name, kind, _ = entry
        folder = kind in {"folder", "repository"}
        if name in CACHES if folder else not is_candidate(name) and (kind != "link" or "." in name):
            continue
        path = prefix + name
        if excluded.ignores(name, relative, directory=folder):
            found.skip(path, "excluded")
            continue
        ignored = visit.tracked_only or scope.ignores(name, components, directory=folder)
        if ignored and not tree.is_tracked(path, folder=folder):
            found.ignored += 1
        elif not _is_utf8(name):
            found.skip(path, "name")
        elif kind == "folder":
            inner.append(_Visit(path, place, name, scope, tracked_only=ignored))
        elif kind == "file":
            _file(tree, path, entry, place=place, found=found)
        else:
            _odd(tree, path, kind, found=found)
    return inner


def _file(tree: Tree, path: str, entry: Entry, *, place: Place, found: Walked) -> None:
    try:
        size, stamp = tree.identify(entry)
    except OSError as error:
        found.skip(path, "unreadable", error.strerror or str(error))
        return
    head: Callable[[], bytes] = lambda: tree.head(path, entry)  # noqa: E731  called at most a few times in a tree
    role = role_of(entry.name, place, size=size, head=head)
    if role is None:
        return
    if size > MAX_FILE_BYTES:
        found.skip(path, "too-large", f"{size / 1e6:.1f} MB")
    else:
        found.files.append(SourceFile(path, role, size, stamp))


def _odd(tree: Tree, path: str, kind: str, *, found: Walked) -> None:
    if kind == "link":
        found.skip(path, "link", tree.link_target(path))
    elif kind == "repository":
        found.skip(path, "nested-repository")
    elif kind == "missing":
        found.skip(path, "missing")
    else:
        found.skip(path, "special")


def _raw(folder: str) -> tuple[bytes, ...]:
    return tuple(os.fsencode(folder).split(b"/")) if folder else ()


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
