"""The commit a work tree stands on and the names of commits, read from git's own text files."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.repo.git_folder import GitFolder, read_small

_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAME: Final = re.compile(r"refs/(?!.*(?:\.\.|//|/\.|@\{|\\|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[]+[^/.]")
_PACKED_BYTES: Final = 64 * 1024 * 1024
_CHAIN: Final = 5


@dataclass(frozen=True, slots=True)
class Head:
    """Where a work tree stands; both None when that is not known."""

    commit: str | None = None
    branch: str | None = None
    """None when no branch is checked out."""
    unborn: bool = False
    """Whether the branch exists in name only: there is no commit yet."""


def read_head(folder: GitFolder) -> Head:
    """What HEAD names."""
    if folder.has_reftable:
        return Head()
    target = _target(read_small(folder.own / "HEAD"))
    if target is None:
        return Head()
    if not target.startswith("refs/"):
        return Head(commit=target)
    branch = target.removeprefix("refs/heads/")
    commit = _follow(folder, target)
    return Head(commit=commit, branch=branch, unborn=commit is None)


def read_refs(folder: GitFolder) -> dict[str, str]:
    """Every branch, tag and remote branch with the id it names, packed or loose."""
    packed = _packed(read_small(folder.common / "packed-refs", limit=_PACKED_BYTES))
    return {**packed, **_loose(folder.common / "refs")}


def _follow(folder: GitFolder, name: str) -> str | None:
    """The id behind a name, through names that stand for names."""
    for _ in range(_CHAIN):
        target = _target(read_small(folder.common / name))
        if target is None:
            return _packed_one(folder, name)
        if not target.startswith("refs/"):
            return target
        name = target
    return None


def _packed_one(folder: GitFolder, name: str) -> str | None:
    data = read_small(folder.common / "packed-refs", limit=_PACKED_BYTES)
    end = data.find(f" {name}\n".encode("utf-8", "surrogateescape"))
    if end < 0:
        return None
    found = data[data.rfind(b"\n", 0, end) + 1 : end].decode("ascii", "replace")
    return found if _ID.fullmatch(found) else None


def _packed(data: bytes) -> dict[str, str]:
    refs: dict[str, str] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        commit, _, name = line.partition(" ")
        if _ID.fullmatch(commit) and _NAME.fullmatch(name):
            refs[name] = commit
    return refs


def _loose(refs: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder, _, files in os.walk(refs):
        inner = Path(folder).relative_to(refs.parent).as_posix()
        for file in files:
            name = f"{inner}/{file}"
            target = _target(read_small(Path(folder, file)))
            if target is not None and not target.startswith("refs/") and _NAME.fullmatch(name):
                found[name] = target
    return found


def _target(data: bytes) -> str | None:
    """An id or the name of another ref; None for anything else."""
    text = data.decode("utf-8", "surrogateescape").strip()
    if text.startswith("ref:"):
        name = text.removeprefix("ref:").strip()
        return name if _NAME.fullmatch(name) else None
    return text if _ID.fullmatch(text) else None
