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
