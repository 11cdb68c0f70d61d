"""What every run of a target needs: its settings, how it starts, the jail, and where its state is kept."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from auditor.config.database import Engine
from auditor.config.target import TARGET_FILE, TargetSettings, load_target_settings
from auditor.config.user import JailChoice, UserSettings
from auditor.execution.choosing import Wanted, choose_jail
from auditor.execution.confinement import Jail
from auditor.execution.databases.tables import NewRow
from auditor.execution.recipe import Recipe, recipe_of
from auditor.execution.usual import UsualBoot
from auditor.execution.world import World
from auditor.measure.running.disk_room import check_room
from auditor.model.fault import Fault
from auditor.repo.root import root_of

_JAILS: Final[Mapping[JailChoice, Wanted]] = {
    JailChoice.AUTO: "auto",
    JailChoice.BUBBLEWRAP: "bubblewrap",
    JailChoice.OUTER: "outer",
    JailChoice.NONE: "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One target, ready to be started as often as is wished."""

    root: Path
    settings: TargetSettings
    recipe: Recipe = field(repr=False)
    jail: Jail
    state: Path
    """The user's state folder."""
    folder: Path
    """Inside it, this target's own: `contract/`, `observations/`, `template/`, `runs/`, `logs/`."""
    rows: tuple[NewRow, ...] = ()
    """What is put beside the target's own data at the scale of the contract."""
    usual: UsualBoot = field(default_factory=UsualBoot, repr=False, compare=False)

    def world(
        self, scale: int, /, *, replaced: Mapping[str, bytes] | None = None, based_on: str | None = None
    ) -> World:
        """A private copy with everything around it; `replaced` are contents in the place of the tree's files.

        `based_on` is the template of another world, whose data this one starts from.
        """
        return World(
            self.recipe,
            self.root,
            jail=self.jail,
            state=self.state,
            scale=scale,
            replaced=replaced or {},
            templates=self.folder / "template",
            logs=self.folder / "logs",
            based_on=based_on,
            rows=self.rows if scale == self.settings.database.small else (),
            usual=self.usual,
        )

    @property
    def settings_digest(self) -> str:
        """A hash of what the target's settings say; how they are written does not matter."""
        return hashlib.sha256(repr(self.settings).encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def notice(self) -> str:
        """What every report says when nothing is kept out, or hosts named under [[outside]] answer only in part; empty otherwise."""
        if not self.jail.isolates:
            return "the target ran without a jail (--no-jail): it could do whatever you can"
        low = sorted({one.host for one in self.settings.outside if one.port is None or one.port < 1024})
        if low and not self.jail.low_ports:
            return (
                f"this jail has no ports below 1024: on these {', '.join(low)} answered only what takes its"
                " proxy from `http_proxy` and `https_proxy`"
            )
        return ""


def open_bench(path: Path, user: UserSettings, /, *, env: Mapping[str, str] = os.environ) -> Bench:
    """The bench of the target at `path`.

    Raises:
        Fault: there is no tree, its settings can't be used, or there is no jail.
    """
    root = root_of(path)
    settings = load_target_settings(root)
    if settings.boot.command is None:
        raise Fault(
            "nothing says how the target is started",
            where=f"{path / TARGET_FILE}",
            hint="`auditor init` looks for it and writes the file",
        )
    recipe = replace(
        recipe_of(settings, root, env=env, allowed=user.secrets),
        database_url=user.database_url,
        allow_remote_database=user.remote_database,
    )
    if user.database_url is not None and settings.database.engine is not Engine.POSTGRESQL:
        raise Fault(
            "only a PostgreSQL database can be copied from where it is",
            where="AUDITOR_DATABASE_URL",
            hint=f'the target says engine = "{settings.database.engine}": unset the variable',
        )
    check_room(user.state_dir)
    return Bench(
        root=root,
        settings=settings,
        recipe=recipe,
        jail=choose_jail(_JAILS[user.jail]),
        state=user.state_dir,
        folder=target_folder(user.state_dir, root),
    )


def target_folder(state: Path, root: Path, /) -> Path:
    """Where the state of the target at `root` (resolved) is kept."""
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    name = "".join(char if char.isalnum() or char in "-_." else "-" for char in root.name)[:40] or "target"
    return state / "targets" / f"{name}-{digest}"
