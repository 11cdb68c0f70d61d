"""Prepared states that outlive a run: the database after migrating and seeding, and the files that came with it."""

import hashlib
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditor.execution.disposable import start_time
from auditor.execution.recipe import Recipe
from auditor.execution.removal import remove_tree

_FORMAT: Final = "1"
_KEEP: Final = 8
"""Templates of one target; a full database of each can take hundreds of megabytes."""
_MADE: Final = ".made-"
DATABASE: Final = "database"
FILES: Final = "files"


def template_key(recipe: Recipe, /, *, digest: str, scale: int, engine: str) -> str:
    """Equal only for what gives the same state: tree, commands, environment, scale and the engine with its version."""
    database, boot = recipe.database, recipe.boot
    said = [
        _FORMAT, digest, engine, scale, str(recipe.python), boot.env, boot.cwd, boot.migrate, database.seed,
        database.urls, database.url_env, database.env, database.path, *([database.made_up] if database.made_up else []),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, default=repr).encode()).hexdigest()[:32]


class Templates:
    """A folder of templates by key. One that stands under its key is whole: it is moved there when it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str, /) -> Path | None:
        """The template's folder."""
        found = self.folder / key
        if not found.is_dir():
            return None
        with suppress(OSError):
            os.utime(found)
        return found

    def begin(self) -> Path:
        """A new folder for one that is being made; those of processes that are gone are removed."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for entry in self.folder.glob(f"{_MADE}*"):
            pid, _, started = entry.name.removeprefix(_MADE).partition("-")
            if start_time(int(pid)) != int(started.partition("-")[0]):
                with suppress(OSError):
                    remove_tree(entry)
        made = self.folder / f"{_MADE}{os.getpid()}-{start_time(os.getpid())}-{secrets.token_hex(3)}"
        made.mkdir(mode=0o700)
        return made

    def keep(self, key: str, made: Path, /) -> Path:
        """Takes a folder of `begin` under `key`, now that it is whole; the one that is there already wins."""
        try:
            made.rename(self.folder / key)
        except OSError:
            if not (self.folder / key).is_dir():
                raise
            remove_tree(made)
        self._prune(key)
        return self.folder / key

    def _prune(self, newest: str) -> None:
        """Removes those not used for longest. One that is in use has been read already: worlds work on copies."""
        others = sorted(
            (used, entry)
            for entry in self.folder.iterdir()
            if entry.name != newest
            and not entry.name.startswith(_MADE)
            and (used := _last_used(entry)) is not None
        )
        for _, entry in others[: max(0, len(others) - _KEEP + 1)]:
            with suppress(OSError):
                remove_tree(entry)


def _last_used(template: Path) -> float | None:
    """None for one that is gone: another world removes those that it finds too many, too."""
    try:
        return template.stat().st_mtime
    except FileNotFoundError:
        return None
