"""Every framework's entry points together: sorted, each once, the same whatever the order of the files."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

import auditor.frameworks
from auditor.frameworks import discover, finders
from auditor.index.lower import lower
from auditor.index.project import Project

FILES = {
    "flaskapp.py": """
        from flask import Flask

        def create(debug=False):
            app = Flask(__name__)

            @app.before_request
            def first(): ...

            app.add_url_rule("/f", view_func=view)
            return app

        def view(): ...
        app = create()
        other = create(debug=True)
        """,
    "fastapp.py": """
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/f")
        def view(): ...
        """,
    "jobs.py": """
        from celery import shared_task

        @shared_task
        def job(): ...
        """,
}


def linked(files: list[tuple[str, str]], role: str = "app") -> Project:
    return Project([(path, role, lower(textwrap.dedent(text).encode())) for path, text in files])


def test_nothing_in_an_empty_project() -> None:
    assert discover(Project([])) == ()


def test_nothing_from_tests_migrations_and_stubs() -> None:
    for role in ("test", "migration", "stub", "vendored", "generated", "template", "sql"):
        assert discover(linked(list(FILES.items()), role)) == ()


def test_sorted_and_each_once() -> None:
    found = [(e.id, e.name) for e in discover(linked(list(FILES.items())))]
    assert found == [("GET /f", "fastapp.view"), ("GET /f", "flaskapp.view"), ("TASK jobs.job", "jobs.job")]


def test_the_order_of_the_files_does_not_matter() -> None:
    files = list(FILES.items())
    first = [(e.id, e.name, [a.function.qualname for a in e.around]) for e in discover(linked(files))]
    shuffle = random.Random(7)
    for _ in range(5):
        shuffle.shuffle(files)
        again = [(e.id, e.name, [a.function.qualname for a in e.around]) for e in discover(linked(files))]
        assert again == first


def test_what_runs_around_is_kept_for_the_fullest_setup() -> None:
    entry = next(e for e in discover(linked(list(FILES.items()))) if e.name == "flaskapp.view")
    assert [a.function.name for a in entry.around] == ["first"]


def test_every_framework_file_takes_part() -> None:
    names = {f.__module__.rpartition(".")[2] for f in finders()}
    assert {"flask", "flask_restful", "fastapi", "starlette", "pyramid", "tasks", "commands"} <= names


def test_models_of_libraries_change_nothing() -> None:
    folder = Path(auditor.frameworks.__file__).parent / "library"
    models = [(f"<library>/{p.relative_to(folder).as_posix()}", p) for p in sorted(folder.rglob("*.py"))]
    files = [(path, "library", lower(p.read_bytes())) for path, p in models]
    files += [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in FILES.items()]
    without = [(e.id, e.name, len(e.around)) for e in discover(linked(list(FILES.items())))]
    assert [(e.id, e.name, len(e.around)) for e in discover(Project(files))] == without
