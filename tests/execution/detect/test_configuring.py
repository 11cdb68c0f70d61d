"""Which configuration of several is chosen: only where the usual one can't be told where its database is."""

import pytest

from .conftest import FLASK, Propose

SETTINGS = """import os
class Base: {base}
class Development(Base): {development}
class Production(Base):
    SQLALCHEMY_DATABASE_URI = {production}
config = {{'development': Development, 'production': Production{more}}}
"""
READ = "os.getenv('DATABASE_URL', 'sqlite:///data.db')"
OWN = "'sqlite:///dev.db'"
FACTORY = """import os
from flask import Flask
from settings import config
def create_app(name=None):
    if name is None:
        name = os.getenv('{variable}', '{usual}')
    app = Flask(__name__)
    app.config.from_object(config[name])
    return app
"""


def files(*, base: str = "pass", development: str = f"URI = {OWN}", production: str = READ, more: str = "", variable: str = "FLASK_CONFIG", usual: str = "development") -> dict[str, str]:  # fmt: skip
    return {
        "shop.py": FLASK,
        "settings.py": SETTINGS.format(base=base, development=development, production=production, more=more),
        "factory.py": FACTORY.format(variable=variable, usual=usual),
    }


@pytest.mark.parametrize(
    "tree",
    [
        files(development=f"URI = {READ}"),
        files(base=f"URI = {READ}"),
        files(production=OWN),
        files(usual="elsewhere"),
        files(variable="SHOP_COLOUR"),
        files(usual="production"),
    ],
    ids=[
        "both read it",
        "their base does",
        "none does",
        "unknown",
        "another variable",
        "it is the usual one",
    ],
)
def test_the_usual_one_is_left_where_it_can_be_told_or_nothing_says_so(
    tree: dict[str, str], proposed: Propose
) -> None:
    assert not [clue for clue in proposed(tree).variables if clue.value[1] == "production"]


@pytest.mark.parametrize("tree", [files(), files(usual="default", more=", 'default': Development")])
def test_the_one_that_reads_the_address_is_chosen(tree: dict[str, str], proposed: Propose) -> None:
    assert ("FLASK_CONFIG", "production") in [clue.value for clue in proposed(tree).variables]


@pytest.mark.parametrize(
    ("served", "said", "expected"),
    [
        ("wsgi:app", "FLASK_APP=shop", "wsgi:app"),
        ("shop:app", "FLASK_APP=shop", "shop"),
        ("shop:app", "FLASK_APP=shop.py", "shop.py"),
    ],
)
def test_commands_are_for_what_is_served_whatever_a_developer_runs(
    served: str, said: str, expected: str, proposed: Propose
) -> None:
    tree = {
        "shop.py": FLASK,
        "wsgi.py": "from shop import app\n",
        ".flaskenv": f"{said}\n",
        "Procfile": f"web: gunicorn {served}\nrelease: flask db upgrade\n",
    }
    assert dict(clue.value for clue in proposed(tree).variables)["FLASK_APP"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def create_app(name):\n    return Flask(name)\n", None),
        ("def create_app(name=None):\n    return Flask('shop')\n", "gunicorn 'shop:create_app()'"),
        ("def create_app():\n    return FastAPI()\n", "uvicorn --factory shop:create_app"),
        ("def create_app():\n    return FastAPI()\napp = create_app()\n", "uvicorn shop:app"),
    ],
)
def test_a_factory_is_served_as_what_it_makes(text: str, expected: str | None, proposed: Propose) -> None:
    found = proposed({"shop.py": f"from flask import Flask\nfrom fastapi import FastAPI\n{text}"}).start
    assert (
        found is None if expected is None else found is not None and found.value.command.startswith(expected)
    )


def test_fields_of_a_settings_class_that_derives_from_another_are_read(proposed: Propose) -> None:
    tree = {
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "base.py": "from pydantic import BaseSettings\nclass Base(BaseSettings):\n    secret_key: str\n",
        "conf.py": "from base import Base\nclass App(Base):\n    session_secret: str\n    title: str = 'x'\n",
        "data.py": "from pydantic import BaseModel\nclass Item(BaseModel):\n    item_secret: str\n",
    }
    names = [clue.value[0] for clue in proposed(tree).variables]
    assert names == ["SECRET_KEY", "SESSION_SECRET"]


SECRETS = """from pydantic import BaseSettings, Field, SecretStr
class Settings(BaseSettings):
    db_user: str = "shop"
    db_address: str = "localhost"
    db_name: str = "shop"
    secret_key: SecretStr = SecretStr({default!r})
"""


@pytest.mark.parametrize(
    ("default", "asked"), [("CHANGE_ME", True), ("your-key-here", True), ("q8f7Hk2-0pWm", False)]
)
def test_a_key_that_says_that_it_is_to_be_changed_gets_a_stand_in(
    default: str, *, asked: bool, proposed: Propose
) -> None:
    tree = {
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "conf.py": SECRETS.format(default=default),
        "docker-compose.yml": "services:\n  db:\n    image: postgres:16\n",
    }
    found = proposed(tree)
    assert ("SECRET_KEY" in [clue.value[0] for clue in found.variables]) == asked
    assert found.storage is not None
    assert dict(found.storage.value.env)["DB_ADDRESS"] == "{host}"


GATE = """from pydantic import BaseSettings
class Settings(BaseSettings):
    docs_read: bool = {default}
    metrics: bool = False
def get(): return Settings()
"""
ASKS = "import sys\nfrom fastapi import FastAPI\nfrom conf import get\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("default", "gate", "expected"),
    [
        ("False", "if not get().docs_read:\n    print('no')\n", {}),
        ("True", "if not get().docs_read:\n    sys.exit(1)\n", {}),
        ("False", "if get().docs_read:\n    sys.exit(1)\n", {}),
        ("False", "def later():\n    if not get().docs_read:\n        sys.exit(1)\n", {}),
        ("False", "if not get().docs_read:\n    sys.exit(1)\n", {"DOCS_READ": "true"}),
        ("False", "if not get().docs_read:\n    raise RuntimeError('read')\n", {"DOCS_READ": "true"}),
    ],
)
def test_a_switch_without_which_it_ends_itself_is_on(
    default: str, gate: str, expected: dict[str, str], proposed: Propose
) -> None:
    found = proposed({"main.py": ASKS + gate, "conf.py": GATE.format(default=default)})
    assert dict(clue.value for clue in found.variables) == expected
