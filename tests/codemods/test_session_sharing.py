from auditor.codemods.session_sharing import sets_attributes

from .conftest import scene_of

MODELS = """
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()

class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
"""


def test_what_hundreds_of_functions_lead_to_is_seen() -> None:
    steps = 700
    calls = "\n".join(f"    step{n}(session, item)" for n in range(steps))
    between = "\n".join(f"def step{n}(session, item):\n    return {n}" for n in range(steps))
    scene = scene_of({
        "models.py": MODELS,
        "app.py": f"""
from flask import Flask
from sqlalchemy.orm import Session
from models import Item

app = Flask(__name__)

def change(session: Session, item: Item):
    item.price = 1

def later(session: Session, item: Item):
    change(session, item)

{between}

@app.get("/items")
def items(session: Session, item: Item):
    later(session, item)
{calls}
""",
    })  # fmt: skip
    known = next(one for one in scene.project.by_path["app.py"].functions if one.name == "items")
    assert sets_attributes(known, scene) == "item.price"
