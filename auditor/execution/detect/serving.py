"""Which commands start a web server, and how each says where it listens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.wrappers import unwrapped

LISTEN: Final = "127.0.0.1:{port}"

_APP: Final = re.compile(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*(?:\(.*\))?)?")
_VARIABLE: Final = re.compile(r"\$\w+")


@dataclass(frozen=True, slots=True)
class Server:
    """What the command line of one server program looks like."""

    listen: tuple[str, ...]
    """Words that make it listen at the port given."""
    dropped: frozenset[str]
    """Options with a value that say where it listens, or that make no sense in a jail."""
    flags: frozenset[str] = frozenset()
    """Options without a value."""
    dropped_flags: frozenset[str] = frozenset()
    folder_options: frozenset[str] = frozenset()
    """Options whose value is a folder to import from."""
    command_words: tuple[str, ...] = ()
    """What follows the program's name (`flask run`)."""
    development: bool = False
    """Meant for a developer's machine."""
    needs_app: bool = True
    """Nothing can be served without naming the application (there, or in a file of settings)."""


_GUNICORN: Final = Server(
    listen=("--bind", LISTEN),
    dropped=frozenset(
        "-b --bind -p --pid -u --user -g --group --worker-tmp-dir --certfile --keyfile --ca-certs --log-file"
        " --access-logfile --access-logformat --error-logfile --statsd-host --forwarded-allow-ips".split()
    ),
    flags=frozenset(
        "--preload --no-sendfile --capture-output --enable-stdio-inheritance -R --reuse-port --log-syslog --initgroups"
        " --proxy-protocol --no-control-socket --control-socket-disable".split()
    ),
    dropped_flags=frozenset("--reload -D --daemon --spew --check-config --print-config".split()),
    folder_options=frozenset({"--chdir", "--pythonpath"}),
)
_UVICORN: Final = Server(
    listen=("--host", "127.0.0.1", "--port", "{port}"),
    dropped=frozenset(
        "--host --port --uds --fd --reload-dir --reload-include --reload-exclude --reload-delay --ssl-keyfile"
        " --ssl-certfile --ssl-ca-certs --env-file --forwarded-allow-ips".split()
    ),
    flags=frozenset(
        "--factory --use-colors --no-use-colors --proxy-headers --no-proxy-headers --server-header --no-server-header"
        " --date-header --no-date-header --access-log --no-access-log".split()
    ),
    dropped_flags=frozenset({"--reload"}),
    folder_options=frozenset({"--app-dir"}),
)
SERVERS: Final = {
    "gunicorn": _GUNICORN,
    "uvicorn": _UVICORN,
    "hypercorn": Server(
        listen=("--bind", LISTEN),
        dropped=frozenset(
            "-b --bind --insecure-bind --quic-bind --certfile --keyfile --pid -u --user -g --group".split()
        ),
        dropped_flags=frozenset({"--reload", "--debug", "--daemon"}),
    ),
    "daphne": Server(
        listen=("-b", "127.0.0.1", "-p", "{port}"),
        dropped=frozenset("-b --bind -p --port -u --unix-socket --fd -e --endpoint --access-log".split()),
        flags=frozenset({"--proxy-headers", "--no-server-name"}),
    ),
    "granian": Server(
        listen=("--host", "127.0.0.1", "--port", "{port}"),
        dropped=frozenset(
            "--host --port --uds --ssl-certificate --ssl-keyfile --pid-file --working-dir".split()
        ),
        flags=frozenset(
            "--ws --no-ws --access-log --no-access-log --factory --respawn-failed-workers --no-respawn-failed-workers"
            " --log --no-log".split()
        ),
        dropped_flags=frozenset({"--reload", "--no-reload"}),
    ),
    "waitress-serve": Server(
        listen=(f"--listen={LISTEN}",),
        dropped=frozenset("--listen --host --port --unix-socket".split()),
        flags=frozenset({"--call", "--no-ipv6", "--ipv6", "--no-ipv4", "--ipv4"}),
        dropped_flags=frozenset({"--expose-tracebacks"}),
    ),
    "uwsgi": Server(
        listen=("--http-socket", LISTEN),
        dropped=frozenset(
            "--http --http-socket --socket -s --uwsgi-socket --pidfile --daemonize --uid --gid --chown-socket"
            " --chmod-socket --stats --logto --venv --virtualenv -H".split()
        ),
        flags=frozenset(
            "--master --enable-threads --lazy-apps --die-on-term --need-app --vacuum --single-interpreter"
            " --http-auto-chunked --http-keepalive --thunder-lock --py-call-osafterfork --disable-logging".split()
        ),
        folder_options=frozenset({"--chdir", "--pythonpath", "--python-path", "--pp"}),
        needs_app=False,
    ),
    "fastapi": Server(
        listen=("--host", "127.0.0.1", "--port", "{port}"),
        dropped=frozenset({"--host", "--port"}),
        flags=frozenset({"--proxy-headers", "--no-proxy-headers"}),
        dropped_flags=frozenset({"--reload", "--no-reload"}),
        command_words=("run",),
        needs_app=False,
    ),
    "flask": Server(
        listen=("--host", "127.0.0.1", "--port", "{port}", "--no-reload", "--no-debugger"),
        dropped=frozenset("-h --host -p --port --cert --key --extra-files".split()),
        flags=frozenset("--with-threads --without-threads".split()),
        dropped_flags=frozenset("--reload --no-reload --debugger --no-debugger --debug --no-debug".split()),
        command_words=("run",),
        development=True,
        needs_app=False,
    ),
    "manage.py": Server(
        listen=(LISTEN, "--noreload"),
        dropped=frozenset({"--cert", "--cert-file", "--key-file"}),
        flags=frozenset(
            "--insecure --nothreading --nostatic --noreload --skip-checks --no-color --traceback".split()
        ),
        command_words=("runserver",),
        development=True,
        needs_app=False,
    ),
}
"""By the name of the program; `manage.py` stands for Django's own server."""
_NAMES_APP: Final = frozenset(
    "--paste --paster -c --config --ini --wsgi-file --file -w --module --wsgi".split()
)


@dataclass(frozen=True, slots=True)
class Serving:
    """A command that starts a web server."""

    server: str
    """Of `SERVERS`."""
    app: str | None
    """``module:name`` as it stands in the command; None when a file of settings names it."""
    words: tuple[str, ...]
    """The command, listening where ``{port}`` says, without what makes no sense in a jail."""
    folders: tuple[str, ...]
    """Folders that the command imports from, as it names them."""
    development: bool
    notes: tuple[str, ...]
    """What was left out, and why."""


def serving(words: tuple[str, ...], /) -> Serving | None:
    """The web server that a command starts; None when it starts none."""
    inner = unwrapped(words)
    found = _program(inner)
    if found is None:
        return None
    name, start, rest = found
    server = SERVERS[name]
    kept, folders, notes, app, reloads = [], [], [], None, False
    named = not server.needs_app
    options = _options(rest, server)
    for option, value in options:
        if option is None:
            if name == "manage.py" and re.fullmatch(r"[\d.:\[\]]+|\$\w+(:\S+)?|\S+:\$?\w+", value):
                continue
            if app is None and _APP.fullmatch(value):
                app = value
            elif not re.fullmatch(r"[\w./()=:,'\"-]+", value):
                notes.append(f"left out `{value}`")
                continue
            kept.append(value)
        elif option in server.dropped_flags:
            reloads |= "reload" in option or "debug" in option
        elif option in server.folder_options:
            folders.append(value)
        elif option not in server.dropped:
            named |= option in _NAMES_APP
            if value and _VARIABLE.search(value):
                notes.append(f"left out {option}: {value} is set nowhere here")
            else:
                kept.extend(_rejoined(option, value, rest))
    if app is None and not named:
        return None
    return Serving(
        server=name,
        app=app,
        words=(*start, *kept, *server.listen),
        folders=tuple(folders),
        development=server.development or reloads,
        notes=tuple(notes),
    )


def _program(words: tuple[str, ...]) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The server's name, the words that start it, and the words after them."""
    if not words:
        return None
    first = words[0].rpartition("/")[2]
    at = 1
    start: tuple[str, ...] = (first,)
    if re.fullmatch(r"python[\d.]*", first):
        if words[1:2] == ("-m",):
            first, at = (words[2] if len(words) > 2 else ""), 3
            start = ("python", "-m", first)
        elif len(words) > 1 and words[1].endswith("manage.py"):
            first, at = "manage.py", 2
            start = ("python", words[1])
    elif first == "manage.py":
        start = ("python", words[0])
    elif first in {"django-admin", "django-admin.py"}:
        first, start = "manage.py", ("django-admin",)
    first = {"waitress": "waitress-serve", "gunicorn.app.wsgiapp": "gunicorn"}.get(first, first)
    server = SERVERS.get(first)
    if server is None:
        return None
    rest = words[at:]
    if not server.command_words:
        return first, start, rest
    verb = server.command_words[0]
    if first == "fastapi":
        return None if rest[:1] != ("run",) else (first, (*start, "run"), rest[1:])
    if verb not in rest:
        return None
    where = rest.index(verb)
    before = rest[:where]
    if any(not word.startswith("-") and not rest[at - 1].startswith("-") for at, word in enumerate(before)):
        return None
    return first, (*start, *before, verb), rest[where + 1 :]


def _options(words: tuple[str, ...], server: Server) -> Iterator[tuple[str | None, str]]:
    """Each option with its value (empty for flags), and positional words with None."""
    at = 0
    flags = server.flags | server.dropped_flags
    while at < len(words):
        word = words[at]
        at += 1
        if not word.startswith("-") or word in {"-", "--"}:
            if word != "--":
                yield None, word
        elif word.startswith("--") and "=" in word:
            option, _, value = word.partition("=")
            yield option, value
        elif word in flags:
            yield word, ""
        elif not word.startswith("--") and len(word) > 2:
            yield word[:2], word[2:]
        elif (
            at < len(words)
            and not words[at].startswith("--")
            and (words[at] == "-" or not words[at].startswith("-"))
        ):
            yield word, words[at]
            at += 1
        else:
            yield word, ""


def _rejoined(option: str, value: str, original: tuple[str, ...]) -> tuple[str, ...]:
    """The option as it was written."""
    if not value:
        return (option,)
    for form in (f"{option}={value}", f"{option}{value}"):
        if form in original:
            return (form,)
    return (option, value)
