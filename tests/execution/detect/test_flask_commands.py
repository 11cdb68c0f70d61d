"""Commands that an application adds to `flask`: which of them fills the database, and which only makes its tables."""

import pytest

from .conftest import FLASK, Propose

MANY = '''import click
from shop import app, db

@app.cli.command()
@click.option('--drop', is_flag=True)
def initdb(drop):
    """Initialize the database."""
    db.create_all()

@app.cli.command()
@click.option('--user', default=10, help='Quantity of users.')
@click.option(
    '--item',
    default=10,
)
def forge(user, item):
    """Generate fake data."""

    from shop.fakes import fake_user
    db.drop_all()
    db.create_all()
    fake_user(user)
'''


def command(decorators: str, body: str, name: str = "make") -> str:
    return f"{decorators}\ndef {name}():\n{body}\n"


@pytest.mark.parametrize(
    "text",
    [
        command("@app.cli.command()", "    '''Send the newsletter.'''\n    db.session.add(Sent())"),
        command("@app.cli.command()\n@click.argument('name')", "    '''Make fake users.'''\n    fake_user()"),
        command(
            "@app.cli.command()\n@click.option('--password', prompt=True)",
            "    '''Seed an admin.'''\n    x()",
        ),
        command("@app.cli.command()", "    '''Seed.'''\n    if input('sure?'):\n        seed()"),
        command("@celery.command()", "    '''Generate fake data.'''\n    fake()"),
        command("@app.cli.command('sync')", "    sync_users()  # nothing made up"),
    ],
    ids=["no seed", "an argument", "a prompt", "an input", "no group of flask's", "another's data"],
)
def test_what_makes_nothing_up_or_asks_is_no_seed(text: str, proposed: Propose) -> None:
    assert proposed({"shop.py": FLASK, "cli.py": text}).seed is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MANY, "flask forge"),
        (command("@app.cli.command('fill-up')", "    '''Generate fake data.'''\n    x()"), "flask fill-up"),
        (
            command("@app.cli.command()", "    fake = Faker()\n    add(fake.name())", "fill_up"),
            "flask fill-up",
        ),
        (
            "data = AppGroup('data')\n"
            + command("@data.command(name='load')", "    '''Sample rows.'''\n    x()"),
            "flask data load",
        ),
        (
            "bp = Blueprint('shop', __name__)\n"
            + command("@bp.cli.command()", "    '''Demo users.'''\n    x()"),
            "flask shop make",
        ),
        (
            "bp = Blueprint('shop', __name__, cli_group=None)\n"
            + command("@bp.cli.command()", "    '''Demo users.'''\n    x()"),
            "flask make",
        ),
    ],
    ids=["documented", "named", "by what it calls", "a group", "a blueprint", "a blueprint without a group"],
)
def test_a_command_that_says_it_makes_rows_up_is_the_seed(
    text: str, expected: str, proposed: Propose
) -> None:
    seed = proposed({"shop.py": FLASK, "cli.py": text}).seed
    assert seed is not None
    assert seed.value.command == expected


def test_one_that_only_makes_tables_is_the_migration(proposed: Propose) -> None:
    found = proposed({"shop.py": FLASK, "cli.py": MANY})
    assert found.migrate is not None
    assert found.migrate.value == "flask initdb"
    written = proposed(
        {"shop.py": FLASK, "cli.py": MANY, "migrations/alembic.ini": "", "migrations/env.py": "current_app\n"}
    )
    assert written.migrate is not None
    assert written.migrate.value == "flask db upgrade"
