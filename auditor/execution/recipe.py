"""Everything that has to be known to start a target, with nothing left to look up."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from auditor.config.boot import BootSettings
from auditor.config.command import Command
from auditor.config.database import DatabaseSettings
from auditor.config.environment import Environment
from auditor.config.outside import OutsideSettings
from auditor.config.secret import resolve
from auditor.config.service import ServiceSettings
from auditor.config.target import TARGET_FILE, TargetSettings
from auditor.execution.confinement import WORK
from auditor.model.fault import Fault

_ENVIRONMENTS: Final = (".venv", "venv", "env")
_SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a target is started, and what it needs around it. Secrets stand in it: it is never written anywhere."""

    boot: BootSettings
    python: Path
    """The interpreter, absolute, on the host; it has the same place inside."""
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    services: tuple[ServiceSettings, ...] = ()
    outside: tuple[OutsideSettings, ...] = ()
    database_url: str | None = None
    """A PostgreSQL database of the user's that is copied, instead of one of our own. By the user's word alone."""
    allow_remote_database: bool = False
    """Whether that may be on another machine."""
    round_trip_ms: float = 0.0
    """Added to each exchange with the database: loopback hides what one costs."""

    @property
    def command(self) -> tuple[str, ...]:
        """The production server's words; `Fault` when the settings have none."""
        if self.boot.command is None:
            raise Fault(
                "says nothing about how the target is started",
                where=f"{TARGET_FILE}: boot",
                hint='command = "gunicorn app:app", or run auditor init',
            )
        return self.argv(self.boot.command)

    def argv(self, command: Command, /, **values: str | int) -> tuple[str, ...]:
        """The words of one of its commands, `{port}` and what else is given filled in."""
        return command.filled({"port": self.boot.port, **values}).argv

    @property
    def cwd(self) -> str:
        """Where its commands run, inside the jail."""
        return os.path.normpath(f"{WORK}/{self.boot.cwd}")

    @property
    def env(self) -> dict[str, str]:
        """What every command of it gets, before the database and the probe add theirs."""
        prefix = self.python.parent.parent
        env = {"HOME": "/tmp", "LANG": "C.UTF-8", "PATH": f"{self.python.parent}:{_SYSTEM_PATH}"}  # noqa: S108  inside the jail
        if (prefix / "pyvenv.cfg").is_file():
            env["VIRTUAL_ENV"] = str(prefix)
        return {**env, **dict(self.boot.env)}


def recipe_of(
    settings: TargetSettings,
    root: Path,
    /,
    *,
    env: Mapping[str, str] = os.environ,
    allowed: Collection[str] = (),
) -> Recipe:
    """The settings of the target at `root` with references to secrets resolved and the interpreter found.

    `env` is the user's environment; `allowed` names the variables that the user handed over. `Fault` when the
    settings ask for another one, or no interpreter is there.
    """

    def resolved(variables: Environment) -> Environment:
        return tuple((name, resolve(value, env=env, allowed=allowed)) for name, value in variables)

    return Recipe(
        boot=replace(settings.boot, env=resolved(settings.boot.env)),
        python=find_python(root, settings.boot.python, env=env),
        database=replace(settings.database, env=resolved(settings.database.env)),
        services=tuple(replace(service, env=resolved(service.env)) for service in settings.services),
        outside=settings.outside,
        round_trip_ms=settings.database.round_trip_ms,
    )


def find_python(root: Path, named: str | None, /, *, env: Mapping[str, str]) -> Path:
    """The target's interpreter: the one named, its environment beside it, or the user's active one.

    `named` is an interpreter or the folder of an environment, relative to `root` or absolute.
    """
    if named is not None:
        return _interpreter(root / named, where=f"{TARGET_FILE}: boot.python")
    for folder in _ENVIRONMENTS:
        if (root / folder / "pyvenv.cfg").is_file():
            return _interpreter(root / folder, where=folder)
    if env.get("VIRTUAL_ENV"):
        return _interpreter(Path(env["VIRTUAL_ENV"]), where="VIRTUAL_ENV")
    raise Fault(
        "no interpreter has the target's requirements",
        where=str(root),
        hint="make an environment in .venv, or say boot.python",
    )


def _interpreter(path: Path, *, where: str) -> Path:
    python = path / "bin" / "python" if path.is_dir() else path
    if not python.exists():
        raise Fault(f"there is no interpreter at {python}", where=where, hint="make the environment again")
    return Path(os.path.abspath(python))  # noqa: PTH100  links stay: an environment is known by its own path
