"""A proposal as the text of an ``auditor.toml``: every value with its source, what is missing as a comment."""

import json
from collections.abc import Iterator
from typing import Final

from auditor.config.boot import DEFAULT_PORT
from auditor.config.database import Engine
from auditor.execution.detect.clue import SURE, Clue
from auditor.execution.detect.login import Login
from auditor.execution.detect.proposal import Proposal, keeps_its_own_place
from auditor.model.text import clean, shorten

_USABLE: Final = 0.4
"""Below that a value is written as a comment."""
_BESIDE: Final = 96
"""A comment that would go further right stands above its line."""
_LIKELY: Final = 0.6
_MADE_UP: Final = 20
_FOUND_BY_ITSELF: Final = (".venv", "venv", "env")

_HEAD: Final = """\
# How auditor starts {name}, fills its database, and signs in. Written by `auditor init`; the comment beside
# a value says where it was found. Secrets don't belong in it: write env:NAME, and hand NAME over.
"""


def settings_text(proposal: Proposal, /) -> str:
    """The file, ready to be written; it is valid whatever the tree holds."""
    sections = (
        [_HEAD.format(name=_comment(proposal.name, 60))],
        _boot(proposal),
        _database(proposal),
        _services(proposal),
        _identities(proposal),
        _workload(),
        _tests(proposal),
    )
    return "\n".join("\n".join(lines).rstrip("\n") + "\n" for lines in map(list, sections))


def missing(proposal: Proposal, /) -> tuple[tuple[str, str], ...]:
    """Keys that nothing in the tree tells, each with what to write there."""
    found = []
    if proposal.start is None or proposal.start.confidence < _USABLE:
        found.append(
            (
                "boot.command",
                'what production runs: command = "gunicorn package.wsgi:app --bind 127.0.0.1:{port}"',
            )
        )
    if proposal.storage is None or proposal.storage.value.engine is Engine.NONE:
        found.append(
            ("database.engine", 'engine = "sqlite", "postgresql", or "none" when it has no database')
        )
    elif proposal.migrate is None and proposal.tables is None:
        found.append(("boot.migrate", "what makes the tables of an empty database"))
    if proposal.stored_file is None and keeps_its_own_place(proposal.storage):
        found.append(("database.path", 'the file that it keeps its data in: path = "db.sqlite3"'))
    if proposal.seed is None and proposal.storage is not None:
        found.append(("database.seed", "a command that fills it with data worth measuring"))
    if proposal.ready is None:
        found.append(("boot.ready", "no health path was found: an open port counts as ready"))
    found.extend((clue.value, f"make it from {clue.place}") for clue in proposal.absent)
    return tuple(found)


def _boot(proposal: Proposal) -> Iterator[str]:
    yield "[boot]"
    start = proposal.start
    if start is None:
        yield '# command = "gunicorn package.wsgi:app --bind 127.0.0.1:{port}"  # not found: what production runs'
    else:
        yield from _line("command", start.value.command, start)
        if start.value.development:
            yield "# ^ a development server: figures of another server than production's say little"
        for other in proposal.other_starts:
            yield from _line("command", other.value.command, other, off=True, label="or ")
        if start.value.cwd != ".":
            yield from _line("cwd", start.value.cwd, None)
    yield from (
        _line("ready", proposal.ready.value, proposal.ready)
        if proposal.ready
        else ('# ready = "/health"  # not found: an open port counts as ready',)
    )
    if proposal.migrate is not None:
        yield from _line("migrate", proposal.migrate.value, proposal.migrate)
        for way in proposal.other_migrations:
            yield from _line("migrate", way.value, way, off=True, label="or ")
    elif proposal.storage is not None:
        none = (
            "not found: what makes the tables of an empty database"
            if proposal.tables is None
            else f"{_comment(proposal.tables.place)} makes the tables that are not there"
        )
        yield f'# migrate = "…"  # {none}'
    yield from _python(proposal)
    yield f"# port = {DEFAULT_PORT}  # {{port}} of the command; the jail's loopback is its own"
    if proposal.variables:
        yield ""
        yield "[boot.env]"
        for clue in proposal.variables:
            name, value = clue.value
            yield from _line(name, value, Clue(value, clue.place, 1.0, clue.note))


def _python(proposal: Proposal) -> Iterator[str]:
    clue = proposal.python
    if clue is None or clue.confidence < _USABLE:
        lacks = f"; {clue.value} {clue.note}" if clue is not None and clue.note else ""
        yield f'# python = ".venv"  # no environment has its packages{_comment(lacks)}'
    else:
        yield from _line(
            "python", clue.value, clue, off=clue.value in _FOUND_BY_ITSELF or clue.place == "VIRTUAL_ENV"
        )


def _database(proposal: Proposal) -> Iterator[str]:
    yield "[database]"
    clue = proposal.storage
    if clue is None or clue.value.engine is Engine.NONE:
        said = f"{clue.place}; {clue.note}" if clue else "no database was found"
        yield f'engine = "none"  # {_comment(said)}'
        return
    stored = clue.value
    yield from _line("engine", stored.engine.value, clue)
    if stored.url_env:
        yield from _line("url_env", stored.url_env, None, off=stored.url_env == "DATABASE_URL")
    if stored.scheme:
        tail = "/{path}" if stored.engine is Engine.SQLITE else "{user}:{password}@{host}:{port}/{name}"
        yield from _line("url", f"{stored.scheme}://{tail}", None)
    if proposal.stored_file is not None:
        yield from _line("path", proposal.stored_file.value, proposal.stored_file)
    elif keeps_its_own_place(clue):
        yield '# path = "db.sqlite3"  # not found: the file in which the code keeps its data, as no variable tells it another'
    seed = proposal.seed
    if seed is None:
        yield '# seed = "…"  # not found: a command that makes rows worth measuring, with {scale} in it as many as are asked for'
        if proposal.migrate is not None:
            yield f"made_up = {_MADE_UP}  # so many rows of each table are made up until a seed is named: real ones say more"
            yield "full = 10  # for timing"
    else:
        yield from _line("seed", seed.value.command, seed)
        if "{scale}" in seed.value.command:
            yield "small = 1  # for contract, edges and counts"
            full = seed.value.full
            yield (
                f"full = {full}  # for timing; what the command takes by itself"
                if full and full > 1
                else ("# full = 10  # for timing")
            )
    if stored.env:
        yield ""
        yield "[database.env]"
        for name, value in stored.env:
            yield from _line(name, value, None)


def _services(proposal: Proposal) -> Iterator[str]:
    if proposal.redis is not None:
        yield f"[[service]]  # {_comment(proposal.redis.place)}"
        yield 'name = "redis"'
        yield "command = \"redis-server --port {port} --save '' --appendonly no\""
        yield "port = 6379"
        if proposal.other_companions:
            yield ""
    for other in proposal.other_companions:
        yield f"# {_comment(other.place)} starts {_comment(other.value)}, too. If requests need it: [[service]], or [[outside]]"
        yield "# for a host that answers from written responses."
    if proposal.redis is None and not proposal.other_companions:
        yield "# [[service]]  # a companion process beside the application"
        yield '# name = "redis"'
        yield '# command = "redis-server --port {port}"'
        yield "# port = 6379"
    yield ""
    yield "# [[outside]]  # a host of the outside world, answered from what stands here; the jail has no network"
    if not proposal.hosts:
        yield '# host = "api.example.com"'
        yield '# delay = "120ms"'
        yield '# responses = [{ path = "/v1/*", json = {} }]'
    for at, host in enumerate(proposal.hosts):
        if at:
            yield "# [[outside]]"
        yield f"# host = {quoted(host.value)}  # {_comment(host.place)}"
        yield '# delay = "120ms"'
        yield '# responses = [{ path = "/*", json = {} }]'


def _identities(proposal: Proposal) -> Iterator[str]:
    login = proposal.login
    if proposal.session is not None:
        place, framework = _comment(proposal.session.place), proposal.session.value
        yield f"[[identity]]  # {place} lets people sign in: requests are sent as one of them, and as nobody"
        yield 'name = "member"'
        yield f"# A user of the copied database, signed in there by {framework} itself: no password is needed."
        yield f"session = {quoted(framework)}"
        yield '# user = "…"  # who; else the first who may do everything, or one made for it'
        return
    if signs_in_by_route(proposal):
        yield f"[[identity]]  # {_comment(login.place if login else '')} signs people in: requests are sent as one of them, and as nobody"
        yield 'name = "member"'
        yield "# A user of the copied database gets a password there, or one signs up; the route then signs them in."
        yield 'session = "fastapi"'
        yield '# user = "…"  # who; else the first who may do everything, or one made for it'
        yield "# or instead of session:"
        yield _login_line(login)
        return
    yield "# [[identity]]  # as whom requests are sent; the workload names it in `as`"
    yield '# name = "member"'
    if "fastapi" in proposal.frameworks and proposal.storage is not None:
        yield '# session = "fastapi"  # a user of the copied database is given a password there and signed in by the route; else:'
    if login is None and proposal.door is not None:
        yield f"# {_comment(proposal.door.place)} reads who asks:"
        yield f'# headers = {{ {quoted(proposal.door.value)} = "env:MEMBER_KEY" }}'
        return
    if login is not None:
        yield f"# {_comment(login.place)} signs somebody in:"
    yield _login_line(login)


def signs_in_by_route(proposal: Proposal, /) -> bool:
    """Whether FastAPI's own route is known to sign people in, whom the copied database knows."""
    login, stored = proposal.login, proposal.storage
    return (
        "fastapi" in proposal.frameworks
        and proposal.session is None
        and login is not None
        and login.confidence >= _LIKELY
        and stored is not None
        and stored.value.engine is not Engine.NONE
    )


def _login_line(login: Clue[Login] | None) -> str:
    said = login.value if login else Login("/login", "email")
    sent = f'{{ {said.field} = "…", {said.sent_as} = "env:MEMBER_PASSWORD" }}'
    how = "form" if said.form else "json"
    return f'# login = {{ path = {quoted(said.path)}, {how} = {sent}, token = "$.{said.answered_as}" }}'


def _workload() -> Iterator[str]:
    yield "# [workload]"
    yield '# file = "requests.jsonl"  # without it, requests are made from the routes'
    yield '# skip = ["POST /admin/*"]  # never called'


def _tests(proposal: Proposal) -> Iterator[str]:
    clue = proposal.tests
    if clue is None or clue.confidence < _USABLE:
        yield "# [tests]"
        yield '# command = "python -m pytest"  # not found: what tests the application; changes are held to it'
        return
    yield "[tests]"
    yield from _line("command", clue.value, clue)


def _line(
    key: str, value: str, clue: Clue[object] | None, /, *, off: bool = False, label: str = ""
) -> Iterator[str]:
    """A key and its value, with the source beside or above it; a comment where it is not sure enough."""
    off = off or (clue is not None and clue.confidence < _USABLE)
    told = []
    if clue is not None:
        told = [label + clue.place, *([clue.note] if clue.note else [])]
        if clue.confidence < SURE and not off:
            told.append("check it")
    comment = _comment("; ".join(told))
    text = f"{'# ' if off else ''}{key} = {quoted(value)}"
    if comment and len(text) + len(comment) > _BESIDE:
        yield f"# {comment}:"
        yield text
    else:
        yield f"{text}  # {comment}" if comment else text


def quoted(value: str, /) -> str:
    """A TOML string on one line."""
    return json.dumps(clean(value), ensure_ascii=False)


def _comment(text: str, limit: int = 160) -> str:
    return shorten(clean(text), limit)
