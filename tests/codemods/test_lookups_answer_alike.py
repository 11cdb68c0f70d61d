"""What codemods make of queries answers as before, asked of a real database."""

from itertools import product
from types import ModuleType

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from auditor.codemods import one_round_trip
from auditor.codemods.outcome import Written
from auditor.codemods.source import Source
from auditor.frameworks import discover
from auditor.index.build import build_index
from auditor.knowledge.load import load
from auditor.repo.snapshot import open_snapshot
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import semantics_of

CODE = """
from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship

web = Flask(__name__)
Base = declarative_base()

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    role = Column(String(20), nullable=False)

class Plan(Base):
    __tablename__ = "plans"
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), nullable=False)

class Hours(Base):
    __tablename__ = "hours"
    id = Column(Integer, primary_key=True)
    shop_id = Column(ForeignKey("shops.id"), nullable=False)

class Shop(Base):
    __tablename__ = "shops"
    id = Column(Integer, primary_key=True)
    owner_id = Column(ForeignKey("users.id"))
    owner = relationship("User")
    hours = relationship("Hours", order_by="Hours.id.desc()")

class Rule(Base):
    __tablename__ = "rules"
    id = Column(Integer, primary_key=True)
    shop_id = Column(ForeignKey("shops.id"), nullable=False)
    text = Column(String(20))

def may_see(session, user_id, shop_id):
    user = session.query(User).filter(User.id == user_id).first()
    if user is None:
        return False
    plan = session.query(Plan).filter(Plan.user_id == user_id).first()
    return user.role == "admin" or plan is not None

@web.get("/<int:user_id>/<int:shop_id>")
def page(user_id, shop_id):
    return shown(Session(), user_id, shop_id)

def shown(session: Session, user_id, shop_id):
    if not may_see(session, user_id, shop_id):
        return {"error": 403}
    shop = session.get(Shop, shop_id, options=[joinedload(Shop.owner), joinedload(Shop.hours)])
    if shop is None:
        return {"error": 404}
    rule = session.query(Rule).filter(Rule.shop_id == shop_id).order_by(Rule.text.desc(), Rule.id).first()
    account = session.query(User).filter(User.id == user_id).one()
    return {
        "user": account.role,
        "owner": shop.owner.role if shop.owner else None,
        "hours": [one.id for one in shop.hours],
        "rule": rule and rule.text,
    }
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The code after the codemod."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "app.py").write_text(CODE)
    index = build_index(open_snapshot(tree), jobs=1, cache_dir=None)
    trace = analyse(index.project, discover(index.project), knowledge=load(), semantics=semantics_of(index))
    scene = Scene(trace, load())
    source = Source({"app.py": CODE}.get, scene)
    [finding] = run_rules(scene, select=one_round_trip.RULES)
    made = one_round_trip.propose(finding, source)
    assert isinstance(made, Written), made
    return made.files["app.py"]


def module_of(code: str, name: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(code, name, "exec"), module.__dict__)  # the code of this test
    return module


def answers(code: str, name: str) -> tuple[dict[tuple[object, ...], object], int]:
    """By user and shop what is answered, and the most statements that one answer takes."""
    module = module_of(code, name)
    engine = create_engine("sqlite://")
    module.Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([module.User(id=n, role="admin" if n == 1 else "member") for n in (1, 2, 3)])
        session.add_all([module.Plan(id=n, user_id=2) for n in (1, 2)])
        session.add_all([module.Shop(id=1, owner_id=3), module.Shop(id=2)])
        session.add_all([module.Hours(id=n, shop_id=1) for n in (4, 5, 6)])
        session.add_all(
            [module.Rule(id=n, shop_id=1, text=text) for n, text in ((1, "a"), (2, "c"), (3, None))]
        )
        session.commit()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    found: dict[tuple[object, ...], object] = {}
    most = 0
    for user_id, shop_id in product((1, 2, 3, 9, None), (1, 2, 9, None)):
        with Session(engine) as session:
            statements.clear()
            found[user_id, shop_id] = module.shown(session, user_id, shop_id)
            most = max(most, len(statements))
    engine.dispose()
    return found, most


@pytest.mark.filterwarnings("ignore:fully NULL primary key")
def test_lookups_made_at_once_answer_as_those_one_by_one(written: str) -> None:
    before, many = answers(CODE, "before")
    after, one = answers(written, "after")
    assert after == before
    assert (many, one) == (5, 1)
    assert {"error": 403} in before.values()
    assert {"error": 404} in before.values()
