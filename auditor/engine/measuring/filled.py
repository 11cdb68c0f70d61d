"""What a person should know of the rows that are asked for: that there are none, or that nobody's hand made them."""

from collections.abc import Iterable
from typing import Final

from auditor.config.database import DatabaseSettings, Engine
from auditor.execution.databases.database import Rows
from auditor.execution.databases.tables import Table

_MOST_NAMED: Final = 5
_BOOKKEEPING: Final = frozenset(
    {
        "alembic_version",
        "aerich",
        "django_migrations",
        "django_content_type",
        "auth_permission",
        "django_site",
        "spatial_ref_sys",
    }
)
"""Tables that migrating fills by itself."""


def told_of_rows(
    settings: DatabaseSettings, tables: Iterable[Table], rows: Rows, /
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Warnings and notes about `rows`, which are the first state's."""
    own = [table.name for table in tables if table.name.rpartition(".")[2] not in _BOOKKEEPING]
    if settings.engine is Engine.NONE or not own:
        return (), ()
    bare = sorted(name for name in own if not rows.get(name))
    if len(bare) == len(own):
        warning = (
            f"All {len(own)} tables of the database are empty, so nothing here costs what it costs with data: name what fills it under "
            "[database] seed, or have rows made up by [database] made_up = 20."
        )
        return (warning,), ()
    if not settings.made_up:
        return (), ()
    number = sum(len(rows.get(name, ())) for name in own)
    left = (
        f"; {', '.join(bare[:_MOST_NAMED])}{' …' if len(bare) > _MOST_NAMED else ''} stay empty"
        if bare
        else ""
    )
    return (), (
        f"nothing fills the database: its {number:,} rows in {len(own) - len(bare)} tables are made up by what the schema says, and real ones say more{left}",
    )
