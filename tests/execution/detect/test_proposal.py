"""From small trees to what is proposed: the command, its variables and environment, and trees that are hostile."""

import os
import shutil
from pathlib import Path

import pytest

from auditor.config.target import load_target_settings, parse_target_settings
from auditor.execution.detect.interpreter import interpreters, lacks
from auditor.execution.detect.needing import PLACEHOLDER_SECRET
from auditor.execution.detect.proposal import Proposal
from auditor.execution.detect.tree import open_tree
from auditor.execution.detect.writing import missing, settings_text

from .conftest import DJANGO, FLASK, Grow, Propose


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
        ("import os\nA = os.environ['SERVER_NAME']\n", {"SERVER_NAME": "localhost"}),
        ("from pydantic_settings import *\nclass G(BaseModel):\n    b: str\nclass S(BaseSettings):\n    a: G = G(b='')\n", {}),
        (
            ("from pydantic_settings import *\nclass G(BaseModel):\n    b: int\n    c: int = 1\nclass S(BaseSettings):\n    a: G\n"
            "    model_config = SettingsConfigDict(env_nested_delimiter='__')\n"),
            {"A__B": "1"},
        ),
        ("import os\nA = os.environ.get('SECRET_KEY') or None\n", {"SECRET_KEY": PLACEHOLDER_SECRET}),
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


def test_the_environment_beside_the_backend_comes_before_that_of_the_whole_tree(tmp_path: Path) -> None:
    environment(tmp_path / ".venv", "flask")
    environment(tmp_path / "backend/.venv", "flask")
    found = interpreters(tmp_path, {"PATH": ""}, packages=("flask",), cwd="backend")
    assert [(clue.value, clue.place) for clue in found] == [
        ("backend/.venv", "backend/.venv/pyvenv.cfg"),
        (".venv", ".venv/pyvenv.cfg"),
    ]


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


def test_hosts_and_headers_that_are_told_as_defaults_and_parameters(proposed: Propose) -> None:
    code = (
        "import os\nfrom typing import Annotated\nfrom fastapi import FastAPI, Header\napp = FastAPI()\n"
        "RATES = os.environ.get('RATES_URL', 'https://rates.example.com/v1')\n"
        "def who(x_api_key: Annotated[str | None, Header()] = None): ...\n"
    )
    found = proposed({"shop.py": code})
    assert [host.value for host in found.hosts] == ["rates.example.com"]
    assert found.door is not None
    assert (found.door.value, found.door.place) == ("X-Api-Key", "shop.py:6")


@pytest.mark.parametrize(
    ("cli", "expected"),
    [("Base.metadata.create_all(engine)\n", "python -m shop.cli create"), ("make_reports()\n", None)],
)
def test_a_program_that_makes_tables_is_what_migrates(
    cli: str, expected: str | None, proposed: Propose
) -> None:
    files = {
        "shop/cli.py": cli,
        "shop/__init__.py": FLASK,
        "README.md": "```\npython -m shop.cli create\npython -m shop.cli seed --scale 1\n```\n",
    }
    found = proposed(files)
    assert (None if found.migrate is None else found.migrate.value) == expected
    assert found.seed is not None
    assert found.seed.value.command == "python -m shop.cli seed --scale 1"


def test_sources_that_say_nothing(proposed: Propose) -> None:
    found = proposed({"shop.py": f"{FLASK}\n# Base.metadata.create_all(engine)\n"})
    assert (found.hosts, found.door, found.tables) == ((), None, None)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.base')\n"}, None),
        ({}, "shop.settings.base"),
        ({"shop/settings/production.py": "from .base import *\n"}, "shop.settings.production"),
        ({"docker-compose.yml": "services:\n  web:\n    build: .\n    environment:\n      DJANGO_SETTINGS_MODULE: shop.settings.hosted\n"}, "shop.settings.hosted"),
    ],
)  # fmt: skip
def test_the_settings_of_a_project_that_names_none(
    more: dict[str, str], expected: str | None, proposed: Propose
) -> None:
    files = {
        "manage.py": "from django.core.management import execute_from_command_line\n",
        "shop/__init__.py": "",
        "shop/settings/__init__.py": "",
        "shop/settings/base.py": "ROOT_URLCONF = 'shop.urls'\n",
        "shop/settings/development.py": "from .base import *\nDEBUG = True\n",
        "shop/settings/ci.py": "from .base import *\nROOT_URLCONF = 'shop.urls'\n",
        **more,
    }
    values = dict(clue.value for clue in proposed(files).variables)
    assert values.get("DJANGO_SETTINGS_MODULE") == expected


RUN = {"Procfile": "web: gunicorn shop:app\nrelease: flask db upgrade\n"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"shop.py": FLASK, "Procfile": "web: gunicorn shop:app\nrelease: alembic upgrade head\n"}, None),
        ({"app.py": FLASK, "Procfile": "web: gunicorn app:app\nrelease: flask db upgrade\n"}, None),
        (
            {"shop.py": FLASK, "Procfile": "web: gunicorn shop:app\nrelease: flask --app shop db upgrade\n"},
            None,
        ),
        ({"shop.py": FLASK, **RUN}, "shop:app"),
        ({"shop.py": FLASK, ".flaskenv": "FLASK_APP=shop.py\n", **RUN}, "shop.py"),
    ],
)
def test_commands_of_flask_are_told_which_application(
    files: dict[str, str], said: str | None, proposed: Propose
) -> None:
    assert dict(clue.value for clue in proposed(files).variables).get("FLASK_APP") == said
