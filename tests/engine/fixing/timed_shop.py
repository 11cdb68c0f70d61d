"""A small shop that is really booted, and runs of `auditor fix` on it that take time."""

import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.config.user import JailChoice, UserSettings
from auditor.engine.fixing.fix import Fixed, fix
from auditor.engine.fixing.request import FixRequest
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.choosing import choose_jail
from auditor.model.fault import Fault
from auditor.trial.making import patch_between

Edits = Sequence[tuple[str, str]]

APP = """
import os, sqlite3, time
from flask import Flask, jsonify

app = Flask(__name__)
SCHEMA = [
    "CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, owner INTEGER, code TEXT)",
]


def named(name):
    return name or "nobody"


def database():
    connection = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    return connection


@app.get("/orders")
def orders():
    with database() as connection:
        rows = connection.execute("SELECT id, owner FROM orders ORDER BY id LIMIT 8").fetchall()
        found = []
        for row in rows:
            owner = connection.execute("SELECT name FROM owners WHERE id = ?", [row["owner"]]).fetchone()
            found.append({"id": row["id"], "owner": named(owner["name"])})
    time.sleep(0.02)
    return jsonify(orders=found)


@app.get("/orders/<code>")
def order(code):
    with database() as connection:
        row = connection.execute("SELECT id FROM orders WHERE code = ?", [code]).fetchone()
    return jsonify(id=row["id"])


@app.get("/codes")
def codes():
    with database() as connection:
        rows = connection.execute("SELECT code FROM orders ORDER BY id").fetchall()
    seen, found = [], []
    for row in rows:
        if row["code"] not in seen:
            seen.append(row["code"])
            found.append(row["code"])
    return jsonify(codes=len(found), first=found[:3])
"""
SEED = """
import os, sqlite3, sys
import app
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    for statement in app.SCHEMA:
        connection.execute(statement)
    for number in range(10 * int(sys.argv[1])):
        connection.execute("INSERT INTO owners (name) VALUES (?)", [f"p{number}"])
        connection.execute("INSERT INTO orders (owner, code) VALUES (?, ?)", [number + 1, f"c{number}"])
"""
SETTINGS = """
[boot]
command = "gunicorn --workers 1 --threads 4 --bind 127.0.0.1:{port} app:app"
ready = "/codes"
python = "PYTHON"
[database]
engine = "sqlite"
seed = "python seed.py {scale}"
full = 150
[load]
pool = 4
time = "1s"
"""
WORKLOAD = """
{"id": "orders", "path": "/orders"}
{"id": "codes", "path": "/codes"}
{"id": "order", "path": "/orders/c7"}
"""


class Silent:
    """`Notes` that nobody reads."""

    def stage(self, name: str, /) -> None: ...
    def step(self, text: str, /) -> None: ...
    def progress(self, done: int, total: int, /) -> None: ...
    def warn(self, text: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Small:
    """The target of this file."""

    root: Path
    user: UserSettings
    workload: Path
    patches: Mapping[str, Edits]

    def patch(self, name: str) -> Path:
        """A file with the patch of that name."""
        source = (self.root / "app.py").read_bytes()
        text = source.decode()
        for before, after in self.patches[name]:
            assert text.count(before) == 1, name
            text = text.replace(before, after)
        file = self.user.state_dir / f"{name}.json"
        file.write_text(patch_between({"app.py": source}, {"app.py": text}).model_dump_json(by_alias=True))
        return file

    def fixed(self, *names: str, target_ms: int | None = None, time: bool = True) -> Fixed:
        """What comes of a run with these patches, or with what codemods propose."""
        request = FixRequest(
            audit=AuditRequest(path=self.root, command="fix", cache_dir=None, target_ms=target_ms),
            user=self.user,
            workload=self.workload,
            edges=False,
            patches=tuple(map(self.patch, names)),
            time=time,
        )
        notes: Notes = Silent()
        return fix(request, notes)


def shop(
    folders: pytest.TempPathFactory,
    patches: Mapping[str, Edits],
    *,
    settings: str = "",
    more: Mapping[str, str] = {},
) -> Small:
    """Writes the target, with `settings` behind its own and `more` files; skips where there is no jail."""
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    root = folders.mktemp("t")
    for name, text in {"app.py": APP, "seed.py": SEED, "requests.jsonl": WORKLOAD, **more}.items():
        (root / name).write_text(text.lstrip(), "utf-8")
    environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix
    (root / "auditor.toml").write_text(SETTINGS.replace("PYTHON", environment) + settings, "utf-8")
    user = UserSettings(cache_dir=folders.mktemp("c"), state_dir=folders.mktemp("s"), jail=JailChoice.AUTO)
    return Small(root, user, root / "requests.jsonl", patches)
