"""What `batch_across_calls` leaves answers as before, with fewer statements: run on SQLite, with Django and SQLAlchemy."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.codemods import batch_across_calls

from .alike import DJANGO_SETUP
from .conftest import Case, applied, cases, proposed

_PAGE = Path(__file__).with_name("batch_across_calls.md")
_SQLALCHEMY = '''
import asyncio, inspect, json, sys
from datetime import date
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session
from tables import Base, Booking, Item, Link, Room, Space
import app, tables

class Waiting:
    """A session whose methods are waited for, as those of `AsyncSession`."""

    def __init__(self, session):
        self.session = session

    async def get(self, *given):
        return self.session.get(*given)

    async def scalars(self, statement):
        return self.session.scalars(statement)

    async def execute(self, statement):
        return self.session.execute(statement)


def shown(session):
    if inspect.iscoroutinefunction(app.shown):
        return asyncio.run(app.shown(Waiting(session), today))
    return app.shown(session, today)


today = date(2026, 3, 2)
answers = []
for spaces in map(int, sys.argv[1:]):
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    numbers = range(1, spaces + 1)
    with Session(engine) as session:
        session.add_all([Room(id=n) for n in range(1, 4)] + [Item(id=n, name=f"item {n}") for n in range(1, 6)])
        session.add_all(
            Space(id=n, kind="room" if n % 5 else "desk", room_id=n % 3 + 1, owner_id=n % 4 or None) for n in numbers
        )
        session.add_all(Link(space_id=n, item_id=m) for n in numbers for m in (5, n % 5 + 1, 2) if n % 4)
        session.add_all(
            Booking(space_id=n % spaces + 1 if n % 7 else None, kind="desk" if n % 3 else None, day=today, seats=n % 5)
            for n in range(3 * spaces)
        )
        session.commit()
    if hasattr(tables, "Making"):
        tables.Making.remove()
        tables.Making.configure(bind=engine)
    with Session(engine) as session:
        asked.clear()
        answers.append([shown(session), len(asked)])
print(json.dumps(answers, default=str))
'''
_DJANGO = (
    DJANGO_SETUP
    + """
import json
from django.test.utils import CaptureQueriesContext
from shop.models import Author, Book
from shop import views
with connection.schema_editor() as editor:
    editor.create_model(Author)
    editor.create_model(Book)
answers = []
for many in map(int, sys.argv[1:]):
    Book.objects.all().delete()
    Author.objects.all().delete()
    Author.objects.bulk_create(
        Author(pk=n, name=f"A{n}", born=date(1980, 1, n % 28 + 1)) for n in range(1, many + 1)
    )
    Book.objects.bulk_create(
        Book(
            author_id=n % many + 1, editor_id=(n % many + 1) if n % 10 else None, title="AB"[n % 2] + str(n),
            published=date(2000, 1, 1),
        )
        for n in range(3 * many)
    )
    with CaptureQueriesContext(connection) as asked:
        answer = views.authors(None).content.decode()
    answers.append([answer, len(asked)])
print(json.dumps(answers))
"""
)


_SIZES = (0, 1, 2, 30, 520)
_SOME = 30


def transformed() -> list[Case]:
    return [case for case in cases(_PAGE.read_text("utf-8")) if case.expected]


@pytest.mark.parametrize("case", transformed(), ids=lambda case: re.sub(r"\W+", "-", case.title))
def test_answers_stay_and_statements_fall(case: Case, tmp_path: Path) -> None:
    files = applied(case.files, proposed(case.files, batch_across_calls)[1])
    script = _DJANGO if "shop/views.py" in files else _SQLALCHEMY
    before = answered(tmp_path / "before", case.files, script)
    after = answered(tmp_path / "after", files, script)
    assert [answer for answer, _ in after] == [answer for answer, _ in before]
    assert any(answer for answer, _ in before)
    for many, (_, asked), (_, asked_before) in zip(_SIZES, after, before, strict=True):
        assert asked <= asked_before + (many == 1)
        assert many < _SOME or asked * 2 < asked_before


def answered(folder: Path, files: dict[str, str], script: str) -> list[tuple[object, int]]:
    """What the project answers over databases of several sizes, and how many statements each answer takes."""
    for path, text in {**files, "run.py": script}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    if (folder / "shop").is_dir():
        (folder / "shop/__init__.py").touch()
    ran = subprocess.run(  # our own interpreter, on files of this test
        [sys.executable, "run.py", *map(str, _SIZES)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [(answer, asked) for answer, asked in json.loads(ran.stdout)]
