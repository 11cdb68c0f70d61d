"""Orders and pages that the database makes are those that Python made, for tables with whatever is in them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.codemods import order_in_sql, page_in_sql

from .alike import module_of, tables, treated

HEAD = """
from datetime import date
from operator import attrgetter

from sqlalchemy import Column, Date, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()

class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    price = Column(Integer, nullable=False, index=True)
    stock = Column(Integer)
    day = Column(Date, nullable=False)
    name = Column(String)

"""
SORTED = {
    "greatest_first": "    return sorted(session.query(Item).all(), key=lambda item: (-item.price, item.id))",
    "newest": "    return sorted(session.scalars(select(Item).where(Item.price > 0)).all(), key=attrgetter('day', 'id'), reverse=True)",
    "in_place": """    items = session.query(Item).filter(Item.price < number).all()
    items.sort(key=lambda item: (item.day, -item.price, item.id), reverse=False)
    return items""",
    "lookalike_ties": "    return sorted(session.query(Item).all(), key=lambda item: item.price)",
    "lookalike_null": "    return sorted(session.query(Item).all(), key=lambda item: (item.stock or 0, item.id))",
}
CUT = {
    "some": "    return session.query(Item).order_by(Item.price.desc(), Item.id).all()[:2]",
    "middle": "    return session.scalars(select(Item).order_by(Item.day, Item.id)).all()[1:3]",
    "paged": """    start = max(number - 1, 0) * 2
    items = session.query(Item).order_by(Item.id.desc()).all()
    return [len(items), *[item.id for item in items[start : start + 2]]]""",
    "beyond": """    start = max(number, 0)
    return session.query(Item).order_by(Item.id).all()[start : start + 1]""",
    "nothing": "    return session.query(Item).order_by(Item.id).all()[: max(number, 0)]",
    "first": """    items = session.query(Item).order_by(Item.price, Item.id).all()
    return [(items[0] if items else None)]""",
    "lookalike_negative": "    return session.query(Item).order_by(Item.id).all()[:number]",
    "lookalike_ties": "    return session.query(Item).order_by(Item.price).all()[:2]",
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "price": st.sampled_from([0, 1, 2, -1]),
            "stock": st.none() | st.sampled_from([0, 1]),
            "day": st.sampled_from([date(2024, 1, 1), date(2024, 2, 29)]),
        }
    ),
    max_size=6,
)


@pytest.fixture(scope="module", params=[(order_in_sql, SORTED), (page_in_sql, CUT)], ids=["sorted", "cut"])
def modules(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Any, set[str]]:
    """The functions before and after, with the names of those that became others."""
    codemod, bodies = request.param
    sources = {name: f"def {name}(session: Session, number: int):\n{body}\n" for name, body in bodies.items()}
    code = HEAD + "\n\n".join(sources.values())
    after, changed = treated(
        codemod, {"app.py": code}, "app.py", sources=sources, tree=tmp_path_factory.mktemp("tree")
    )
    assert bodies.keys() - changed == {name for name in bodies if name.startswith("lookalike")}
    return module_of(code, "pages_before"), module_of(after, "pages_after"), changed


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, number=st.integers(-2, 7))
def test_rows_come_in_the_same_order(
    modules: tuple[Any, Any, set[str]], rows: list[dict[str, Any]], number: int
) -> None:
    *both, changed = modules
    found: list[dict[str, object]] = []
    for module in both:
        with tables(module, [{"id": 2 * n, **row} for n, row in enumerate(rows, start=1)]) as session:
            answers = {name: getattr(module, name)(session, number) for name in sorted(changed)}
            found.append(
                {name: [getattr(one, "id", one) for one in given] for name, given in answers.items()}
            )
    assert found[0] == found[1]
