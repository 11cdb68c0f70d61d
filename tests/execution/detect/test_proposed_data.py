"""What is proposed for the data: the database, what migrates it, what fills it, what stands beside it."""

import pytest

from auditor.config.database import Engine
from auditor.config.target import parse_target_settings
from auditor.execution.detect.writing import settings_text

from .conftest import DJANGO, FLASK, Propose


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
            {
                **DJANGO,
                "shop/management/commands/migrate.py": "User.objects.create(name='admin')\n",
                "up.sh": "python manage.py migrate\n",
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
            {
                "shop.py": FLASK,
                "README.md": '```\ndocker-compose run --rm shop bash -c "flask fake users 10 && flask fake posts 100"\n```\n',
            },
            ("flask fake users 10 && flask fake posts 100", None),
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


def test_a_variable_that_chooses_the_engine_and_parts_of_an_example(proposed: Propose) -> None:
    files = {
        "settings.py": "import os\nD = os.environ.get('DB')\nH = os.environ.get('DB_HOST')\nP = secret('DB_PASSWORD')\n",
        ".env.example": "DB=postgres\nDB_HOST=db\nDB_PASSWORD=x\nOTHER_DB_NAME=y\n",
        "docker-compose.yml": "services: {db: {image: 'postgres:16'}}\n",
    }
    stored = proposed(files).storage
    assert stored is not None
    assert dict(stored.value.env) == {"DB": "postgres", "DB_HOST": "{host}", "DB_PASSWORD": "{password}"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("E = os.environ.get('PAGE_TYPE', 'x')\nA = E == 'postgres'\n", {}),
        ("E = os.environ.get('DB_ENGINE', 'sqlite')\n", {}),
        ("E = os.environ.get('LD_DB_ENGINE', 'sqlite')\nif E == 'postgres':\n    A = 1\n", {"LD_DB_ENGINE": "postgres"}),
        ("D = {'ENGINE': os.environ.get('DB_ENGINE') or 'django.db.backends.sqlite3'}\n", {"DB_ENGINE": "django.db.backends.postgresql"}),
        ("D = {'ENGINE': f\"django.db.backends.{os.environ.get('DB_TYPE', 'sqlite3')}\"}\n", {"DB_TYPE": "postgresql"}),
    ],
)  # fmt: skip
def test_a_variable_that_chooses_the_engine_gets_what_the_code_asks_it_for(
    code: str, expected: dict[str, str], proposed: Propose
) -> None:
    parts = "H, N = os.environ.get('DB_HOST'), os.environ.get('DB_NAME')\n"
    compose = "services: {db: {image: 'postgres:16'}}\n"
    stored = proposed({"settings.py": f"import os\n{code}{parts}", "docker-compose.yml": compose}).storage
    assert stored is not None
    assert dict(stored.value.env) == {**expected, "DB_HOST": "{host}", "DB_NAME": "{name}"}


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


def test_a_redis_and_what_can_not_be_started(proposed: Propose) -> None:
    text = "services:\n  cache: {image: 'redis:7'}\n  s: {image: 'elasticsearch:8'}\n  i: {image: 'redisinsight:1'}\n"
    proposal = proposed({"shop.py": FLASK, "docker-compose.yml": text})
    assert proposal.redis is not None
    assert [clue.value for clue in proposal.other_companions] == ["elasticsearch"]
    assert [s.name for s in parse_target_settings(settings_text(proposal).encode()).services] == ["redis"]


NESTED = """from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict
class {name}({base}):
    hostname: str = "postgres"
    port: int = 5432
    username: str = "shop"
    password: str = "secret"
    db: str = "shop"
class Settings(BaseSettings):
    database: Database = Field(default_factory=Database)
    model_config = SettingsConfigDict({said})
URL = "postgresql+asyncpg://"
"""


@pytest.mark.parametrize(
    ("name", "base", "said", "expected"),
    [
        ("Database", "BaseModel", "case_sensitive=False", {}),
        ("Database", "object", "env_nested_delimiter='__'", {}),
        ("Elsewhere", "BaseModel", "env_nested_delimiter='__'", {}),
        (
            "Database",
            "BaseModel",
            "env_nested_delimiter='__'",
            {
                "DATABASE__HOSTNAME": "{host}", "DATABASE__PORT": "{port}", "DATABASE__USERNAME": "{user}",
                "DATABASE__PASSWORD": "{password}", "DATABASE__DB": "{name}",
            },
        ),
        (
            "Database",
            "BaseModel",
            "env_nested_delimiter='_', env_prefix='SHOP_'",
            {
                "SHOP_DATABASE_HOSTNAME": "{host}", "SHOP_DATABASE_PORT": "{port}", "SHOP_DATABASE_USERNAME": "{user}",
                "SHOP_DATABASE_PASSWORD": "{password}", "SHOP_DATABASE_DB": "{name}",
            },
        ),
    ],
)  # fmt: skip
def test_a_group_of_settings_says_where_the_database_is(
    name: str, base: str, said: str, expected: dict[str, str], proposed: Propose
) -> None:
    files = {
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "config.py": NESTED.format(name=name, base=base, said=said),
        "docker-compose.yml": "services:\n  db:\n    image: postgres:16\n",
    }
    stored = proposed(files).storage
    assert stored is not None
    assert dict(stored.value.env) == expected


LOADS = "python manage.py loaddata users.json\npython manage.py loaddata items.json\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"README.md": f"```\n{LOADS}```\n"}, "python manage.py loaddata users.json"),
        ({"a.sh": LOADS}, "python manage.py loaddata users.json && python manage.py loaddata items.json"),
        ({"a.sh": f"python manage.py flush\necho users\n{LOADS}"}, "python manage.py loaddata users.json && python manage.py loaddata items.json"),
    ],
    ids=["one way beside another", "a script", "with other commands"],
)  # fmt: skip
def test_the_fixtures_of_a_script_are_loaded_in_its_order(
    files: dict[str, str], expected: str, proposed: Propose
) -> None:
    seed = proposed({**DJANGO, **files}).seed
    assert seed is not None
    assert seed.value.command == expected


SETTINGS_OF = """
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    {fields}
"""


@pytest.mark.parametrize(
    ("names", "engine"),
    [
        (("REDIS_HOST", "REDIS_DB"), None),
        (("DB_HOST", "DB_USER"), None),
        (("POSTGRES_PASSWORD",), None),
        (("MYSQL_HOST", "MYSQL_USER", "MYSQL_DB"), None),
        (("POSTGRES_TEST_HOST", "POSTGRES_TEST_DB"), None),
        (("POSTGRES_USER", "POSTGRES_HOST", "POSTGRES_DB"), "postgresql"),
    ],
)
def test_variables_that_are_called_after_an_engine_tell_it(
    names: tuple[str, ...], engine: str | None, proposed: Propose
) -> None:
    fields = "\n    ".join(f"{name}: str" for name in names)
    storage = proposed({"shop.py": FLASK, "config.py": SETTINGS_OF.format(fields=fields)}).storage
    assert (storage and storage.value.engine.value) == engine
    assert storage is None or dict(storage.value.env)["POSTGRES_HOST"] == "{host}"


def test_a_companions_port_and_number_are_those_that_it_has(proposed: Propose) -> None:
    fields = "REDIS_HOST: str\n    REDIS_PORT: int\n    REDIS_DB: str\n    SHARD_PORT: int"
    found = proposed({"shop.py": FLASK, "config.py": SETTINGS_OF.format(fields=fields)})
    values = dict(clue.value for clue in found.variables)
    assert values == {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "6379", "REDIS_DB": "0", "SHARD_PORT": "1"}
