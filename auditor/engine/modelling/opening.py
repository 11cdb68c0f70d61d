"""The model that the user named: checked before anything is done, opened where its transcript and its ledger belong."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.llm.exchange import Noted
from auditor.llm.opening import open_model
from auditor.llm.redaction.withheld import env_secrets, is_withheld
from auditor.llm.watching import Watch, nobody
from auditor.measure.running.bench import target_folder

if TYPE_CHECKING:
    from auditor.config.user import UserSettings
    from auditor.llm.client import Client
    from auditor.repo.snapshot import Snapshot

AUDITS: Final = "audits"
_MOST_BYTES: Final = 64 << 10
"""Of a file with settings; a larger one is something else."""

Read = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """A model that can be opened."""

    user: UserSettings
    env: Mapping[str, str]
    watch: Watch
    first_line: str
    """What will be sent where."""
    warnings: tuple[str, ...]

    def open(self, folder: Path, hidden: Iterable[str], /) -> Client:
        """With the transcript and the ledger in `folder`, which is made; `hidden` are secrets of the target."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = open_model(self.user, self.env, folder=folder, hidden=hidden, watch=self.watch)
        assert opened is not None, "it was chosen"
        for warning in opened.warnings:
            if (
                warning not in self.warnings
            ):  # what only the folder shows: questions that an earlier run has lost
                self.watch(Noted(warning))
        return opened.client


def model_choice(
    user: UserSettings, env: Mapping[str, str], /, *, watch: Watch = nobody
) -> ModelChoice | None:
    """The model that the user named; None where none is named. Nothing is sent, and nothing written.

    Raises:
        Fault: no such provider, no key, or a limit that can't be kept.
    """
    tried = open_model(user, env)
    if tried is None:
        return None
    return ModelChoice(user=user, env=env, watch=watch, first_line=tried.first_line, warnings=tried.warnings)


def audit_folder(state: Path, root: Path, /) -> Path:
    """Where the transcript of an audit of `root` is kept, below the user's folder `state`: one for each audit that asks a model."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    return target_folder(state, root.resolve()) / AUDITS / name


def hidden_in(paths: Iterable[str], read: Read, /) -> tuple[str, ...]:
    """The values of a target's ``.env`` files that are worth hiding wherever they stand."""
    found: list[str] = []
    for path in sorted(paths):
        if ".env" in path and is_withheld(path):
            content = read(path)
            if content is not None and len(content) <= _MOST_BYTES:
                found += env_secrets(content.decode("utf-8", "replace"))
    return tuple(dict.fromkeys(found))


def hidden_in_snapshot(snapshot: Snapshot, /) -> tuple[str, ...]:
    """As `hidden_in`, of a tree that is read: git may not know of these files, so they are looked for where they usually lie."""
    if snapshot.dirty is None and snapshot.commit is not None:  # a commit has no files beside it
        return ()
    names = [path.relative_to(snapshot.root).as_posix() for path in snapshot.root.glob(".env*")]
    names += [path.relative_to(snapshot.root).as_posix() for path in snapshot.root.glob("*/.env*")]

    def read(path: str) -> bytes | None:
        file = snapshot.root / path
        usable = file.is_file() and not file.is_symlink() and file.stat().st_size <= _MOST_BYTES
        return file.read_bytes() if usable else None

    return hidden_in(names, read)
