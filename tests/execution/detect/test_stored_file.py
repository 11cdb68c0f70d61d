"""The SQLite file that code names: what tells no place first."""

from collections.abc import Callable

import pytest

from auditor.execution.detect.proposal import Proposal
from auditor.execution.detect.stored_file import stored_file
from auditor.index.lower import lower
from auditor.index.project import Project

Propose = Callable[[dict[str, str]], Proposal]

DJANGO = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDATABASES = {{'default': {}}}\n"
SQLITE = "{{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {}}}"
NESTED = "[" * 100_000 + "]" * 100_000
OS = "import os\nHERE = os.path.abspath(os.path.dirname(__file__))\n"


def django(name: str) -> str:
    return DJANGO.format(SQLITE.format(name))


def linked(files: dict[str, str]) -> Project:
    return Project([(path, "app", lower(text.encode())) for path, text in files.items()])


@pytest.mark.parametrize(
    "files",
    [
        {"shop/settings.py": django("':memory:'")},
        {"shop/settings.py": django("'/var/lib/shop.db'")},
        {"shop/settings.py": django("unknown() / 'db.sqlite3'")},
        {"shop/settings.py": django("BASE_DIR.parent / 'db.sqlite3'")},
        {"shop/settings.py": django("'file:x?mode=memory'")},
        {
            "shop/settings.py": DJANGO.format(
                "{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop.sqlite3'}"
            )
        },
        {"shop/settings.py": "DATABASES = {'default': {'ENGINE': 'sqlite3', 'NAME': "},
        {"shop/a.py": django("BASE_DIR / 'a.db'"), "shop/b.py": django("BASE_DIR / 'b.db'")},
        {"tests/settings.py": django("'test.db'")},
        {"db.py": "engine = create_engine('sqlite://')\nother = create_engine('sqlite:///:memory:')\n"},
        {"db.py": "'''An engine for sqlite:/// and others.'''\nDEFAULT = 'postgresql:///x'\n"},
        {"db.py": "connection = psycopg.connect('sqlite.db')\n"},
        {"db.py": OS + "URI = f'sqlite:///{HERE}/{{x}}.db'\n"},
        {"db.py": "URI = 'sqlite:///%s' % name()\n"},
        {"db.py": "URI = 'sqlite:///data/' + name()\n"},
        {"db.py": "sqlite = 'sqlite:///'\nURI = sqlite" + " + 'a'" * 3000 + "\n"},
        {"db.py": "URI = 'sqlite:///' + Path(__file__).parents[2_000_000_000]\n"},
        {"db.py": "a0 = 'sqlite:///x'\n" + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(60))},
    ],
)
def test_no_place_is_told(files: dict[str, str]) -> None:
    assert stored_file(linked(files), cwd=".") is None


@pytest.mark.parametrize(
    ("files", "cwd", "expected"),
    [
        ({"shop/settings.py": django("BASE_DIR / 'db.sqlite3'")}, ".", "db.sqlite3"),
        ({"back/shop/settings.py": django("str(BASE_DIR / 'db.sqlite3')")}, "back", "back/db.sqlite3"),
        ({"shop/settings.py": django("BASE_DIR.joinpath('var', 'db.sqlite3')")}, ".", "var/db.sqlite3"),
        ({"shop/settings.py": django("'db.sqlite3'")}, "back", "back/db.sqlite3"),
        ({"shop/settings.py": django("Path(__file__).parents[1] / 'x.db'")}, ".", "x.db"),
        ({"shop/settings.py": OS + "DATABASES = {'default': " + SQLITE.format("os.path.join(HERE, '..', 'x.db')").replace("{{", "{").replace("}}", "}") + "}\n"}, ".", "x.db"),
        ({"db.py": "engine = create_engine('sqlite:///./app.db')\n"}, ".", "app.db"),
        ({"db.py": "engine = create_async_engine('sqlite+aiosqlite:///app.db?timeout=3')\n"}, "src", "src/app.db"),
        ({"config.py": OS + "URI = 'sqlite:///' + os.path.join(HERE, 'app.db')\n"}, ".", "app.db"),
        ({"config.py": OS + "URI = f'sqlite:///{HERE}/data/app.db'\n"}, ".", "data/app.db"),
        ({"shop/config.py": OS + "URI = 'sqlite:///' + HERE + '/app.db'\n"}, ".", "shop/app.db"),
        (
            {"app.py": "from flask_sqlalchemy import SQLAlchemy\napp.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'\n"},
            ".",
            "instance/shop.db",
        ),
        ({"db.py": "db = SqliteDatabase('app.db')\n"}, ".", "app.db"),
        ({"db.py": "import sqlite3\nc = sqlite3.connect('data/app.db')\n"}, ".", "data/app.db"),
    ],
)  # fmt: skip
def test_where_it_lies(files: dict[str, str], cwd: str, expected: str) -> None:
    found = stored_file(linked(files), cwd=cwd)
    assert found is not None
    assert found.value == expected


def test_one_that_reads_a_variable_is_told_its_place(proposed: Propose) -> None:
    own = {
        "app.py": "from flask import Flask\napp = Flask(__name__)\n",
        "db.py": "engine = create_engine('sqlite:///x.db')\n",
    }
    told = {
        **own,
        "db.py": "import os\nengine = create_engine(os.environ.get('DATABASE_URL', 'sqlite:///x.db'))\n",
    }
    found = proposed(own).stored_file
    assert found is not None
    assert (found.value, found.place) == ("x.db", "db.py:1")
    assert proposed(told).stored_file is None


def test_a_file_that_nobody_wrote_by_hand_is_left_out_and_said(proposed: Propose) -> None:
    found = proposed({
        "app.py": "from flask import Flask\napp = Flask(__name__)\n",
        "db.py": "engine = create_engine('sqlite:///./x.db')\n",
        "deep.py": f"sqlite = {NESTED}\n",
        "nul.py": "URL = 'sqlite:///y.db'\0\n",
    })  # fmt: skip
    assert found.stored_file is not None
    assert (found.stored_file.value, found.stored_file.place) == ("x.db", "db.py:1")
    assert [file for file, _ in found.unread] == ["deep.py", "nul.py"]
