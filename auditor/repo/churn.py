"""How often each file was changed, read from the history of commits without any setting of the target's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from auditor.model.fault import Fault
from auditor.repo.git_folder import find_git_folder
from auditor.repo.git_process import ShadowRepository, read_records

MAX_COMMITS: Final = 500
"""The last so many commits are looked at, merges left out."""
_SPAN_S: Final = 365 * 24 * 3600
"""Of these, those of the year before the newest."""
_RECORDS: Final = 200_000
_BYTES: Final = 32 * 1024 * 1024
_SECONDS: Final = 20.0
_MARK: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Churn:
    """What the history says."""

    commits: int = 0
    """Commits that were looked at."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """Path below the target's root → commits that changed it."""


def read_churn(root: Path, commit: str | None) -> Churn:
    """The year of history that leads to `commit`; empty where there is none, it is cut off, or can't be read in time.

    `root` is absolute and resolved, and may lie below the top of its repository.
    """
    folder = find_git_folder(root)
    if folder is None or commit is None or folder.is_shallow:
        return Churn()
    prefix = root.relative_to(folder.top).as_posix() + "/" if folder.top and folder.top != root else ""
    try:
        shadow = ShadowRepository.create(
            folder.common / "objects", refs={}, head=commit, avoid=folder.top or folder.own
        )
    except (Fault, OSError):
        return Churn()
    try:
        return _counted(shadow, commit, prefix)
    except OverflowError:
        return Churn()
    finally:
        shadow.close()


def _counted(shadow: ShadowRepository, commit: str, prefix: str) -> Churn:
    process = shadow.start(
        "log", "-z", "--no-merges", "--no-renames", "--no-ext-diff", "--no-textconv", "--name-only",
        f"--max-count={MAX_COMMITS}", "--format=%x01%ct", commit, "--",
    )  # fmt: skip
    try:
        if process.stdin is not None:
            process.stdin.close()
        assert process.stdout is not None
        changes: Counter[str] = Counter()
        commits, newest, inside = 0, 0, False
        for record in read_records(process.stdout, count=_RECORDS, limit=_BYTES, seconds=_SECONDS):
            text = record.strip(b"\n")
            if text.startswith(_MARK):
                when = int(text[1:].split(b"\n", 1)[0] or b"0")
                newest = newest or when
                inside = when >= newest - _SPAN_S
                commits += inside
                text = text.partition(b"\n")[2]
            path = text.decode("utf-8", "surrogateescape")
            if inside and path.startswith(prefix) and path:
                changes[path.removeprefix(prefix)] += 1
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return Churn(commits, dict(changes))
