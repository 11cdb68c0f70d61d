"""Which database a target has, and where that lies: a file in its tree or beside it, a server of ours, or its user's own."""

from pathlib import Path
from typing import Final

from auditor.config.database import Engine
from auditor.execution.confinement import Jail
from auditor.execution.databases.database import Database, NoDatabase
from auditor.execution.databases.postgres import Postgres
from auditor.execution.databases.sqlite import FILE, SQLite
from auditor.execution.databases.users_postgres import UsersPostgres
from auditor.execution.guest import Guest
from auditor.execution.recipe import Recipe

DATA: Final = "db"
"""In the shared folder: where an SQLite file lies that the target can be told about."""


def open_database(
    recipe: Recipe,
    /,
    *,
    folder: Path,
    run: Path,
    run_inside: str,
    tree: Path,
    tree_inside: str,
    jail: Jail,
    guest: Guest,
) -> Database:
    """The target's database, with nothing in it yet.

    `folder` is for what only we see, `run` is shared with the target; `run_inside` and `tree_inside` are what it calls that and
    its tree.
    """
    settings = recipe.database
    if settings.engine is Engine.SQLITE and settings.path is not None:
        return SQLite(tree, settings.path, folder / "sqlite", inside=tree_inside, guest=guest)
    if settings.engine is Engine.SQLITE:
        return SQLite(run / DATA, FILE, folder / "sqlite", inside=f"{run_inside}/{DATA}", guest=guest)
    if settings.engine is Engine.POSTGRESQL and recipe.database_url is not None:
        return UsersPostgres(
            recipe.database_url,
            run,
            guest=guest,
            allow_remote=recipe.allow_remote_database,
            round_trip_ms=recipe.round_trip_ms,
        )
    if settings.engine is Engine.POSTGRESQL:
        return Postgres(
            folder / "postgresql", run, jail=jail, guest=guest, round_trip_ms=recipe.round_trip_ms
        )
    return NoDatabase()


def files_in_tree(recipe: Recipe, /) -> tuple[str, ...]:
    """The files of a database that lies in the target's tree, relative to its top; none for every other."""
    path = recipe.database.path
    if recipe.database.engine is not Engine.SQLITE or path is None:
        return ()
    return tuple(f"{path}{suffix}" for suffix in ("", "-wal", "-shm", "-journal"))
