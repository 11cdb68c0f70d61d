"""``auditor doctor PATH``: each thing that is missing, with the line that mends it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.checks import Check
from auditor.cli.target_checks import check_target
from auditor.model.fault import Fault

Doctor = Callable[..., dict[str, Check]]

SETTINGS = """
[boot]
command = "gunicorn wsgi:app --bind 127.0.0.1:{port}"
migrate = "python seed.py --schema-only"
[database]
engine = "sqlite"
seed = "python seed.py --scale {scale}"
full = 4
"""
APP = "import os\nfrom flask import Flask\napp = Flask(__name__)\nK = os.environ['SHOP_KEY']\n"


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    for name in ("CONFIG_HOME", "CACHE_HOME", "STATE_HOME"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / "own"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("AUDITOR_JAIL", "none")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    root = tmp_path / "shop"
    root.mkdir()

    def checked(
        files: dict[str, str], installed: tuple[str, ...] = ("gunicorn", "flask")
    ) -> dict[str, Check]:
        packages = root / ".venv/lib/python3.12/site-packages"
        packages.mkdir(parents=True)
        (root / ".venv/bin").mkdir()
        (root / ".venv/pyvenv.cfg").touch()
        for name in ("python", *installed):
            (root / f".venv/bin/{name}").touch()
            (packages / f"{name}-1.0.dist-info").mkdir()
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return {check.name: check for check in check_target(root)}

    return checked


def test_a_target_that_lacks_nothing(doctor: Doctor) -> None:
    checks = doctor(
        {"auditor.toml": SETTINGS, "wsgi.py": "x = 1\n", "requirements.txt": "Flask>=2\ngunicorn\n"}
    )
    assert [name for name, check in checks.items() if not check.ok] == []
    assert "all 2 packages" in checks["needs"].text


@pytest.mark.parametrize(
    ("files", "installed", "name", "says"),
    [
        ({}, ("gunicorn",), "auditor.toml", "auditor init"),
        ({"auditor.toml": ""}, (), "command", "[boot] command = "),
        ({"auditor.toml": SETTINGS}, (), "command", "pip install gunicorn"),
        (
            {"auditor.toml": SETTINGS.replace("[boot]", "[boot]\npython = 'nowhere'")},
            (),
            "python",
            "no interpreter at",
        ),
        (
            {
                "auditor.toml": SETTINGS,
                "requirements.txt": "Flask\nSQL_Alchemy>=2\nx; sys_platform == 'win32'\nz==1 ; python_full_version < '3.11.3'\n-r y\n",
            },
            ("flask",),
            "needs",
            "requirements.txt asks for sql-alchemy",
        ),
        (
            {"auditor.toml": SETTINGS, "app.py": "import flask_login\nm = flask_login.LoginManager()\n"},
            (),
            "identity",
            "app.py:2 lets people sign in, and requests are sent as nobody",
        ),
        (
            {
                "auditor.toml": SETTINGS,
                "pyproject.toml": "[project]\ndependencies = ['flask>=2', 'celery']\n",
            },
            ("flask",),
            "needs",
            "pyproject.toml asks for celery",
        ),
        ({"auditor.toml": SETTINGS, "wsgi.py": APP}, ("flask",), "variables", "[boot.env] SHOP_KEY = "),
        ({"auditor.toml": SETTINGS + "[boot.env]\nA = 'env:MINE'\n"}, (), "secrets", "AUDITOR_SECRETS=MINE"),
        (
            {"auditor.toml": "", "wsgi.py": "from flask import Flask\nU = 'sqlite:///x.db'\n"},
            (),
            "database",
            "[database] engine = 'sqlite'",
        ),
        ({"auditor.toml": SETTINGS.replace("migrate", "# ")}, (), "database", "[boot] migrate"),
        ({"auditor.toml": SETTINGS.replace("seed = ", "# ")}, (), "seed", "[database] seed"),
        (
            {"auditor.toml": SETTINGS + "[[service]]\nname='r'\ncommand='redis-server'\n"},
            (),
            "services",
            "apt install redis-server",
        ),
        (
            {"auditor.toml": SETTINGS, "config.py.example": ""},
            (),
            "services",
            "make it from config.py.example",
        ),
    ],
)
def test_what_is_missing_and_how_to_mend_it(
    files: dict[str, str], installed: tuple[str, ...], name: str, says: str, doctor: Doctor
) -> None:
    check = doctor({"wsgi.py": "x = 1\n", **files}, installed)[name]
    assert not check.ok
    assert says in check.text


@pytest.mark.parametrize(
    ("has", "says"),
    [
        (("flask", "psycopg2-binary", "celery"), "all 3 packages of requirements.txt"),
        (("flask", "psycopg2"), "requirements.txt asks for celery:"),
        (("flask", "celery"), "requirements.txt asks for psycopg2:"),
    ],
)
def test_a_package_that_came_built_and_files_that_are_included(
    has: tuple[str, ...], says: str, doctor: Doctor
) -> None:
    files = {
        "wsgi.py": "x = 1\n",
        "auditor.toml": SETTINGS,
        "requirements.txt": "-r requirements/prod.txt\n",
        "requirements/prod.txt": "-r common.txt\n--requirement=prod.txt\npsycopg2==2.9\n",
        "requirements/common.txt": "flask\ncelery # a queue\n",
    }
    assert says in doctor(files, has)["needs"].text


def test_settings_that_can_not_be_read_are_the_only_news(doctor: Doctor) -> None:
    (check,) = doctor({"auditor.toml": "[boot]\ncomand = 'x'\n"}).values()
    assert "did you mean 'command'?" in check.text


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="no such directory"):
        check_target(tmp_path / "nowhere")
