"""Code before and after a codemod, to be asked the same."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import create_engine, delete
from sqlalchemy.orm import Session

from auditor.codemods.outcome import Written
from auditor.codemods.source import Source
from auditor.frameworks import discover
from auditor.frameworks.entry import EntryPoint
from auditor.index.build import build_index
from auditor.index.symbols import Function
from auditor.knowledge.load import load
from auditor.repo.snapshot import open_snapshot
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import semantics_of

DJANGO_SETUP = """
import sys
from datetime import date
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["shop"], DEFAULT_AUTO_FIELD="django.db.models.AutoField", USE_TZ=True,
)
django.setup()
from django.db import connection
"""
"""How a script begins that asks an application `shop`, on a database of its own in memory."""
DJANGO = f"""{DJANGO_SETUP}
import random
from shop import after, views
from shop.models import Item

with connection.schema_editor() as editor:
    editor.create_model(Item)
draw = random.Random(7)
"""
"""How one begins that asks `shop.views` and `shop.after`."""


def treated(
    codemod: Any, files: Mapping[str, str], path: str, *, sources: Mapping[str, str], tree: Path
) -> tuple[str, set[str]]:
    """A file with each function as the codemod leaves it, and the names of those that it changes."""
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    index = build_index(open_snapshot(tree), jobs=1, cache_dir=None)
    handlers = (f for module in index.project.modules for f in module.functions if f.name in sources)
    entries = (*discover(index.project), *map(served_by, handlers))
    trace = analyse(index.project, entries, knowledge=load(), semantics=semantics_of(index))
    scene = Scene(trace, load())
    after, changed = files[path], set[str]()
    for finding in run_rules(scene, select=codemod.RULES):
        name = finding.function.rpartition(".")[2]
        made = codemod.propose(finding, Source(files.get, scene))
        if isinstance(made, Written):
            text = made.files[path]
            again = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == name)
            after = after.replace(sources[name], f"{ast.get_source_segment(text, again)}\n")
            changed.add(name)
    return after, changed


def served_by(function: Function) -> EntryPoint:
    """An endpoint whose handler is the function: what no request waits for is told once a file."""
    return EntryPoint(
        kind="http",
        method="GET",
        path=f"/{function.name}",
        framework="flask",
        handler=function,
        receiver=None,
        name=f"{function.module.name}.{function.name}",
        file=function.module.path,
        line=function.line,
    )


def module_of(code: str, name: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module  # where dataclasses look their annotations up
    exec(compile(code, name, "exec"), module.__dict__)  # the code of this test
    return module


@contextmanager
def tables(module: ModuleType, rows: Sequence[Mapping[str, Any]]) -> Iterator[Session]:
    """A session on a database of the module's own, with these items alone."""
    engine = module.__dict__.setdefault("ENGINE", create_engine("sqlite://"))
    module.Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.execute(delete(module.Item))
        session.add_all([module.Item(**row) for row in rows])
        session.commit()
        yield session


def asked_in_django(script: str, names: Iterable[str], tree: Path) -> None:
    """Runs a script that begins with `DJANGO` for functions of these names; it fails where the answers differ."""
    done = subprocess.run(
        [sys.executable, "-c", script, *sorted(names)], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
