"""A shop that is booted, with the trap of the case study in it: a filter that takes 0 for no filter."""

from dataclasses import replace

import pytest
import small_target
from read_shop import FILES, RULES

from auditor.engine.fixing.request import FixRequest

SEED = """
import sys
from shop.db import Session, engine
from shop.models import Base, Customer, Order, Rate

Base.metadata.create_all(engine)
with Session() as session:
    session.add(Rate(value=2))
    for number in range(4 * int(sys.argv[1])):
        customer = Customer(name=f"c{number}")
        session.add(customer)
        session.flush()
        session.add(Order(customer_id=customer.id, total=number * 5))
    session.commit()
"""
SETTINGS = """
[boot]
command = "gunicorn --workers 1 --bind 127.0.0.1:{port} shop.app:app"
ready = "/health"
python = "PYTHON"
[database]
engine = "sqlite"
seed = "python seed.py {scale}"
full = 4
"""
WORKLOAD = """
{"id": "all", "path": "/orders"}
{"id": "zero", "path": "/orders", "query": [["above", "0"]]}
{"id": "ten", "path": "/orders", "query": [["above", "10"]]}
"""


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> FixRequest:
    """The shop with a seed, a server and three requests, one of them with the value that means nothing."""
    asked = small_target.asking(tmp_path_factory)
    root = asked.audit.path
    python = next(
        line for line in (root / "auditor.toml").read_text("utf-8").splitlines() if line.startswith("python")
    )
    for name in ("app.py", "seed.py"):
        (root / name).unlink(missing_ok=True)
    (root / "shop").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text, "utf-8")
    database = "import os\nfrom sqlalchemy import create_engine\n"
    source = FILES["shop/db.py"].replace("from sqlalchemy import create_engine\n", database)
    (root / "shop" / "db.py").write_text(
        source.replace('"sqlite:///shop.db"', 'os.environ["DATABASE_URL"]'), "utf-8"
    )
    (root / "seed.py").write_text(SEED.lstrip(), "utf-8")
    (root / "requests.jsonl").write_text(WORKLOAD.lstrip(), "utf-8")
    (root / "auditor.toml").write_text(SETTINGS.lstrip().replace('python = "PYTHON"', python), "utf-8")
    audit = replace(asked.audit, command="fix", endpoints=("GET /orders",), select=RULES)
    return FixRequest(audit=audit, user=asked.user, workload=asked.workload, edges=False)


@pytest.fixture
def silent() -> small_target.Silent:
    """`Notes` that nobody reads."""
    return small_target.Silent()
