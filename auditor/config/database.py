"""``[database]``: what the target stores its data in, and how to fill it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from auditor.config.command import Command, parse_command
from auditor.config.duration import duration_ms_of
from auditor.config.environment import Environment, parse_environment
from auditor.config.placeholder import check_placeholders
from auditor.config.shape import COMMAND, COUNT, DURATION, INSIDE, TEXT, VARIABLES, Key, one_of, text_or_table
from auditor.model.fault import Fault


class Engine(StrEnum):
    """Database engines that a copy can be made of."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    NONE = "none"


_URLS: Final = {
    Engine.SQLITE: "sqlite:///{path}",
    Engine.POSTGRESQL: "postgresql://{user}:{password}@{host}:{port}/{name}",
    Engine.NONE: "",
}
"""What most libraries understand; a driver's prefix is the target's to say."""
PLACEHOLDERS: Final = ("url", "host", "port", "name", "user", "password", "path")
"""What may stand in `url` (without ``{url}`` itself) and in the values of `env`; ``{path}`` is absolute."""

DATABASE_KEYS: Final[Mapping[str, Key]] = {
    "engine": one_of(*Engine),
    "url_env": TEXT,
    "url": text_or_table({Engine.SQLITE: TEXT, Engine.POSTGRESQL: TEXT}, TEXT),
    "env": VARIABLES,
    "path": INSIDE,
    "seed": COMMAND,
    "made_up": COUNT,
    "small": COUNT,
    "full": COUNT,
    "round_trip": DURATION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """What the target stores its data in."""

    engine: Engine = Engine.NONE
    url_env: str = "DATABASE_URL"
    """The variable that gets the URL."""
    urls: tuple[tuple[Engine, str], ...] = tuple(_URLS.items())
    """The URL's template for each engine, `PLACEHOLDERS` in it."""
    env: Environment = ()
    """More variables that say where the database is, `PLACEHOLDERS` in their values."""
    path: str | None = None
    """Of an SQLite file, relative to the top of the tree, for a target that can't be told another place."""
    seed: Command | None = None
    """Fills the migrated database; ``{scale}`` is how much, where the command has a notion of it."""
    made_up: int = 0
    """Without a seed: rows that are made up for each empty table, times the scale; more of them where a table refers to others."""
    small: int = 1
    """The scale for contract, edges and counts."""
    full: int = 1
    """The scale for timing."""
    round_trip_ms: float = 0.0
    """Added to each exchange with PostgreSQL: what one costs between production's machines, and not on loopback."""

    @property
    def scales(self) -> bool:
        """Whether data of several sizes can be made."""
        by_command = self.seed is not None and any("{scale}" in word for word in self.seed.argv)
        return by_command or self.made_up > 0

    def url_template(self, engine: Engine, /) -> str:
        """The template for `engine`; empty for `Engine.NONE`."""
        return dict(self.urls)[engine]


def parse_database(values: Mapping[str, Any], /, *, name: str) -> DatabaseSettings:
    """The section's values, whose shape was checked; `name` is what messages call the file."""
    where = f"{name}: database"
    small = values.get("small", 1)
    full = values.get("full", small)
    if full < small:
        raise Fault("'full' is less than 'small'", where=where, hint="full is the scale for timing")
    if "made_up" in values and "seed" in values:
        raise Fault(
            "'made_up' is for a database that no 'seed' fills", where=where, hint="take one of the two out"
        )
    engine = Engine(values.get("engine", Engine.NONE))
    return DatabaseSettings(
        engine=engine,
        url_env=values.get("url_env", "DATABASE_URL"),
        urls=_urls(values.get("url", {}), engine, where),
        env=parse_environment(values.get("env", {}), where=f"{where}.env", placeholders=PLACEHOLDERS),
        path=values.get("path"),
        seed=parse_command(values["seed"], where=f"{where}.seed") if "seed" in values else None,
        made_up=values.get("made_up", 0),
        small=small,
        full=full,
        round_trip_ms=_round_trip(values.get("round_trip"), engine, where),
    )


def _round_trip(given: str | int | None, engine: Engine, where: str) -> float:
    if given is None:
        return 0.0
    if engine is not Engine.POSTGRESQL:
        raise Fault(
            "'round_trip' is for PostgreSQL alone", where=where, hint="SQLite is asked in the process itself"
        )
    return duration_ms_of(given, where=f"{where}.round_trip")


def _urls(given: str | Mapping[str, str], engine: Engine, where: str) -> tuple[tuple[Engine, str], ...]:
    written = {engine: given} if isinstance(given, str) else {Engine(key): url for key, url in given.items()}
    if Engine.NONE in written:
        raise Fault("'url' needs an engine", where=where, hint='engine = "sqlite" or "postgresql"')
    for url in written.values():
        check_placeholders(url, PLACEHOLDERS[1:], where=f"{where}.url")
    return tuple((each, written.get(each, default)) for each, default in _URLS.items())
