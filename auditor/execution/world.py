"""The world around a target: its private copy, its database, its companions and the hosts it calls, all our own."""

import itertools
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, Self

from auditor.config.command import Command
from auditor.config.placeholder import fill
from auditor.execution.authority import make_authority
from auditor.execution.beneath import ends_beneath, read_beneath
from auditor.execution.boot import NotBooted, pass_gate
from auditor.execution.confinement import RUN, WORK, Bind, Jail, Limits
from auditor.execution.copies import Copied, copy_tree
from auditor.execution.databases import postgres
from auditor.execution.databases.access import Access
from auditor.execution.databases.database import Database, Row
from auditor.execution.databases.opening import DATA, files_in_tree, open_database
from auditor.execution.databases.postgres import Postgres
from auditor.execution.databases.redis import find_redis
from auditor.execution.databases.tables import NewRow, Refused, Table
from auditor.execution.databases.users_postgres import UsersPostgres
from auditor.execution.disposable import own_folder
from auditor.execution.failed import hint_for, wanted_a_host, why_failed
from auditor.execution.first_state import FirstState
from auditor.execution.guest import Guest, guest_identity
from auditor.execution.in_bulk import remove_whole
from auditor.execution.looked_up import names_looked_up
from auditor.execution.outside import FOLDER as OUTSIDE
from auditor.execution.outside import Outside
from auditor.execution.ownership import own_copy
from auditor.execution.ran import CommandFailed, Ran
from auditor.execution.recipe import Recipe
from auditor.execution.removal import remove_tree
from auditor.execution.server import DOOR, SPOOL, TARGET, Server
from auditor.execution.spooled import read_spooled
from auditor.execution.supervised import LOGS, Process, Relay, Supervised, prepare_run_folder, supervise
from auditor.execution.surroundings import companions, environment, probed, wants_redis
from auditor.execution.template import Templates
from auditor.execution.tree_state import Stamp, restore, stamps
from auditor.execution.usual import UsualBoot
from auditor.execution.witness.relay import Witness
from auditor.model.fault import Fault

_NUMBERS: Final = itertools.count(1)
_SERVING: Final = Limits(wall_s=24 * 3600.0)
_COMMAND_S: Final = 1800.0
_OUTPUT_BYTES: Final = 8 << 20
_LOG_BYTES: Final = 16 << 20
_LEFT_BYTES: Final = 32 << 20


class World:
    """One target with everything around it. A context manager; leaving it ends and removes all of it.

    Worlds stand beside each other; one of them serves one server at a time.
    """

    def __init__(
        self,
        recipe: Recipe,
        tree: Path,
        /,
        *,
        jail: Jail,
        state: Path,
        scale: int = 1,
        replaced: Mapping[str, bytes] = {},
        templates: Path | None = None,
        logs: Path | None = None,
        based_on: str | None = None,
        rows: tuple[NewRow, ...] = (),
        usual: UsualBoot | None = None,
    ) -> None:
        """Copies the tree at `tree`, with `replaced` (contents by path) in the place of its files.

        `based_on` is the `template` of another world, whose data a changed tree starts from: see `prepare`. `rows` are put beside what
        the target's own commands made. `usual` is what other worlds of the target have learnt of its boots.

        `state` is the user's state folder, `scale` what the seed command is told. Prepared states are kept in `templates`
        (None: not at all), and the log of what did not come up or died in `logs` (None: where it was written, as long as the
        world is there). `Fault` when the tree can't be copied.
        """
        self.recipe = recipe
        self.jail = jail
        self.scale = scale
        self._guest: Guest = guest_identity()
        self._server: Server | None = None
        self._command: Supervised | None = None
        self._commands = 0
        self._folder = _new_folder(own_folder(state))
        self._tree, self._run = self._folder / "tree", self._folder / "run"
        self._kept = self._folder / "kept"
        self._stamps: dict[str, Stamp] = {}
        self._rows = rows
        self._usual = usual or UsualBoot()
        self._logs = logs
        try:
            self.copied: Copied = copy_tree(tree, self._tree, guest=self._guest, replaced=replaced)
            self._make_run_folder()
            self._database: Database = self._open_database()
            self._first = FirstState(
                recipe,
                self._database,
                tree=self._tree,
                digest=self.copied.digest,
                scale=scale,
                templates=Templates(templates or self._folder / "templates"),
                based_on=based_on,
                replaced=frozenset(replaced),
                guest=self._guest,
                run=self._run_or_fail,
            )
            self.outside: Outside = self._open_outside()
        except BaseException:
            remove_tree(self._folder)
            raise

    def prepare(self, *, migrate: bool = True) -> bool:
        """Brings the database to its first state; True when the target's commands were run for it.

        That is the template of before, or the template that it is based on and this tree's `migrate`, or, on an empty
        database, `migrate` and `seed`. Without `migrate` the template that it is based on is taken as it is. `Fault` with the root error of the command that failed, and for one that keeps its data
        where it was not told to.
        """
        was_made = self._first.bring(migrate=migrate)
        if self._rows:
            self._database.put_rows(self._rows)
        if not self._overlaid:
            copy_tree(self._tree, self._kept, guest=self._guest)
        self._stamps = stamps(self._tree)
        return was_made

    def exchange_rows(self, rows: tuple[NewRow, ...], /) -> tuple[Refused, ...]:
        """Takes back the rows that were put beside the target's own and puts these; what the database refuses is given back.

        `Fault` while the target runs.
        """
        self.reset()
        if self._rows:
            self._database.take_rows(self._rows)
        refused = self._database.put_rows(rows) if rows else ()
        left_out = {id(one.row) for one in refused}
        self._rows = tuple(row for row in rows if id(row) not in left_out)
        return refused

    def empty(self, tables: Sequence[str], /) -> bool:
        """Takes every row of these tables out of its prepared state, in this order; False, and all rows stay, where one may not go.

        `Fault` while the target runs.
        """
        self.reset()
        return self._database.empty(tables)

    def add_indexes(self, statements: Collection[str], /) -> bool:
        """Makes indexes that another tree's data has (see `indexes`) in its prepared state; False, and none is made, where one can't be.

        `Fault` while the target runs.
        """
        self.reset()
        return not self._database.is_users and self._database.add_indexes(statements)

    @property
    def template(self) -> str:
        """The key of its first state: for worlds of changed trees that are to be based on it."""
        return self._first.key

    @property
    def was_spared(self) -> bool:
        """Whether `prepare` left its `migrate` out."""
        return self._first.was_spared

    @property
    def was_idle(self) -> bool:
        """Whether its `migrate`, where it ran on data that were there, wrote nothing."""
        return self._first.was_idle

    def reset(self) -> None:
        """Back to the prepared state, database and files alike. `Fault` while the target runs."""
        if self._server is not None and self._server.alive():
            raise Fault("the target still runs, so its data can't be set back")
        self._database.reset()
        if not self._overlaid and self._kept.exists():
            aside = self._database_files
            restore(self._tree, self._stamps, kept=self._kept, guest=self._guest, aside=aside)
            self._stamps = stamps(self._tree)

    def run(
        self,
        command: Command,
        /,
        *,
        wall_s: float = _COMMAND_S,
        keep_files: bool = False,
        probe: bool = False,
        beside: bool = False,
        env: Mapping[str, str] = {},
    ) -> Ran:
        """Runs one command of the target where its commands run, with its environment, `env` and its database.

        `keep_files`: what it writes into the tree stays. Otherwise, where there are overlays, that is gone at its end.
        With `probe` the requests that it makes of the application inside its own process are recorded, and `beside` starts the
        companions first, as a boot does: `Fault` when one does not come up.
        """
        if probe:
            self._clear(SPOOL)
        self._commands += 1
        name = f"command-{self._commands}"
        process = Process(
            name=name,
            argv=self.recipe.argv(command, scale=self.scale, **self._place),
            env={**self._environment(probe=probe), **({"AUDITOR_CAPTURE": "1"} if probe else {}), **env},
            cwd=self.recipe.cwd,
            errors_apart=True,
        )
        companied = companions(self.recipe, self._environment(probe=False)) if beside else ()
        with self._start((*companied, process), wall_s=wall_s, overlaid=not keep_files) as supervised:
            self._command = supervised
            ended = supervised.running.wait()
        self.check()
        self._check_companions(supervised, {one.name for one in companied})
        output, errors = (
            ends_beneath(self._run / LOGS, f"{name}{suffix}.log", limit=_OUTPUT_BYTES).decode(
                "utf-8", "replace"
            )
            for suffix in ("", ".errors")
        )
        records = read_spooled(self._run / SPOOL, {}) if probe else ()
        return Ran(ended=ended, output=output, errors=errors, records=records)

    def take_left(self, name: str, /) -> bytes:
        """What a command left under `name` in the folder of logs (`LEFT` inside), which is empty of it then; nothing for none, or too much."""
        folder = self._run / LOGS
        try:
            found = read_beneath(folder, name, limit=_LEFT_BYTES + 1)
        except OSError:
            return b""
        (folder / name).unlink(missing_ok=True)
        return found if len(found) <= _LEFT_BYTES else b""

    def boot(self, *, probe: bool = False, lines: bool | Literal["functions"] = False) -> Server:
        """Starts the target and puts it through the gate; `Fault` where the database has died meanwhile.

        With `probe` each request is recorded, and with `lines` the lines (of `functions` the first) that it executed too. Raises `NotBooted`, a `Fault`,
        when it does not come up; then nothing of it runs any more.
        """
        if self._server is not None and self._server.alive():
            raise Fault("the target runs already in this world")
        self._clear_run_folder()
        target = Process(
            name=TARGET,
            argv=self.recipe.command,
            env=self._environment(probe=probe, lines=lines),
            cwd=self.recipe.cwd,
        )
        port = self.recipe.boot.port
        door = Relay(
            name="door", listen=f"unix:{RUN}/{DOOR}", to=(f"tcp:127.0.0.1:{port}", f"tcp:::1:{port}")
        )
        supervised = self._start(
            (*companions(self.recipe, self._environment(probe=False)), target),
            relays=(door,),
            wall_s=_SERVING.wall_s,
            overlaid=True,
        )
        try:
            report = pass_gate(
                supervised,
                self.recipe.boot,
                self._run / DOOR,
                log=TARGET,
                tree=self._tree_inside,
                asked=self._wanted if probe else self._asked,
                usual=self._usual,
            )
        except BaseException:
            supervised.kill()
            raise
        if not report.ok:
            supervised.kill()
            self.check()
            raise NotBooted(replace(report, log=self.keep_log(report.log.name)))
        self._server = Server(supervised, report, asked=self._asked)
        return self._server

    def dump(self) -> dict[str, tuple[Row, ...]]:
        """Every row by table, in an order that depends on the rows alone."""
        return self._database.dump()

    def tables(self) -> tuple[Table, ...]:
        """What is declared of each table; none for data that is the user's own, beside which nothing is put."""
        return () if self._database.is_users else self._database.tables()

    def indexes(self) -> frozenset[str]:
        """What makes each index of the database as it is now."""
        return self._database.indexes()

    def explain(self, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
        """How the database would go about each statement that only reads; those that it can't plan are left out."""
        return self._database.explain(statements)

    def keep_log(self, name: str = f"{TARGET}.log", /) -> Path:
        """Puts a log of this boot where it outlives the world, in the place of the one before, and says where that is."""
        written = self._run / LOGS / name
        if self._logs is None:
            return written
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = self._logs / name
        kept.write_bytes(ends_beneath(written.parent, name, limit=_LOG_BYTES))
        return kept

    @property
    def engine(self) -> str:
        """The database's engine, with its version where it is one of ours."""
        return self._database.name

    @property
    def witness(self) -> Witness | None:
        """What counts the statements that reach the database; None where nothing stands between (SQLite)."""
        return self._database.witness if isinstance(self._database, Postgres | UsersPostgres) else None

    def check(self) -> None:
        """`Fault` when the database has died: what was measured since is void, and no verdict."""
        self._database.check()

    def kill(self) -> None:
        """Ends the target and the command that is run, if one is: from any thread, and whoever waits for them sees that they are gone."""
        if self._server is not None:
            self._server.kill()
        if self._command is not None:
            self._command.kill()

    @property
    def is_apart(self) -> bool:
        """Whether it has a network of its own, so that several of its kind can serve on one port at once."""
        return not self._in_place

    def close(self) -> None:
        """Ends and removes everything."""
        if self._server is not None:
            self._server.kill()
        self.outside.close()
        try:
            self._database.close()
        finally:
            remove_whole(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _in_place(self) -> bool:
        """Whether the jail has no file system of its own, so that the target sees the host's paths."""
        return self.jail.name in {"none", "outer"}

    @property
    def _tree_inside(self) -> str:
        return str(self._tree) if self._in_place else WORK

    @property
    def _overlaid(self) -> bool:
        """Whether what the target writes into its tree is gone when it ends. Not where its database lies there."""
        return self.jail.overlays and not self._database_files

    @property
    def _database_files(self) -> tuple[str, ...]:
        return files_in_tree(self.recipe)

    @property
    def _place(self) -> dict[str, str]:
        """The database's placeholders and their values."""
        settings = self.recipe.database
        values = dict(self._database.place.values)
        return {**values, "url": fill(settings.url_template(settings.engine), values)}

    def _open_database(self) -> Database:
        return open_database(
            self.recipe,
            folder=self._folder,
            run=self._run,
            run_inside=str(self._run) if self._in_place else RUN,
            tree=self._tree,
            tree_inside=self._tree_inside,
            jail=self.jail,
            guest=self._guest,
        )

    def _open_outside(self) -> Outside:
        hosts = tuple(each.host for each in self.recipe.outside)
        bundle = self._run / OUTSIDE / "trusted.pem"
        authority = make_authority(hosts, self._folder / "authority", bundle=bundle)
        return Outside(
            self.recipe.outside,
            self._run,
            tree=self._tree,
            guest=self._guest,
            authority=authority,
            low_ports=self.jail.low_ports,
        )

    def _environment(self, *, probe: bool, lines: bool | Literal["functions"] = False) -> dict[str, str]:
        env = environment(self.recipe, self.outside.env, self._place)
        return probed(env, lines=lines) if probe else env

    def _asked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.host for call in self.outside.unanswered()))

    def _wanted(self) -> tuple[str, ...]:
        """What was asked in vain, else every foreign name that the probe saw looked up: of a boot that has failed."""
        return self._asked() or names_looked_up(
            self._run / SPOOL, known={host for _, host in self.outside.hosts}
        )

    def _check_companions(self, supervised: Supervised, names: Collection[str]) -> None:
        for event in supervised.told.all("late"):
            if event.get("name") in names:
                log = self.keep_log(f"{event['name']}.log")
                raise Fault(
                    f"the service {event['name']!r} was not ready in time, so the command did not run",
                    where="auditor.toml: service",
                    hint=f"its log: {log}",
                )

    def _start(
        self, processes: tuple[Process, ...], *, relays: tuple[Relay, ...] = (), wall_s: float, overlaid: bool
    ) -> Supervised:
        overlay = overlaid and self._overlaid
        return supervise(
            self.jail,
            self._run,
            processes=processes,
            relays=(*relays, *self._database.place.relays, *self.outside.relays),
            python=self.recipe.python,
            binds=(
                Bind(source=self._tree, target=WORK, writable=True, overlay=overlay),
                *(find_redis().binds if wants_redis(self.recipe) else ()),
            ),
            hosts=self.outside.hosts,
            limits=Limits(wall_s=wall_s),
        )

    def _run_or_fail(self, command: Command | None, what: str) -> None:
        if command is None:
            return
        ran = self.run(command, keep_files=True)
        if ran.succeeded:
            return
        why = why_failed(ran, tree=self._tree_inside)
        if wants := wanted_a_host(ran):  # which one is seen by the probe alone
            self.run(command, probe=True)
        raise CommandFailed(
            f"{command.text!r} {ran.ended.how} {ran.ended.code}: {why}",
            where=what,
            hint=hint_for(self._wanted() if wants else ()),
        )

    def _make_run_folder(self) -> None:
        prepare_run_folder(self._run, inner=(SPOOL, DATA, postgres.DOOR, OUTSIDE))
        own_copy(self._run, self._guest)

    def _clear(self, name: str) -> None:
        remove_tree(self._run / name)
        (self._run / name).mkdir(mode=0o755)
        shutil.chown(self._run / name, self._guest.uid, self._guest.gid)

    def _clear_run_folder(self) -> None:
        """What one boot told must not be taken for the next one's."""
        for name in (SPOOL, LOGS):
            self._clear(name)
        (self._run / DOOR).unlink(missing_ok=True)


def _new_folder(own: Path) -> Path:
    # A name is never taken again: whoever takes the old folder away beside this may not be done yet.
    folder = own / f"w{next(_NUMBERS)}"
    folder.mkdir(mode=0o755)
    return folder
