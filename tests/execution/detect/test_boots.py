"""What is proposed is not only what an engineer would write: it starts."""

import shutil
from collections.abc import Callable
from pathlib import Path

from auditor.execution.detect.proposal import Proposal
from auditor.execution.detect.writing import settings_text
from auditor.execution.knock import knock
from auditor.execution.world import World

Propose = Callable[[dict[str, str]], Proposal]

SHOP = {
    "shop/__init__.py": "",
    "shop/app.py": """
import os, sqlite3
from flask import Flask
KEY = os.environ["SHOP_KEY"]
def connected():
    return sqlite3.connect(os.environ.get("DATABASE_URL", "sqlite:///shop.db").removeprefix("sqlite:///"))
def create_app():
    app = Flask(__name__)
    @app.get("/healthz")
    def healthz():
        return {"rows": connected().execute("SELECT count(*) FROM items").fetchone()[0]}
    return app
""",
    "scripts/seed.py": """
import argparse, os, sqlite3
parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=5)
if __name__ == "__main__":
    with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
        connection.executemany("INSERT INTO items VALUES (?)", [[n] for n in range(parser.parse_args().count)])
""",
    "manage.py": """
import os, sqlite3, sys
if sys.argv[1:] == ["db", "upgrade"]:
    sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")).execute("CREATE TABLE items (n)")
""",
    "docker/start.sh": "#!/bin/sh\nset -e\npython manage.py db upgrade\nexec gunicorn -w ${WORKERS:-1} -b 0.0.0.0:$PORT 'shop.app:create_app()'\n",
    "Dockerfile": 'FROM python:3.12\nCOPY . /srv\nENTRYPOINT ["/srv/docker/start.sh"]\n',
}


def test_a_project_with_an_entry_script(
    tmp_path: Path, proposed: Propose, make_world: Callable[..., World]
) -> None:
    text = settings_text(proposed(SHOP))
    world = make_world(tmp_path, text, scale=3)
    world.prepare()
    with world.boot() as server:
        assert server.report.ok
        assert knock(server.door, "/healthz", timeout_s=10).body == b'{"rows":3}\n'


def test_the_sample(tmp_path: Path, proposed: Propose, make_world: Callable[..., World]) -> None:
    app = Path(__file__).parents[3] / "evals/cases/discovery/app"
    shutil.copytree(
        app, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("auditor.toml", "__pycache__")
    )
    world = make_world(tmp_path, settings_text(proposed({})))
    world.prepare()
    with world.boot() as server:
        assert server.report.ok
        assert knock(server.door, "/ready", timeout_s=30).status == 200
