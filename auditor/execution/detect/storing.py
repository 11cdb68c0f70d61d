"""Which database the target stores its data in, and which variables say where it is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from auditor.config.database import Engine
from auditor.execution.detect.clue import Clue
from auditor.execution.detect.compose import Service
from auditor.execution.detect.reading import COMPUTED, Read, dotted
from auditor.execution.detect.samples import Sample
from auditor.index import ir
from auditor.index.project import Project

_URL: Final = re.compile(
    r"(?:[A-Z]\w*_)?(?:DATABASE|DB|SQLALCHEMY_DATABASE|POSTGRES(?:QL)?|PG|SQLALCHEMY|SQL)_?(?:URL|URI|DSN|CONNECTION(?:_STRING)?)"
)
_PARTS: Final = re.compile(
    r"(?P<prefix>(?:[A-Z]\w*_)?(?:DATABASE|DB|POSTGRES(?:QL)?|PG|PSQL|SQL|RDS)|PG)_{0,2}(?P<part>HOST(?:NAME)?|ADDR(?:ESS)?|SERVER|PORT|NAME|DB|DATABASE|DBNAME"
    r"|USER(?:NAME)?|PASSWORD|PASS|PWD)"
)
_PLACEHOLDER_OF: Final = {
    "HOST": "host", "HOSTNAME": "host", "SERVER": "host", "ADDR": "host", "ADDRESS": "host", "PORT": "port", "NAME": "name", "DB": "name",
    "DATABASE": "name", "DBNAME": "name", "USER": "user", "USERNAME": "user", "PASSWORD": "password", "PASS": "password",
    "PWD": "password",
}  # fmt: skip
_OF_POSTGRESQL: Final = re.compile(r"(?:[A-Z]\w*_)?(?:POSTGRES(?:QL)?|PSQL|PG)_?[A-Z]+$")
_KIND: Final = re.compile(
    r"(?:[A-Z]\w*_)?(?:DATABASE|DB|SQL)_?(?:ENGINE|TYPE|BACKEND|ADAPTER|DIALECT|VENDOR|KIND)"
)
_DJANGO: Final = "django.db.backends."
_ELSEWHERE: Final = re.compile(
    r"REPLICA|READ_?ONLY|_RO_|TEST|REPORT|SLAVE|REDIS|CLICKHOUSE|MONGO|LEGACY|ARCHIVE|_READ_"
)
_SCHEME: Final = re.compile(
    r"(?P<scheme>(?P<engine>sqlite|postgres(?:ql)?|postgis|mysql|mariadb|spatialite)(?:\+\w+)?):/"
    r"(?:(?<=sqlite:/)|/[\w@:{%$\[]|//)"
)
"""A server's scheme with something behind it: what only replaces one scheme by another is no address."""
_ENGINE_OF: Final = {
    "sqlite": Engine.SQLITE, "sqlite3": Engine.SQLITE, "spatialite": Engine.SQLITE, "postgres": Engine.POSTGRESQL,
    "postgresql": Engine.POSTGRESQL, "postgis": Engine.POSTGRESQL, "postgresql_psycopg2": Engine.POSTGRESQL,
}  # fmt: skip
_NAMES_OF_POSTGRESQL: Final = frozenset(
    "postgres postgresql postgresql_psycopg2 django.db.backends.postgresql django.db.backends.postgresql_psycopg2".split()
)
_IMAGE: Final = re.compile(
    r"(?:^|/)(?P<name>postgres|postgis|timescaledb|pgvector|mysql|mariadb|percona)(?:[:@/-]|$)"
)
_OTHERS: Final = frozenset({"mysql", "mariadb", "percona"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where the data is."""

    engine: Engine
    url_env: str | None
    """None when the code reads no URL from a variable."""
    scheme: str | None
    """Of the URL, where the code needs another than the engine's usual one: ``postgresql+asyncpg``."""
    env: tuple[tuple[str, str], ...]
    """Variables for the parts, with placeholders of `auditor.config.database`."""


@dataclass(slots=True)
class _Evidence:
    engines: list[Clue[Engine]] = field(default_factory=list)
    others: list[Clue[str]] = field(default_factory=list)
    """Engines that no copy can be made of."""
    schemes: list[Clue[str]] = field(default_factory=list)


def storage(
    project: Project,
    found: Sequence[Read],
    composed: Sequence[Service],
    known: Mapping[str, Sample],
    /,
) -> Clue[Storage] | None:
    """The database; None when nothing speaks of one."""
    url = _url_variable(found, known)
    evidence = _Evidence()
    _from_compose(composed, evidence)
    if url is not None:
        _from_variable(url, known, evidence)
    _from_code(project, evidence)
    parts = _parts(found, known)
    if not evidence.engines and not evidence.others:
        evidence.engines += _of_names(found, parts)
    best = max(evidence.engines, key=lambda clue: clue.confidence, default=None)
    other = max(evidence.others, key=lambda clue: clue.confidence, default=None)
    if best is None:
        nothing = Storage(engine=Engine.NONE, url_env=None, scheme=None, env=())
        return (
            Clue(nothing, other.place, 0.3, f"{other.value}: no copy can be made of one") if other else None
        )
    note = (
        f"{other.value} ({other.place}) can't be copied; {best.value} is what the code takes too"
        if other and other.confidence > best.confidence
        else ""
    )
    schemes = [clue for clue in evidence.schemes if _engine(clue.value) is best.value]
    scheme = max(schemes, key=lambda clue: clue.confidence).value if schemes else None
    return Clue(
        Storage(
            engine=best.value,
            url_env=url.name if url else None,
            scheme=scheme if scheme and "+" in scheme else None,
            env=(*_choice(project, found, known), *parts)
            if best.value is Engine.POSTGRESQL
            else _file_variable(project, found)
            if url is None
            else (),
        ),
        best.place,
        round(best.confidence * (0.8 if url is None and not parts else 1.0), 2),
        note,
    )


def _url_variable(found: Sequence[Read], known: Mapping[str, Sample]) -> Read | None:
    names = [read for read in found if _is_url(read.name)]
    # Read by a settings library of the project's own: a compose file or an example names it all the same.
    names += (
        []
        if names
        else [Read(name, "", each.place, True, "url") for name, each in known.items() if _is_url(name)]
    )
    # A project's own prefix says more than the general name that it falls back to.
    return min(
        names,
        key=lambda read: (read.name not in known, read.name == "DATABASE_URL", read.place),
        default=None,
    )


def _is_url(name: str) -> bool:
    return _URL.fullmatch(name) is not None and _ELSEWHERE.search(name) is None


def _choice(
    project: Project, found: Sequence[Read], known: Mapping[str, Sample]
) -> tuple[tuple[str, str], ...]:
    """Variables that choose the engine: `DB=postgres`."""
    chosen = {
        read.name: known[read.name].value
        for read in found
        if _PARTS.fullmatch(read.name) is None
        and read.name in known
        and known[read.name].value in _NAMES_OF_POSTGRESQL
    }
    for read in found:
        value = (
            _asked_of(project, read)
            if _KIND.fullmatch(read.name) and not _ELSEWHERE.search(read.name)
            else ""
        )
        if value:
            chosen.setdefault(read.name, value)
    return tuple(sorted(chosen.items()))


def _asked_of(project: Project, read: Read) -> str:
    """What the file that reads it compares a variable like `DB_ENGINE` with for PostgreSQL, or takes as Django's ENGINE."""
    module = project.by_path.get(read.place.rpartition(":")[0])
    stack = list(module.body) if module is not None else []
    django = False
    while stack:
        node = stack.pop()
        if node[0] == ir.CMP:
            names = [
                part[2] for part in _inner(node) if part[0] == ir.CONST and part[2] in _NAMES_OF_POSTGRESQL
            ]
            if names:
                return str(names[0])
        if node[0] == ir.FSTR and node[2].startswith(_DJANGO):
            return "postgresql"
        django |= node[0] == ir.CONST and isinstance(node[2], str) and node[2].startswith(_DJANGO)
        stack.extend(_inner(node))
    return f"{_DJANGO}postgresql" if django and (read.default or "").startswith((_DJANGO, COMPUTED)) else ""


def _parts(found: Sequence[Read], known: Mapping[str, Sample]) -> tuple[tuple[str, str], ...]:
    """Variables for the parts of one database, each with its placeholder.

    Those of an example file count where the code reads another part of the same set: a password is often read
    by a function of the project's own.
    """
    by_prefix: dict[str, dict[str, str]] = {}
    read_ones = {read.name for read in found}
    for name in (*sorted(read_ones), *sorted(set(known) - read_ones)):
        match = _PARTS.fullmatch(name)
        if match and not _ELSEWHERE.search(name) and (name in read_ones or match["prefix"] in by_prefix):
            by_prefix.setdefault(match["prefix"], {})[name] = f"{{{_PLACEHOLDER_OF[match['part']]}}}"
    main = max(by_prefix.values(), key=lambda values: len(set(values.values())), default={})
    if len(set(main.values())) < 2:
        return ()
    # PGPORT beside POSTGRES_USER: one database, spelt in two ways.
    libpq = {name: value for name, value in by_prefix.get("PG", {}).items() if value not in main.values()}
    return tuple(sorted({**main, **libpq}.items()))


def _of_names(found: Sequence[Read], parts: Sequence[tuple[str, str]]) -> list[Clue[Engine]]:
    """What the variables for its parts are called, where nothing else speaks of an engine: `POSTGRES_HOST` beside `POSTGRES_USER`."""
    named = {
        name
        for name, value in parts
        if _OF_POSTGRESQL.match(name) and value in {"{host}", "{user}", "{name}"}
    }
    reads = [read for read in found if read.name in named]
    several = len({read.name for read in reads}) > 1
    return [Clue(Engine.POSTGRESQL, reads[0].place, 0.6)] if several else []


def _file_variable(project: Project, found: Sequence[Read]) -> tuple[tuple[str, str], ...]:
    """The variable that Django's settings read the place of an SQLite file from: `"NAME": os.environ.get("DB_PATH", …)`."""
    for module in project.modules:
        own = {read.name for read in found if read.place.rpartition(":")[0] == module.path}
        if not own or module.role not in {"app", "config"}:
            continue
        stack = list(module.body)
        while stack:
            node = stack.pop()
            if node[0] == ir.DICT:
                values = {key[2]: value for key, value in node[2] if key is not None and key[0] == ir.CONST}
                match values.get("ENGINE"), values.get("NAME"):
                    case (ir.CONST, _, str(engine)), (ir.CALL, _, _, ((ir.CONST, _, str(name)), *_), _) if (
                        engine.endswith("sqlite3") and name in own
                    ):
                        return ((name, "{path}"),)
            if node[0] != ir.DEF:
                stack.extend(_inner(node))
    return ()


def _from_compose(composed: Sequence[Service], evidence: _Evidence) -> None:
    for service in composed:
        match = _IMAGE.search(service.image)
        if match is None:
            continue
        clue = 0.85 - 0.05 * service.file.count("/")
        if match["name"] in _OTHERS:
            evidence.others.append(Clue(match["name"], service.place, clue))
        else:
            evidence.engines.append(Clue(Engine.POSTGRESQL, service.place, clue))


def _from_variable(url: Read, known: Mapping[str, Sample], evidence: _Evidence) -> None:
    values = [(url.default or "", url.place, 0.7)]
    if url.name in known:
        values.append((known[url.name].value, known[url.name].place, 0.8))
    for value, place, confidence in values:
        _note_url(value, place, confidence, evidence)


def _note_url(value: str, place: str, confidence: float, evidence: _Evidence) -> None:
    match = _SCHEME.match(value)
    if match is None:
        return
    engine = _ENGINE_OF.get(match["engine"])
    if engine is None:
        evidence.others.append(Clue(match["engine"], place, confidence))
    else:
        evidence.engines.append(Clue(engine, place, confidence))
        evidence.schemes.append(Clue(match["scheme"], place, confidence))


def _from_code(project: Project, evidence: _Evidence) -> None:
    """Django's ``ENGINE``, and URLs that stand as constants at the top of a module or a class."""
    for module in project.modules:
        if module.role not in {"app", "config"}:
            continue
        stack = [(statement, 0) for statement in module.body]
        while stack:
            node, depth = stack.pop()
            if node[0] in {ir.CONST, ir.FSTR} and isinstance(node[2], str):
                text, place = node[2], f"{module.path}:{node[1]}"
                if text.startswith((_DJANGO, "django.contrib.gis.db.backends.")):
                    _note_engine(text.rpartition(".")[2], place, evidence)
                else:
                    _note_url(text, place, 0.5, evidence)
            elif (
                node[0] == ir.CALL and dotted(node[2]).rpartition(".")[2] in {"PostgresDsn", "AsyncpgDsn"}
            ) or (node[0] == ir.NAME and node[2] == "PostgresDsn"):
                evidence.engines.append(Clue(Engine.POSTGRESQL, f"{module.path}:{node[1]}", 0.5))
            if node[0] != ir.DEF:
                stack.extend((child, depth + 1) for child in _inner(node))


def _note_engine(name: str, place: str, evidence: _Evidence) -> None:
    engine = _ENGINE_OF.get(name)
    if engine is not None:
        # A settings file that knows both falls back to SQLite.
        evidence.engines.append(Clue(engine, place, 0.75 if engine is Engine.POSTGRESQL else 0.65))
    elif name in _OTHERS:
        evidence.others.append(Clue(name, place, 0.5))


def _engine(scheme: str) -> Engine | None:
    return _ENGINE_OF.get(scheme.partition("+")[0])


def _inner(node: ir.Node) -> list[ir.Node]:
    found, stack = [], [part for part in node[2:] if isinstance(part, tuple)]
    while stack:
        part = stack.pop()
        if part and isinstance(part[0], int) and len(part) > 1 and isinstance(part[1], int):
            found.append(part)
        else:
            stack.extend(each for each in part if isinstance(each, tuple))
    return found
