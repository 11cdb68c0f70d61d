"""What is asked of the database in place of Python is answered alike, for tables with whatever is in them."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from auditor.codemods import filter_in_sql

from .alike import DJANGO, asked_in_django, module_of, tables, treated

HEAD = """
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Boolean, Column, Date, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()

class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    name = Column(String(20))
    price = Column(Integer, nullable=False)
    stock = Column(Integer)
    open = Column(Boolean)
    sold = Column(Boolean, nullable=False)
    day = Column(Date, nullable=False)
    until = Column(Date)

@dataclass
class Wanted:
    least: int = 0
    most: int | None = None
    day: date | None = None

"""
CONDITIONS = (
    "row.price >= least or not least",
    "not least or row.price >= least",
    "most is None or row.price <= most",
    "not most or most >= row.price",
    "row.stock",
    "not row.stock",
    "row.stock == most",
    "row.stock != most",
    "not row.stock == most",
    "row.stock != 0",
    "row.stock is not None and row.stock > least",
    "row.stock is None or row.stock < least",
    "not (row.stock is not None and row.stock > least)",
    "row.open",
    "not row.open",
    "row.open is False",
    "row.open is not True",
    "row.open != True",
    "not (row.open or row.sold)",
    "not row.sold",
    "row.open and not row.sold or row.price == least",
    "row.until",
    "not row.until",
    "row.until == day",
    "row.until is not None and day is not None and row.until >= day",
    "day and row.day < day",
    "row.price in (0, 1, 2)",
    "row.stock not in [0, 5]",
    "0 < row.price <= 3",
    "(not least or row.price >= least) and (not most or row.price <= most)",
    "not wanted.least or row.price >= wanted.least",
    "wanted.most is None or row.price <= wanted.most",
    "not wanted.day or row.day == wanted.day",
    "row.price > least and len(row.name or '') > 1",
    "row.price != least and row.name and row.stock",
    "row.price + 0 == least or row.sold",
    "row.name == ''",
    "row.name is not None and row.price >= 1",
)
PARAMETERS = "wanted: Wanted, least: int, most: int | None = None, day: date | None = None"
LOOKALIKES = frozenset({"row.price + 0 == least or row.sold", "row.name == ''"})
"""Left as they are."""
SHAPES = (
    "    return [row.id for row in session.query(Item).filter(Item.id > 0).order_by(Item.id).all() if {}]",
    """    found = []
    rows = session.scalars(select(Item).order_by(Item.id)).all()
    for row in rows:
        if {}:
            found.append(row.id)
    return found""",
    """    statement = select(Item).order_by(Item.price.desc(), Item.id)
    found = []
    for row in session.execute(statement).scalars():
        if not ({}):
            continue
        found.append(row.name)
        found.append(row.id)
    return found""",
    "    return list(filter(lambda row: {}, session.query(Item).order_by(Item.id).all()))",
)


def functions() -> dict[str, str]:
    """Source by name: every condition, in one of the shapes in turn."""
    return {
        f"f{n}": f"def f{n}(session: Session, {PARAMETERS}):\n{SHAPES[n % len(SHAPES)].format(condition)}\n"
        for n, condition in enumerate(CONDITIONS)
    }


@pytest.fixture(scope="module")
def pairs(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """By name, each function before and after; and that all but the look-alikes become another."""
    sources = functions()
    code = HEAD + "\n\n".join(sources.values())
    after, changed = treated(
        filter_in_sql, {"app.py": code}, "app.py", sources=sources, tree=tmp_path_factory.mktemp("tree")
    )
    assert sources.keys() - changed == {f"f{CONDITIONS.index(one)}" for one in LOOKALIKES}
    before, now = module_of(code, "before"), module_of(after, "after")
    return {name: (getattr(before, name), getattr(now, name)) for name in sorted(changed)}


NUMBERS = st.sampled_from([0, 1, 2, 3, 5, -1])
DAYS = st.sampled_from([date(2024, 1, 1), date(2024, 2, 29)])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([None, "", "a", "A", "é", "ab", "a "]),
            "price": NUMBERS,
            "stock": st.none() | NUMBERS,
            "open": st.none() | st.booleans(),
            "sold": st.booleans(),
            "day": DAYS,
            "until": st.none() | DAYS,
        }
    ),
    max_size=6,
)


def answers(function: Callable[..., Any], session: Session, *given: Any) -> object:
    """What is given, rows by their keys; or which error."""
    try:
        found = function(session, *given)
    except TypeError as error:
        return type(error)
    return [getattr(one, "id", one) for one in found]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    least=NUMBERS,
    most=st.none() | NUMBERS,
    day=st.none() | DAYS,
    wanted=st.tuples(NUMBERS, st.none() | NUMBERS, st.none() | DAYS),
)
def test_conditions_pushed_into_sql_keep_the_same_rows(
    pairs: dict[str, tuple[Callable[..., Any], Callable[..., Any]]],
    rows: list[dict[str, Any]],
    least: int,
    most: int | None,
    day: date | None,
    wanted: tuple[int, int | None, date | None],
) -> None:
    first = next(iter(pairs.values()))
    before: dict[str, object] = {}
    for n, module in enumerate(sys.modules[one.__module__] for one in first):
        with tables(module, [{"id": key, **row} for key, row in enumerate(rows, start=1)]) as session:
            asked = module.Wanted(*wanted)
            found = {name: answers(pair[n], session, asked, least, most, day) for name, pair in pairs.items()}
        if n:
            assert found == before
        before = found


MODELS = """
from django.db import models

class Item(models.Model):
    name = models.CharField(max_length=20, null=True)
    price = models.IntegerField()
    stock = models.IntegerField(null=True)
    open = models.BooleanField(null=True)
    sold = models.BooleanField()
    day = models.DateField()
    until = models.DateField(null=True)
    other = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
"""
VIEWS = """
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from shop.models import Item

@dataclass
class Wanted:
    least: int = 0
    most: int | None = None
    day: date | None = None

"""
DJANGO_SHAPES = (
    "    return [row.id for row in Item.objects.exclude(id=0).order_by('id') if {}]",
    """    found = []
    for row in Item.objects.order_by("-price", "pk"):
        if not ({}):
            continue
        found.append(row.pk)
    return found""",
)
DJANGO_CONDITIONS = (
    *CONDITIONS,
    "row.other",
    "row.other is None",
    "not row.other_id or row.other_id == least",
)
ASKING = """
numbers, days = [0, 1, 2, 3, 5, -1], [date(2024, 1, 1), date(2024, 2, 29)]
for _ in range(25):
    Item.objects.all().delete()
    for n in range(draw.randrange(6)):
        Item.objects.create(
            id=n + 1, name=draw.choice([None, "", "a", "A", "é"]), price=draw.choice(numbers), stock=draw.choice([None, *numbers]),
            open=draw.choice([None, True, False]), sold=draw.random() < 0.5, day=draw.choice(days),
            until=draw.choice([None, *days]), other_id=draw.choice([None, *range(1, n + 1)]),
        )
    given = draw.choice(numbers), draw.choice([None, *numbers]), draw.choice([None, *days])
    wanted = draw.choice(numbers), draw.choice([None, *numbers]), draw.choice([None, *days])
    for name in sys.argv[1:]:
        answers = []
        for module in (views, after):
            try:
                answers.append(getattr(module, name)(module.Wanted(*wanted), *given))
            except TypeError:
                answers.append(TypeError)
        assert answers[0] == answers[1], (name, given, wanted, answers, list(Item.objects.values()))
"""


def test_conditions_pushed_by_django_keep_the_same_rows(tmp_path: Path) -> None:
    sources = {
        f"f{n}": f"def f{n}({PARAMETERS}):\n{DJANGO_SHAPES[(n + 1) % len(DJANGO_SHAPES)].format(condition)}\n"
        for n, condition in enumerate(DJANGO_CONDITIONS)
    }
    files = {
        "manage.py": "import django\n",
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/views.py": VIEWS + "\n\n".join(sources.values()),
    }
    after, changed = treated(filter_in_sql, files, "shop/views.py", sources=sources, tree=tmp_path)
    (tmp_path / "shop" / "after.py").write_text(after)
    assert sources.keys() - changed == {f"f{CONDITIONS.index(one)}" for one in LOOKALIKES}
    asked_in_django(DJANGO + ASKING, changed, tmp_path)
