"""All that detection found, from the tree to a proposal: this is the whole way."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.config.database import Engine
from auditor.execution.detect.absent import absent_settings
from auditor.execution.detect.application import Application, applications, served
from auditor.execution.detect.clue import Clue, best
from auditor.execution.detect.collecting import statements, trusts
from auditor.execution.detect.companions import needs_redis, other_companions
from auditor.execution.detect.compose import services
from auditor.execution.detect.configuring import chosen_configuration
from auditor.execution.detect.flask_app import VARIABLE as FLASK_VARIABLE
from auditor.execution.detect.flask_app import flask_variable
from auditor.execution.detect.gatekeeping import switches
from auditor.execution.detect.health import health_paths
from auditor.execution.detect.import_path import VARIABLE as IMPORT_VARIABLE
from auditor.execution.detect.import_path import import_path
from auditor.execution.detect.interpreter import PACKAGE_OF, interpreters
from auditor.execution.detect.login import Login, logins
from auditor.execution.detect.migrating import migrations
from auditor.execution.detect.needing import needed_variables
from auditor.execution.detect.reading import Read, reads
from auditor.execution.detect.samples import samples
from auditor.execution.detect.seeding import Seed, seeds
from auditor.execution.detect.settings_module import VARIABLE, settings_variable
from auditor.execution.detect.signing import session_of
from auditor.execution.detect.spoken import door_header, made_tables, outside_hosts
from auditor.execution.detect.starting import Start, starts
from auditor.execution.detect.stored_file import stored_file
from auditor.execution.detect.storing import Storage, storage
from auditor.execution.detect.testing import tests
from auditor.execution.detect.tree import Tree
from auditor.frameworks.entry import EntryPoint
from auditor.index.project import Project

_OTHER_STARTS: Final = 2
"""Shown beside the one proposed."""
_WORTH_A_LOOK: Final = 0.6
_PLAUSIBLE: Final = 0.4
_SERVER_SETTINGS: Final = re.compile(r"(?:^|/)(?:gunicorn|uvicorn|hypercorn)[\w.-]*\.py:\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the tree tells about how it is run. None and empty where it tells nothing."""

    name: str
    """The folder's."""
    frameworks: tuple[str, ...]
    start: Clue[Start] | None
    other_starts: tuple[Clue[Start], ...] = ()
    application: Clue[Application] | None = None
    ready: Clue[str] | None = None
    migrate: Clue[str] | None = None
    other_migrations: tuple[Clue[str], ...] = ()
    storage: Clue[Storage] | None = None
    stored_file: Clue[str] | None = None
    """The SQLite file that the code names, for one that reads no variable to be told another."""
    seed: Clue[Seed] | None = None
    variables: tuple[Clue[tuple[str, str]], ...] = ()
    python: Clue[str] | None = None
    login: Clue[Login] | None = None
    session: Clue[str] | None = None
    """The framework whose own code can sign a user of the copied database in."""
    door: Clue[str] | None = None
    """The header by which somebody is let in, where no route signs anybody in."""
    tables: Clue[str] | None = None
    """Where the code makes its own tables."""
    hosts: tuple[Clue[str], ...] = ()
    """Of the outside world, named by the code."""
    redis: Clue[str] | None = None
    other_companions: tuple[Clue[str], ...] = ()
    tests: Clue[str] | None = None
    """The command that runs the target's own tests."""
    absent: tuple[Clue[str], ...] = ()
    """Settings files to be made from an example."""
    complete: bool = True
    """False when the tree has more files than are looked at."""
    unread: tuple[tuple[str, str], ...] = ()
    """Python files that could not be read, each with the reason: what they say of running it is not known."""


def propose(
    tree: Tree,
    project: Project,
    entries: Sequence[EntryPoint],
    /,
    *,
    unread: tuple[tuple[str, str], ...] = (),
    env: Mapping[str, str] = os.environ,
) -> Proposal:
    """Reads the tree's files and its indexed code.

    `unread` are the files that the index could not read, with the reasons; `env` is the user's environment.
    """
    composed = services(tree)
    known = samples(tree, composed)
    written = statements(tree, composed)
    trust = trusts(tree, written)
    objects = applications(project)
    ways = starts(tree, written, trust)
    made = tuple(
        Clue(
            served(clue.value),
            clue.place,
            clue.confidence,
            "nothing in the tree says which server production uses",
        )
        for clue in objects[:1]
    )
    start = best((*ways, *made))
    cwd = start.value.cwd if start else "."
    read = tuple(each for each in reads(project) if _concerns(each, start))
    migrating = migrations(tree, written, trust, cwd=cwd)
    seed = best(seeds(tree, written, trust, cwd=cwd))
    migrate = _unless_it_fills(best(migrating), seed)
    commands = [*([migrate.value] if migrate else []), *([seed.value.command] if seed else [])]
    flask = flask_variable(commands, start, known)
    path = import_path(tree, commands, cwd=cwd)
    stored = storage(project, read, composed, known)
    chosen = chosen_configuration(project, read, stored.value.url_env if stored else None)
    told = _told(stored) | ({chosen.value[0]} if chosen else set())
    frameworks = tuple(sorted({entry.framework for entry in entries if entry.kind == "http"}))
    packages = tuple(PACKAGE_OF[name] for name in frameworks if name in PACKAGE_OF)
    return Proposal(
        name=tree.root.name,
        frameworks=frameworks,
        start=start,
        other_starts=tuple(clue for clue in ways if clue is not start and clue.confidence >= _WORTH_A_LOOK)[
            :_OTHER_STARTS
        ],
        application=objects[0] if objects else None,
        ready=best(health_paths(tree, entries, composed)),
        migrate=migrate,
        other_migrations=_others(migrating, seed),
        storage=stored,
        stored_file=stored_file(project, cwd=cwd) if keeps_its_own_place(stored) else None,
        login=best(logins(project, entries)),
        session=session_of(tree),
        door=door_header(tree),
        tables=made_tables(tree),
        hosts=outside_hosts(tree),
        seed=seed,
        variables=(
            *((settings,) if (settings := settings_variable(tree, project, known)) else ()),
            *((flask,) if flask else ()),
            *((chosen,) if chosen else ()),
            *((path,) if path else ()),
            *switches(project, read),
            *needed_variables(read, known, told=told | {VARIABLE, FLASK_VARIABLE, IMPORT_VARIABLE}),
        ),
        python=best(interpreters(tree.root, env, packages=packages, cwd=cwd)),
        redis=needs_redis(tree, composed, read),
        other_companions=other_companions(composed),
        tests=tests(tree, cwd=cwd),
        absent=absent_settings(tree),
        complete=tree.complete,
        unread=unread,
    )


def keeps_its_own_place(stored: Clue[Storage] | None, /) -> bool:
    """Whether it stores in an SQLite file and reads no variable to be told where."""
    if stored is None or stored.value.engine is not Engine.SQLITE:
        return False
    return stored.value.url_env is None and not stored.value.env


def _unless_it_fills(migrate: Clue[str] | None, seed: Clue[Seed] | None) -> Clue[str] | None:
    """One command that makes the tables and fills them is run once."""
    return (
        None if migrate is not None and seed is not None and migrate.value == seed.value.command else migrate
    )


def _others(migrating: Sequence[Clue[str]], seed: Clue[Seed] | None) -> tuple[Clue[str], ...]:
    filling = seed.value.command if seed else ""
    plausible = [clue for clue in migrating[1:] if clue.confidence >= _PLAUSIBLE and clue.value != filling]
    return tuple(plausible[:_OTHER_STARTS])


def _concerns(read: Read, start: Clue[Start] | None) -> bool:
    """Not what the settings of another server process read."""
    if not _SERVER_SETTINGS.search(read.place):
        return True
    name = read.place.rpartition(":")[0].rpartition("/")[2]
    return name == "gunicorn.conf.py" or (start is not None and name in start.value.command)


def _told(stored: Clue[Storage] | None) -> frozenset[str]:
    if stored is None:
        return frozenset()
    return frozenset({stored.value.url_env or "", *(name for name, _ in stored.value.env)})
