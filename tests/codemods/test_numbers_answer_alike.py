"""Numbers that the database adds up are those that Python made of the rows, for tables with whatever is in them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from auditor.codemods import aggregate_in_sql

from .alike import DJANGO, asked_in_django, module_of, tables, treated

HEAD = """
from datetime import date

from sqlalchemy import Boolean, Column, Date, Float, Integer, String, func, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()

class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    price = Column(Integer, nullable=False)
    stock = Column(Integer)
    sold = Column(Boolean, nullable=False)
    day = Column(Date, nullable=False)
    weight = Column(Float, nullable=False)

"""
BODIES = {
    "summed": "    return sum(item.price for item in session.query(Item).all())",
    "of_some": "    return sum([item.price for item in session.query(Item).filter(Item.price > least).all() if not item.sold])",
    "or_zero": "    return sum(item.stock or 0 for item in session.scalars(select(Item).order_by(Item.id)).all())",
    "greatest": "    return max((item.price for item in session.query(Item).order_by(Item.day).all()), default=None)",
    "first_day": "    return min((item.day for item in session.scalars(select(Item).where(Item.price > least))), default=None)",
    "mean": """    prices = [item.price for item in session.query(Item).filter_by(sold=False).all()]
    return {"mean": round(sum(prices) / len(prices), 2) if prices else None, "number": len(prices)}""",
    "range_of": """    prices = [item.price for item in session.execute(select(Item)).scalars().all() if item.price >= least]
    if not prices:
        return None
    return [len(prices), sum(prices), max(prices) - min(prices) if prices else 0]""",
    "two_columns": """    items = session.query(Item).order_by(Item.price.desc()).all()
    total = sum(item.price for item in items)
    left = sum([item.stock or 0 for item in items])
    return total, left, len(items)""",
    "lookalike_weight": "    return sum(item.weight for item in session.query(Item).all())",
    "lookalike_null": "    return sum(item.stock for item in session.query(Item).all())",
    "lookalike_none": "    return max(item.price for item in session.query(Item).all())",
}
NUMBERS = st.sampled_from([0, 1, 2, 3, 5, -1])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "price": NUMBERS,
            "stock": st.none() | NUMBERS,
            "sold": st.booleans(),
            "day": st.sampled_from([date(2024, 1, 1), date(2024, 2, 29)]),
            "weight": st.sampled_from([0.1, 0.2]),
        }
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, set[str]]:
    """The functions before and after, with the names of those that became others."""
    sources = {name: f"def {name}(session: Session, least: int):\n{body}\n" for name, body in BODIES.items()}
    code = HEAD + "\n\n".join(sources.values())
    after, changed = treated(
        aggregate_in_sql, {"app.py": code}, "app.py", sources=sources, tree=tmp_path_factory.mktemp("tree")
    )
    assert BODIES.keys() - changed == {name for name in BODIES if name.startswith("lookalike")}
    return module_of(code, "numbers_before"), module_of(after, "numbers_after"), changed


def answered(function: Callable[..., Any], session: Session, least: int) -> object:
    """With its type, since 1 is 1.0 and True."""
    found = function(session, least)
    return repr(found)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, least=NUMBERS)
def test_numbers_are_the_same_however_they_are_made(
    modules: tuple[Any, Any, set[str]], rows: list[dict[str, Any]], least: int
) -> None:
    *both, changed = modules
    found: list[dict[str, object]] = []
    for module in both:
        with tables(module, rows) as session:
            found.append({name: answered(getattr(module, name), session, least) for name in sorted(changed)})
    assert found[0] == found[1]


MODELS = """
from django.db import models

class Item(models.Model):
    price = models.IntegerField()
    stock = models.IntegerField(null=True)
    sold = models.BooleanField()
    day = models.DateField()
"""
DJANGO_BODIES = {
    "summed": "    return sum(item.price for item in Item.objects.all())",
    "of_some": "    return sum([item.price for item in Item.objects.filter(price__gt=least).order_by('day') if not item.sold])",
    "or_zero": "    return sum(item.stock or 0 for item in Item.objects.exclude(sold=True))",
    "greatest": "    return max((item.price for item in Item.objects.all()), default=None)",
    "mean": """    prices = [item.price for item in Item.objects.filter(sold=False)]
    return {"mean": round(sum(prices) / len(prices), 2) if prices else None, "number": len(prices)}""",
    "two_columns": """    items = list(Item.objects.all())
    total = sum(item.price for item in items)
    left = sum([item.stock or 0 for item in items])
    first = min((item.day for item in items), default=None)
    return total, left, len(items), first""",
    "lookalike_null": "    return sum(item.stock for item in Item.objects.all())",
}
ASKING = """
numbers = [0, 1, 2, 3, 5, -1]
for _ in range(25):
    Item.objects.all().delete()
    for _ in range(draw.randrange(6)):
        Item.objects.create(
            price=draw.choice(numbers), stock=draw.choice([None, *numbers]), sold=draw.random() < 0.5, day=date(2024, 1, draw.randint(1, 9))
        )
    least = draw.choice(numbers)
    for name in sys.argv[1:]:
        answers = [repr(getattr(module, name)(least)) for module in (views, after)]
        assert answers[0] == answers[1], (name, least, answers, list(Item.objects.values()))
"""


def test_numbers_of_django_are_the_same(tmp_path: Path) -> None:
    sources = {name: f"def {name}(least: int):\n{body}\n" for name, body in DJANGO_BODIES.items()}
    files = {
        "manage.py": "import django\n",
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/views.py": "from shop.models import Item\n\n" + "\n\n".join(sources.values()),
    }
    after, changed = treated(aggregate_in_sql, files, "shop/views.py", sources=sources, tree=tmp_path)
    assert DJANGO_BODIES.keys() - changed == {"lookalike_null"}
    imports = "from django.db.models import Count, Max, Min, Sum\n"
    (tmp_path / "shop" / "after.py").write_text(imports + after)
    asked_in_django(DJANGO + ASKING, changed, tmp_path)
