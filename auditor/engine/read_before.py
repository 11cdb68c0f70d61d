"""What an audit looked at, so that a tree in which only other things were changed is not audited again.

An audit reads the Python files of some roles, as the index sums them up, templates, and descriptions of interfaces. A test that was edited, a
document, a comment or a docstring of as many lines changes none of that, and the report is the one there is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from auditor.index.alike import content_keys, mean_the_same
from auditor.index.build import READ_ROLES
from auditor.repo.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.engine.request import Job
    from auditor.repo.snapshot import Snapshot
    from auditor.repo.source import SourceFile

_MOST: Final = 100
"""With more files changed than these, some of them will mean something else."""


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """What a finished audit read."""

    result: str
    """The key of its result."""
    beside: str
    """Digest of what it only counted or listed."""
    files: dict[str, tuple[str, str, str]]
    """By path: role, stamp and key of the content, "" where it could not be read."""

    @classmethod
    def of(cls, job: Job, cache_dir: Path, /, result: str) -> Self:
        """What the audit of `job` read whose result has the key `result`."""
        snapshot = job.snapshot
        sources, templates = _sources(snapshot), _templates(snapshot)
        keys = [key.hex() for key in content_keys(snapshot, sources, cache_dir=cache_dir)]
        keys += [_digest(snapshot, file) for file in templates]
        files = zip((*sources, *templates), keys, strict=True)
        return cls(result, _beside(snapshot), {f.path: (f.role, f.stamp, key) for f, key in files})

    @classmethod
    def from_text(cls, text: str, /) -> Self:
        """As `to_text` wrote it; ValueError, KeyError or TypeError where it is of another form."""
        told = json.loads(text)
        files = {str(path): (str(role), str(stamp), str(key)) for path, role, stamp, key in told["files"]}
        return cls(str(told["result"]), str(told["beside"]), files)

    def to_text(self) -> str:
        """As JSON."""
        files = [(path, *about) for path, about in self.files.items()]
        return json.dumps({"result": self.result, "beside": self.beside, "files": files})

    def holds_for(self, job: Job, cache_dir: Path, /) -> bool:
        """Whether an audit of the tree as it is now would find the same."""
        snapshot = job.snapshot
        sources, templates = _sources(snapshot), _templates(snapshot)
        listed = {file.path: file.role for file in (*sources, *templates)}
        if listed != {path: role for path, (role, _, _) in self.files.items()}:
            return False
        if self.beside != _beside(snapshot):
            return False
        changed = [file for file in sources if file.stamp != self.files[file.path][1]]
        redrawn = [file for file in templates if file.stamp != self.files[file.path][1]]
        if len(changed) + len(redrawn) > _MOST:
            return False
        if not all(self.files[file.path][2] == (_digest(snapshot, file) or None) for file in redrawn):
            return False
        pairs = [(file, bytes.fromhex(self.files[file.path][2])) for file in changed]
        return not pairs or mean_the_same(snapshot, pairs, jobs=job.request.jobs, cache_dir=cache_dir)


def _sources(snapshot: Snapshot) -> Sequence[SourceFile]:
    return [file for file in snapshot.files if file.is_python and file.role in READ_ROLES]


def _templates(snapshot: Snapshot) -> Sequence[SourceFile]:
    return [file for file in snapshot.files if file.role in {"template", "interface"}]


def _digest(snapshot: Snapshot, file: SourceFile) -> str:
    """Of a template's content; "" where it can't be read."""
    try:
        return hashlib.blake2b(snapshot.read(file), digest_size=20).hexdigest()
    except Unreadable:
        return ""


def _beside(snapshot: Snapshot) -> str:
    """A digest of the Python files that are left aside, by role, and of all that was skipped."""
    aside = Counter(f.role for f in snapshot.files if f.is_python and f.role not in READ_ROLES)
    skipped = [(entry.path, entry.reason, entry.detail) for entry in snapshot.skipped]
    return hashlib.sha256(
        str((sorted(aside.items()), skipped)).encode("utf-8", "backslashreplace")
    ).hexdigest()
