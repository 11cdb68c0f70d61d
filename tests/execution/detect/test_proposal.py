"""From small trees to what is proposed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.config.database import Engine
from auditor.config.target import load_target_settings, parse_target_settings
from auditor.execution.detect.interpreter import interpreters, lacks
from auditor.execution.detect.proposal import Proposal
from auditor.execution.detect.tree import Tree, open_tree
from auditor.execution.detect.writing import missing, settings_text

Grow = Callable[[dict[str, str]], Tree]
Propose = Callable[[dict[str, str]], Proposal]

FLASK = "from flask import Flask\napp = Flask(__name__)\n@app.get('/x')\ndef x(): return ''\n"
DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n",
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
}


def command_of(proposal: Proposal) -> tuple[str, str, str]:
    assert proposal.start is not None
    return proposal.start.value.command, proposal.start.value.cwd, proposal.start.place


def test_a_tree_that_tells_nothing_proposes_nothing(proposed: Propose) -> None:
    proposal = proposed({"README.md": "gunicorn is nice\n", "x.py": "print(1)\n"})
    assert (proposal.start, proposal.storage, proposal.seed, proposal.variables) == (None, None, None, ())
    assert [key for key, _ in missing(proposal)] == ["boot.command", "database.engine", "boot.ready"]
    assert parse_target_settings(settings_text(proposal).encode()).boot.command is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"wsgi.py": FLASK}, ("gunicorn wsgi:app --workers 2 --bind 127.0.0.1:{port}", ".", "wsgi.py:2")),
        (
            {
                "src/shop/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
                "src/shop/__init__.py": "",
            },
            ("uvicorn shop.main:app --workers 2 --host 127.0.0.1 --port {port}", "src", "src/shop/main.py:2"),
        ),
        (
            DJANGO,
            ("gunicorn shop.wsgi:application --workers 2 --bind 127.0.0.1:{port}", ".", "shop/wsgi.py:2"),
        ),
        (
            {"shop.py": FLASK, "Procfile": "worker: celery -A shop worker\nweb: gunicorn shop:app\n"},
            ("gunicorn shop:app --bind 127.0.0.1:{port}", ".", "Procfile:2"),
        ),
        (
            {
                "shop.py": FLASK,
                "README.md": "```\nflask --app shop run --debug\n```\n",
                "Dockerfile": 'FROM python\nENTRYPOINT ["/app/start.sh"]\n',
                "start.sh": "W=${W:-3}\nexec gunicorn --workers $W shop:app\n",
                "docker-compose.dev.yml": "services:\n  web:\n    command: gunicorn --reload shop:app\n",
            },
            ("gunicorn --workers 3 shop:app --bind 127.0.0.1:{port}", ".", "start.sh:2"),
        ),
        (
            {
                "back/shop/wsgi.py": DJANGO["shop/wsgi.py"],
                "etc/g.py": "workers = 3\n",
                "etc/web.service": "[Service]\nExecStart=/opt/s/venv/bin/gunicorn --pythonpath /opt/s/back -c /opt/s/g.py shop.wsgi\n",
            },
            ("gunicorn -c ../etc/g.py shop.wsgi --bind 127.0.0.1:{port}", "back", "etc/web.service:2"),
        ),
        (
            {
                "shop.py": FLASK,
                "gunicorn.conf.py": "wsgi_app = 'shop:app'\n",
                "Makefile": "run:\n\tgunicorn -c gunicorn.conf.py\n",
            },
            ("gunicorn -c gunicorn.conf.py --bind 127.0.0.1:{port}", ".", "Makefile:2"),
        ),
    ],
)
def test_the_production_command(
    files: dict[str, str], expected: tuple[str, str, str], proposed: Propose
) -> None:
    assert command_of(proposed(files)) == expected


def test_settings_of_a_server_are_named_from_where_it_runs(proposed: Propose) -> None:
    files = {
        **DJANGO,
        "docker/Dockerfile": 'FROM x\nCMD ["uwsgi", "/opt/s/docker/u.ini"]\n',
        "docker/u.ini": "x\n",
    }
    assert command_of(proposed(files))[:2] == ("uwsgi docker/u.ini --http-socket 127.0.0.1:{port}", ".")


def test_a_development_server_is_only_taken_when_there_is_nothing_else(proposed: Propose) -> None:
    files = {**DJANGO, "Makefile": "run:\n\tpython manage.py runserver\n"}
    assert "gunicorn" in command_of(proposed(files))[0]
    assert command_of(proposed({**files, "shop/wsgi.py": ""}))[0].startswith("python manage.py runserver")


def test_a_server_of_another_tree_is_not_ours(proposed: Propose) -> None:
    files = {
        "shop.py": FLASK,
        "docker-compose.yml": "services:\n  a:\n    command: gunicorn airflow.www:app\n",
    }
    assert "airflow" not in command_of(proposed(files))[0]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop.py": FLASK, "README.md": "Then run `flask db upgrade`.\n"}, None),
        ({"shop.py": FLASK, "deploy.sh": "flask db downgrade\nalembic history\n"}, None),
        (DJANGO, "python manage.py migrate --no-input"),
        ({"shop.py": FLASK, "deploy.sh": "flask db upgrade\n"}, "flask db upgrade"),
        ({"shop.py": FLASK, "alembic.ini": "[alembic]\n"}, "alembic upgrade head"),
        ({"shop.py": FLASK, "conf/alembic.ini": "[alembic]\n"}, "alembic -c conf/alembic.ini upgrade head"),
        ({"shop.py": FLASK, "seed.py": "x\n", "Procfile": "release: python seed.py --schema-only\n"}, "python seed.py --schema-only"),
        ({"shop.py": FLASK, "manage.py": "x\n", "up.sh": "python3 manage.py database create_tables\n"}, "python manage.py database create_tables"),
    ],
)  # fmt: skip
def test_the_migration(files: dict[str, str], expected: str | None, proposed: Propose) -> None:
    found = proposed(files).migrate
    assert (found and found.value) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop.py": FLASK, "tests/seed.py": "if __name__ == '__main__': x\n"}, None),
        ({"shop.py": FLASK, "shop_seeds.py": "if __name__ == '__main__': x\n"}, None),
        ({"shop.py": FLASK, "seed.py": "def seed(): x\n"}, None),
        ({"shop.py": FLASK, "Makefile": "seed:\n\techo no\n"}, None),
        (
            {
                **DJANGO,
                "shop/management/commands/sync.py": "Item.objects.create(name='x')\n",
                "shop/management/commands/report.py": "print(Item.objects.count())\n",
                "README.md": "```\npython manage.py migrate\npython manage.py report\n```\n"
                + "\n" * 9
                + "```\npython manage.py sync\n```\n",
            },
            None,
        ),
        (
            {"shop.py": FLASK, "scripts/seed.py": "if __name__ == '__main__': x\n"},
            ("python scripts/seed.py", None),
        ),
        (
            {"shop.py": FLASK, "seed.py": "p.add_argument('--scale', type=int, default=40)\n__main__\n"},
            ("python seed.py --scale {scale}", 40),
        ),
        (
            {
                "shop.py": FLASK,
                "seed.py": "p.add_argument('--size', type=int)\n",
                "README.md": "```\npython seed.py --size 3 -v\n```\n",
            },
            ("python seed.py -v --size {scale}", None),
        ),
        (
            {
                "shop.py": FLASK,
                "scripts/seed.py": "p.add_argument('--scale', type=int, default=2)\n",
                "README.md": "```\npython -m scripts.seed --scale 1\n```\n",
            },
            ("python -m scripts.seed --scale {scale}", 2),
        ),
        (
            {
                "shop.py": FLASK,
                "commands.py": "@app.cli.command('seed')\n@click.option('--scale', default=3)\ndef seed(scale): ...\n",
                "README.md": "```\nflask --app shop seed --scale 1\n```\n",
            },
            ("flask --app shop seed --scale {scale}", 3),
        ),
        (
            {
                "shop.py": FLASK,
                "commands.py": "@app.cli.command('other')\n@click.option('--scale', default=3)\ndef other(scale): ...\n",
                "README.md": "```\nflask --app shop seed --scale 1\n```\n",
            },
            ("flask --app shop seed --scale 1", None),
        ),
        (
            {**DJANGO, "shop/management/commands/populatedb.py": "class Command: ...\n"},
            ("python manage.py populatedb", None),
        ),
        (
            {
                **DJANGO,
                "shop/management/commands/seed_shop.py": "p.add_argument('--scale', type=int)\nItem.objects.create(n=1)\n",
                "README.md": "```\npython manage.py migrate\npython manage.py seed_shop --scale 1\n```\n",
            },
            ("python manage.py seed_shop --scale {scale}", None),
        ),
        (
            {
                **DJANGO,
                "shop/management/commands/fill.py": "Item.objects.create(name='x')\n",
                "README.md": "```\npython manage.py migrate\npython manage.py fill --all\n```\n",
            },
            ("python manage.py fill --all", None),
        ),
    ],
)
def test_the_seed(files: dict[str, str], expected: tuple[str, int | None] | None, proposed: Propose) -> None:
    found = proposed(files).seed
    assert (found and (found.value.command, found.value.full)) == expected


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("import os\nA = os.environ.get('A')\nB = os.getenv('B', 'x')\n", {}),
        ("import os\nif 'A' in os.environ:\n    A = os.environ['A']\n", {}),
        ("import os\ntry:\n    A = os.environ['A']\nexcept KeyError:\n    A = 1\n", {}),
        ("import os\ndef f():\n    return os.environ['A']\n", {}),
        ("import os\nos.environ['A'] = 'x'\n", {}),
        ("import os\nif os.getenv('S3'):\n    A = os.environ['A']\n", {}),
        ("import os\nA = os.environ.get('SECRET_KEY') or 'dev'\n", {}),
        ("import os\nA = os.environ['PATH']\n", {}),
        ("from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    a: int = 1\n    b: str | None\n", {}),
        ("import os\nA = os.environ['API_URL']\n", {"API_URL": "http://127.0.0.1:9"}),
        ("import os\ndef create_app():\n    return os.environ['MAX_N']\n", {"MAX_N": "1"}),
        ("import environ\nenv = environ.Env()\nDEBUG = env.bool('DEBUG')\n", {"DEBUG": "0"}),
        ("from decouple import config\nX = config('SITE_DOMAIN')\nY = config('Y', default=1)\n", {"SITE_DOMAIN": "127.0.0.1"}),
        (
            "from pydantic_settings import *\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='shop_')\n    mail: str\n",
            {"SHOP_MAIL": "nobody@example.com"},
        ),
        ("import os\nR = os.environ.get('REDIS_URL', 'redis://cache:6379/1')\n", {"REDIS_URL": "redis://127.0.0.1:6379/1"}),
    ],
)  # fmt: skip
def test_variables_that_are_needed(code: str, needed: dict[str, str], proposed: Propose) -> None:
    assert dict(clue.value for clue in proposed({"settings.py": code}).variables) == needed


def test_values_come_from_examples_and_never_from_the_developers_own(proposed: Propose) -> None:
    code = "import os\nA, B, C = os.environ['A'], os.environ['B'], os.environ['MY_SECRET']\n"
    files = {
        "settings.py": code,
        ".env.example": "A=from example\nMY_SECRET=real\n",
        ".env": "B=private\n",
        ".env.local": "B=private\n",
    }
    values = dict(clue.value for clue in proposed(files).variables)
    assert values["A"] == "from example"
    assert values["B"] == "none"
    assert "real" not in values["MY_SECRET"]


@pytest.mark.parametrize(
    ("files", "engine", "url_env"),
    [
        ({"config.py": "URL = 'https://sqlite.org'\n"}, None, None),
        ({"config.py": "U = ENV.replace('postgres://', 'postgresql://')\n"}, None, None),
        ({"config.py": "U = 'mysql://u@h/d'\n"}, Engine.NONE, None),
        ({"config.py": "U = 'sqlite:///x.db'\n"}, Engine.SQLITE, None),
        ({"config.py": "U = f'sqlite:///{here}/x.db'\n"}, Engine.SQLITE, None),
        (
            {"config.py": "import os\nU = os.environ.get('DATABASE_URL', 'sqlite:///x.db')\n"},
            Engine.SQLITE,
            "DATABASE_URL",
        ),
        (
            {
                "config.py": "import os\nU = os.environ.get('SHOP_DATABASE_URL', 'sqlite:///x.db')\n",
                "docker-compose.yml": "services:\n  db:\n    image: postgres:16\n",
            },
            Engine.POSTGRESQL,
            "SHOP_DATABASE_URL",
        ),
        (
            {"site/settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n"},
            Engine.POSTGRESQL,
            None,
        ),
    ],
)
def test_the_database(
    files: dict[str, str], engine: Engine | None, url_env: str | None, proposed: Propose
) -> None:
    found = proposed(files).storage
    assert (found and found.value.engine, found and found.value.url_env) == (engine, url_env)


def test_a_driver_and_the_parts_of_an_address_are_kept(proposed: Propose) -> None:
    code = (
        "import os\nU = os.environ.get('DATABASE_URL', 'postgresql+asyncpg://u@db/x')\n"
        "H, N, R = os.environ['DB_HOST'], os.environ['DB_NAME'], os.environ['DB_REPLICA_HOST']\n"
    )
    proposal = proposed({"config.py": code})
    settings = parse_target_settings(settings_text(proposal).encode()).database
    assert settings.url_template(Engine.POSTGRESQL).startswith("postgresql+asyncpg://{user}")
    assert settings.env == (("DB_HOST", "{host}"), ("DB_NAME", "{name}"))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/healthy-food", "/api/live", "/health/{id}", "/api/status"], None),
        (["/ping", "/api/health", "/ready"], "/ready"),
        (["/api/v1/healthz", "/other"], "/api/v1/healthz"),
        (["/live"], "/live"),
    ],
)
def test_the_health_path(paths: list[str], expected: str | None, proposed: Propose) -> None:
    routes = "".join(
        f"@app.get('{path.replace('{', '<').replace('}', '>')}')\ndef f{n}(**k): return ''\n"
        for n, path in enumerate(paths)
    )
    found = proposed({"app.py": f"from flask import Flask\napp = Flask(__name__)\n{routes}"}).ready
    assert (found and found.value) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("@app.get('/login')", None),
        ("@app.post('/login/<int:n>')", None),
        ("@app.post('/login-help')", None),
        ("@app.post('/api/session')", "/api/session"),
    ],
)
def test_the_route_that_signs_somebody_in(route: str, expected: str | None, proposed: Propose) -> None:
    proposal = proposed(
        {"app.py": f"from flask import Flask\napp = Flask(__name__)\n{route}\ndef f(n=0): return ''\n"}
    )
    assert (proposal.login and proposal.login.value.path) == expected
    assert (f'path = "{expected}"' in settings_text(proposal)) is (expected is not None)


def test_a_variable_that_chooses_the_engine_and_parts_of_an_example(proposed: Propose) -> None:
    files = {
        "settings.py": "import os\nD = os.environ.get('DB')\nH = os.environ.get('DB_HOST')\nP = secret('DB_PASSWORD')\n",
        ".env.example": "DB=postgres\nDB_HOST=db\nDB_PASSWORD=x\nOTHER_DB_NAME=y\n",
        "docker-compose.yml": "services: {db: {image: 'postgres:16'}}\n",
    }
    stored = proposed(files).storage
    assert stored is not None
    assert dict(stored.value.env) == {"DB": "postgres", "DB_HOST": "{host}", "DB_PASSWORD": "{password}"}


def test_a_redis_and_what_can_not_be_started(proposed: Propose) -> None:
    text = "services:\n  cache: {image: 'redis:7'}\n  s: {image: 'elasticsearch:8'}\n  i: {image: 'redisinsight:1'}\n"
    proposal = proposed({"shop.py": FLASK, "docker-compose.yml": text})
    assert proposal.redis is not None
    assert [clue.value for clue in proposal.other_companions] == ["elasticsearch"]
    assert [s.name for s in parse_target_settings(settings_text(proposal).encode()).services] == ["redis"]


def environment(folder: Path, *packages: str) -> Path:
    for package in packages:
        (folder / "lib/python3.12/site-packages" / package).mkdir(parents=True)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").touch()
    (folder / "pyvenv.cfg").touch()
    return folder


def test_the_environment_that_has_the_framework_is_taken(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    environment(root / "venv")
    environment(tmp_path / "active", "flask")
    (root / ".venv").mkdir()
    env = {"VIRTUAL_ENV": str(tmp_path / "active"), "PATH": ""}
    first, second = interpreters(root, env, packages=("flask",))
    assert (first.value, first.note) == (str(tmp_path / "active"), "")
    assert (second.value, second.note) == ("venv", "lacks flask")
    assert lacks(root / "venv", ("flask", "django")) == ("flask", "django")


def test_a_hostile_tree_ends_and_gives_a_valid_file(tmp_path: Path, proposed: Propose) -> None:
    nasty = 'web: gunicorn "a\u202eb\x1b[31m" shop:app --name "\\"] \\n[evil]"\n'
    proposal = proposed({
        "Procfile": nasty,
        "shop.py": FLASK,
        "docker-compose.yml": "&a [*a]\n",
        "pyproject.toml": "a = [" * 1000,
        "x\n[boot].sh": "gunicorn shop:app\n",
    })  # fmt: skip
    text = settings_text(proposal)
    assert "evil" not in parse_target_settings(text.encode()).boot.env
    assert all(line.isprintable() for line in text.splitlines())


def test_links_and_special_files_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("web: gunicorn x:y\n")
    root = tmp_path / "tree"
    root.mkdir()
    (root / "Procfile").symlink_to(secret)
    (root / "loop").symlink_to(root)
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "Dockerfile")
    tree = open_tree(root)
    assert tree.files == ()
    assert tree.read("Procfile") == ""


def test_a_big_or_binary_file_reads_as_nothing(grow: Grow) -> None:
    tree = grow({"a": "x" * 300_000, "b": "x\0y", "c": "x\r\ny"})
    assert (tree.read("a"), tree.read("b"), tree.read("c")) == ("", "", "x\ny")


def test_the_sample_is_proposed_as_its_author_wrote_it(tmp_path: Path, proposed: Propose) -> None:
    app = Path(__file__).parents[3] / "evals/cases/discovery/app"
    shutil.copytree(
        app, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("auditor.toml", "__pycache__")
    )
    mine = parse_target_settings(settings_text(proposed({})).encode())
    authors = load_target_settings(app)
    assert (mine.boot.command, mine.boot.migrate) == (authors.boot.command, authors.boot.migrate)
    assert (mine.boot.ready, mine.boot.env) == (authors.boot.ready, authors.boot.env)
    assert (mine.database.engine, mine.database.seed) == (authors.database.engine, authors.database.seed)
    assert (mine.database.small, mine.database.full) == (authors.database.small, authors.database.full)


def test_other_ways_to_migrate_are_shown_beside_the_first(proposed: Propose) -> None:
    text = settings_text(
        proposed({
            "config.py": "U = 'sqlite:///x.db'\n",
            "alembic.ini": "[alembic]\n",
            "Makefile": "db:\n\tpython -m shop.init_db --create\n",
        })
    )  # fmt: skip
    assert '\nmigrate = "alembic upgrade head"' in text
    assert '# migrate = "python -m shop.init_db --create"  # or Makefile:2' in text


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"wsgi.py": FLASK, "latest_test.md": "def test_x", "contest.py": "def test_x(): ..."}, None),
        ({"wsgi.py": FLASK, "pyproject.toml": "[tool.ruff]\n# [tool.pytest] is nice\n"}, None),
        (
            {"wsgi.py": FLASK, "pyproject.toml": "[tool.ruff]\n[tool.pytest.ini_options]\n"},
            ("python -m pytest", "pyproject.toml:2"),
        ),
        (
            {"wsgi.py": FLASK, "tests/test_a.py": "def test_x():\n    pass\n"},
            ("python -m pytest", "tests/test_a.py:1"),
        ),
        (
            {**DJANGO, "shop/tests.py": "from django.test import TestCase\n"},
            ("python manage.py test --no-input", "shop/tests.py:1"),
        ),
        (
            {**DJANGO, "shop/tests.py": "from django.test import TestCase\n", "pytest.ini": "[pytest]\n"},
            ("python -m pytest", "pytest.ini:1"),
        ),
        (
            {"src/shop/main.py": "from fastapi import FastAPI\napp = FastAPI()\n", "src/shop/__init__.py": "",
             "pytest.ini": "[pytest]\n"},
            ("python -m pytest ..", "pytest.ini:1"),
        ),
    ],
)  # fmt: skip
def test_the_command_that_tests_it(
    proposed: Propose, files: dict[str, str], expected: tuple[str, str] | None
) -> None:
    proposal = proposed(files)
    assert (proposal.tests and (proposal.tests.value, proposal.tests.place)) == expected
    written = parse_target_settings(settings_text(proposal).encode()).tests.command
    assert (written and written.text) == (expected and expected[0])


def test_one_command_that_migrates_and_fills_is_run_once(proposed: Propose) -> None:
    files = {
        "shop.py": FLASK,
        "seed.py": "if __name__ == '__main__': x\n",
        "Procfile": "release: python seed.py\n",
    }
    proposal = proposed(files)
    assert proposal.migrate is None
    assert proposal.seed is not None
    assert proposal.seed.value.command == "python seed.py"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BASE / 'shop.sqlite3'", ()),
        ("os.environ.get('SHOP_NAME')", (("SHOP_NAME", "{path}"),)),
        ("env('SHOP_FILE', default=str(BASE / 'shop.sqlite3'))", (("SHOP_FILE", "{path}"),)),
        ("os.environ.get('DB_PATH', BASE / 'shop.sqlite3')", (("DB_PATH", "{path}"),)),
    ],
    ids=["no variable", "nothing to fall back to", "a reader of its own", "a variable"],
)
def test_the_variable_that_says_where_the_file_is(
    name: str, expected: tuple[tuple[str, str], ...], proposed: Propose
) -> None:
    engine = "{'ENGINE': 'django.db.backends.sqlite3', 'NAME': " + name + "}"
    settings = f"import os, environ\nenv = environ.Env()\nDATABASES = {{'default': {engine}}}\n"
    stored = proposed({**DJANGO, "shop/settings.py": settings}).storage
    assert stored is not None
    assert stored.value.env == expected


@pytest.mark.parametrize(
    ("handler", "field"),
    [
        ("def login(request): ...", "username"),
        ("def login(request): return check(request.POST['email'])", "email"),
        ("def login(request): return check(request.POST['username'])", "username"),
    ],
    ids=["as Django has it", "by mail", "by name"],
)
def test_what_a_name_is_signed_in_with(handler: str, field: str, proposed: Propose) -> None:
    urls = f"from django.urls import path\n{handler}\nurlpatterns = [path('login/', login)]\n"
    found = proposed({"shop/urls.py": urls, "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\n"}).login
    assert found is not None
    assert (found.value.path, found.value.field) == ("/login/", field)


FASTAPI_LOGIN = """
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel

app = FastAPI()

class Base(BaseModel):
    email: str

class Credentials(Base):
    secret: str

class Token(BaseModel):
    access_token: str

def check(*args): ...

@app.post("/login")
"""


@pytest.mark.parametrize(
    ("handler", "line"),
    [
        (
            "def login(said: Credentials): return {'access_token': check(said)}",
            'json = { email = "…", secret = "env:MEMBER_PASSWORD" }, token = "$.access_token" }',
        ),
        (
            "def login(form: OAuth2PasswordRequestForm = Depends()): return Token(access_token=check(form))",
            'form = { username = "…", password = "env:MEMBER_PASSWORD" }, token = "$.access_token" }',
        ),
        (
            "def login(said: dict): return check(said)",
            'json = { email = "…", password = "env:MEMBER_PASSWORD" }, token = "$.token" }',
        ),
    ],
    ids=["a model", "a form", "nothing said"],
)
def test_what_is_sent_to_sign_in_and_what_comes_back(handler: str, line: str, proposed: Propose) -> None:
    assert line in settings_text(proposed({"shop.py": FASTAPI_LOGIN + handler + "\n"}))


def test_what_the_sources_say_in_passing(proposed: Propose) -> None:
    code = (
        f"{FLASK}\nfrom flask import request\nfrom db import Base, engine\nBase.metadata.create_all(engine)\n"
        "RATES = 'https://rates.example.com/v1'\nDOCS = 'https://github.com/x'\nHERE = 'http://127.0.0.1:80/'\n"
        "def who():\n    return request.headers.get('X-Api-Key')\n"
    )
    text = settings_text(
        found := proposed({"shop.py": code, "tests/x.py": "A = 'https://test.example.com/'\n"})
    )
    assert [host.value for host in found.hosts] == ["rates.example.com"]
    assert '# host = "rates.example.com"  # shop.py:' in text
    assert '# headers = { "X-Api-Key" = "env:MEMBER_KEY" }' in text
    assert found.tables is not None


def test_sources_that_say_nothing(proposed: Propose) -> None:
    found = proposed({"shop.py": f"{FLASK}\n# Base.metadata.create_all(engine)\n"})
    assert (found.hosts, found.door, found.tables) == ((), None, None)
