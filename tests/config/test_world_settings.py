"""The sections of auditor.toml that say how the target runs."""

import pytest

from auditor.config.boot import BootSettings
from auditor.config.budget import BudgetSettings
from auditor.config.database import DatabaseSettings, Engine
from auditor.config.outside import OutsideSettings, ResponseSettings
from auditor.config.target import TargetSettings, parse_target_settings
from auditor.config.workload import WorkloadSettings
from auditor.model.fault import Fault


def parsed(text: str) -> TargetSettings:
    return parse_target_settings(text.encode())


def fault_of(text: str) -> Fault:
    with pytest.raises(Fault) as caught:
        parsed(text)
    assert caught.value.where.startswith("auditor.toml")
    return caught.value


def test_empty_sections_are_the_defaults() -> None:
    settings = parsed("[boot]\n[database]\n[workload]\n[budget]\n")
    assert settings == TargetSettings()
    assert settings.boot == BootSettings(command=None, ready="tcp", ready_timeout_ms=60_000, port=8000)
    assert settings.database.engine is Engine.NONE


def test_boot() -> None:
    boot = parsed("""
[boot]
command = "gunicorn -b 127.0.0.1:{port} wsgi:app"
env = { B = "", A = "env:KEY" }
ready = "/health"
ready_timeout = "2s"
migrate = ["python", "manage.py", "migrate"]
cwd = "src"
python = ".venv"
port = 8080
""").boot
    assert boot.command is not None
    assert boot.command.argv == ("gunicorn", "-b", "127.0.0.1:{port}", "wsgi:app")
    assert boot.migrate is not None
    assert boot.migrate.text == "python manage.py migrate"
    assert boot.env == (("A", "env:KEY"), ("B", ""))
    assert (boot.ready, boot.ready_timeout_ms, boot.cwd) == ("/health", 2000, "src")
    assert (boot.python, boot.port) == (".venv", 8080)


def test_rows_are_made_up_or_seeded() -> None:
    database = parsed("[database]\nengine = 'sqlite'\nmade_up = 20\n").database
    assert (database.made_up, database.scales, database.seed) == (20, True, None)
    fault = fault_of("[database]\nengine = 'sqlite'\nmade_up = 20\nseed = 'make seed'\n")
    assert "that no 'seed' fills" in str(fault)


def test_a_database_of_either_engine() -> None:
    database = parsed("""
[database]
engine = "sqlite"
seed = "python seed.py --scale {scale}"
full = 40
[database.url]
postgresql = "postgresql+psycopg2://{user}@{host}:{port}/{name}"
[database.env]
DB_HOST = "{host}"
""").database
    assert (database.engine, database.url_env, database.small, database.full) == (
        Engine.SQLITE,
        "DATABASE_URL",
        1,
        40,
    )
    assert database.scales
    assert database.url_template(Engine.SQLITE) == "sqlite:///{path}"
    assert database.url_template(Engine.POSTGRESQL) == "postgresql+psycopg2://{user}@{host}:{port}/{name}"
    assert database.env == (("DB_HOST", "{host}"),)


def test_a_url_that_is_a_text_is_the_engines_own() -> None:
    database = parsed("[database]\nengine='postgresql'\nurl='asyncpg://{host}'\nseed='make data'").database
    assert database.url_template(Engine.POSTGRESQL) == "asyncpg://{host}"
    assert database.url_template(Engine.SQLITE) == DatabaseSettings().url_template(Engine.SQLITE)
    assert not database.scales


def test_companions_and_the_outside() -> None:
    settings = parsed("""
[[service]]
name = "redis"
command = "redis-server --port {port}"
port = 6379
[[service]]
name = "worker"
command = "celery -A app worker"
[[outside]]
host = "CRM.example"
port = 8085
delay = "120ms"
[[outside.responses]]
method = "put"
path = "/contacts/*"
status = 204
[[outside.responses]]
json = { ok = true }
[[outside]]
host = "api.example"
responses = "recorded/api.jsonl"
""")
    redis, worker = settings.services
    assert (redis.name, redis.port, redis.ready) == ("redis", 6379, "tcp")
    assert (worker.ready, worker.port) == (None, None)
    assert settings.outside == (
        OutsideSettings(
            host="crm.example",
            port=8085,
            delay_ms=120,
            responses=(
                ResponseSettings(method="PUT", path="/contacts/*", status=204),
                ResponseSettings(json={"ok": True}),
            ),
        ),
        OutsideSettings(host="api.example", file="recorded/api.jsonl"),
    )


def test_identities() -> None:
    by_token, by_cookie, by_form, by_command, by_header, by_session = parsed("""
[[identity]]
name = "token"
login = { path = "/session", json = { password = "env:PW" }, token = "$.data.token" }
[[identity]]
name = "cookie"
login = { path = "/session", form = { user = "ada" }, token = "cookie:sid" }
[[identity]]
name = "form"
login = { path = "/session", form = { user = "ada" } }
[[identity]]
name = "command"
command = "python manage.py token ada"
headers = { X-Token = "{token}" }
[[identity]]
name = "header"
headers = { Authorization = "Bearer {env:TOKEN}" }
[[identity]]
name = "session"
session = "django"
user = "ada"
""").identities
    assert by_token.headers == (("Authorization", "Bearer {token}"),)
    assert by_token.login is not None
    assert (by_token.login.method, by_token.login.json) == ("POST", {"password": "env:PW"})
    assert by_cookie.headers == (("Cookie", "sid={token}"),)
    assert by_form.headers == ()
    assert by_command.headers == (("X-Token", "{token}"),)
    assert by_header.headers == (("Authorization", "Bearer {env:TOKEN}"),)
    assert (by_session.session, by_session.user, by_session.headers) == ("django", "ada", ())


def test_workload_and_budget() -> None:
    settings = parsed("""
[workload]
file = "requests.jsonl"
skip = ["POST /admin/*"]
exclude = ["$.now"]
[budget]
sql = 50
latency_ms = 500
[[budget.endpoint]]
id = "GET /x"
sql = 4
""")
    assert settings.workload == WorkloadSettings(
        file="requests.jsonl", skip=("POST /admin/*",), exclude=("$.now",)
    )
    assert settings.budget.of("GET /x") == (("sql", 4.0), ("latency_ms", 500.0))
    assert settings.budget.of("GET /y") == (("sql", 50.0), ("latency_ms", 500.0))
    assert BudgetSettings().of("GET /x") == ()


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[boot]\ncomand = 'x'", "auditor.toml:2", "unknown key 'boot.comand'"),
        ("[boot]\nport = 0", "auditor.toml:2", "a port from 1 to 65535"),
        ("[boot]\nport = true", "auditor.toml:2", "a port"),
        ("[boot]\ncwd = '../x'", "auditor.toml:2", "inside the tree"),
        ("[boot]\ncwd = '/etc'", "auditor.toml:2", "inside the tree"),
        ("[boot]\nready = 'health'", "auditor.toml:2", "begins with"),
        ("[boot]\nready_timeout = 'soon'", "auditor.toml: boot.ready_timeout", "no length of time"),
        ('[boot]\ncommand = "\'x"', "auditor.toml: boot.command", "split into words"),
        ("[boot]\ncommand = []", "auditor.toml: boot.command", "names no program"),
        ("[boot.env]\nA = 1", "auditor.toml:1", "each a text"),
        ("[database]\nengine = 'postgres'", "auditor.toml:2", "one of sqlite, postgresql, none"),
        ("[database]\nsmall = 5\nfull = 2", "auditor.toml: database", "less than"),
        ("[database]\nurl = 'x://{host}'", "auditor.toml: database", "needs an engine"),
        ("[database]\nengine='sqlite'\nurl = '{pth}'", "auditor.toml: database.url", "{pth}"),
        ("[database.env]\nX = '{hots}'", "auditor.toml: database.env.X", "{hots}"),
        ("[[service]]\ncommand = 'x'", "auditor.toml: service 1", "no 'name'"),
        ("[[service]]\nname = 'x'", "auditor.toml: service 'x'", "no 'command'"),
        (
            "[[service]]\nname='x'\ncommand='y'\nready='tcp'",
            "auditor.toml: service 'x'",
            "no 'port' to ask at",
        ),
        (
            "[[service]]\nname='x'\ncommand='y'\n[[service]]\nname='x'\ncommand='y'",
            "auditor.toml: service",
            "two with the name 'x'",
        ),
        ("[[outside]]\nport = 80", "auditor.toml: outside 1", "no 'host'"),
        ("[[outside]]\nhost = 'http://x/'", "auditor.toml: outside 'http://x/'", "no host name"),
        ("[[outside]]\nhost='x'\n[[outside]]\nhost='X'", "auditor.toml: outside 'x'", "twice"),
        ("[[outside]]\nhost = 'x'\nresponses = '/etc/passwd'", "auditor.toml:3", "inside the tree"),
        ("[[outside]]\nhost = 'x'\n[[outside.responses]]\nstatus = 9", "auditor.toml:4", "a status"),
        ("[[identity]]\nname = 'a'", "auditor.toml: identity 'a'", "says nothing"),
        ("[[identity]]\nname='a'\nlogin={}", "auditor.toml: identity 'a'.login", "no 'path'"),
        ("[[identity]]\nname='a'\nlogin={path='x'}", "auditor.toml", "begins with"),
        ("[[identity]]\nname='a'\nlogin={path='/x',token='token'}", "auditor.toml", "a place like"),
        (
            "[[identity]]\nname='a'\nheaders={X='{token}'}\nlogin={path='/x'}",
            "auditor.toml: identity 'a'",
            "nothing gives",
        ),
        (
            "[[identity]]\nname='a'\ncommand='x'\nlogin={path='/x'}",
            "auditor.toml: identity 'a'",
            "not both",
        ),
        ("[[identity]]\nname='a'\nsession='rails'", "auditor.toml", "one of django, flask-login"),
        ("[[identity]]\nname='a'\nuser='ada'", "auditor.toml: identity 'a'", "without 'session'"),
        (
            "[[identity]]\nname='a'\ncommand='x'\nsession='django'",
            "auditor.toml: identity 'a'",
            "has 'command' or 'session', not both",
        ),
        ("[workload]\nfile = '../x'", "auditor.toml:2", "inside the tree"),
        ("[budget]\nqueries = 3", "auditor.toml:2", "unknown key"),
        ("[budget]\nsql = -1", "auditor.toml:2", "a number from 0"),
        ("[[budget.endpoint]]\nsql = 1", "auditor.toml: budget.endpoint 1", "no 'id'"),
        ("[boot]\ncommand = 'x", "auditor.toml", "is not valid TOML"),
        ("[boot]\nsecrets = ['A']", "auditor.toml:2", "can't be set here"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, where: str, what: str) -> None:
    fault = fault_of(text)
    assert what in fault.what
    assert fault.where.startswith(where)


def test_tests_and_load() -> None:
    settings = parsed("""
[tests]
command = "python -m pytest -q"
timeout = "90s"
[load]
pool = 4
time = "2s"
""")
    assert settings.tests.command is not None
    assert (settings.tests.command.argv[-1], settings.tests.timeout_ms) == ("-q", 90_000)
    assert (settings.load.clients, settings.load.time_ms) == (8, 2000)
    assert parsed("[tests]\n[load]\n") == TargetSettings()
    assert fault_of("[load]\npool = 100000\n").what == "'load.pool' is more than 200"


def test_a_round_trip_is_for_a_database_that_is_reached_by_one() -> None:
    asked = '[database]\nengine = "postgresql"\nround_trip = "2ms"\n'
    assert parsed(asked).database.round_trip_ms == 2
    assert fault_of(asked.replace("postgresql", "sqlite")).where == "auditor.toml: database"
    assert fault_of(asked.replace("2ms", "soon")).where == "auditor.toml: database.round_trip"
