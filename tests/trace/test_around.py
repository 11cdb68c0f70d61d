"""What stands around a handler is paid for once a request: dependencies that several ask for, decorators on decorators."""

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.endpoints import endpoints
from auditor.trace.semantics import Semantics

FASTAPI = """
import requests
from typing import Annotated
from fastapi import Depends, FastAPI

app = FastAPI()

def setting():
    return requests.get("http://setting").json()

def user(here: Annotated[dict, Depends(setting)]):
    return requests.get("http://user").json()

def admin(who: Annotated[dict, Depends(user)]):
    return requests.get("http://admin").json()

class Pages:
    def __init__(self, who: Annotated[dict, Depends(user)]):
        self.who = requests.get("http://pages").json()

@app.get("/one")
def one(here: Annotated[dict, Depends(setting)], who: Annotated[dict, Depends(user)]):
    return who

@app.get("/guarded", dependencies=[Depends(admin)])
def guarded(who: Annotated[dict, Depends(user)]):
    return who

@app.get("/only-guarded", dependencies=[Depends(admin), Depends(user)])
def only_guarded():
    return {}

@app.get("/pages")
def pages(found: Annotated[Pages, Depends()], who: Annotated[dict, Depends(user)]):
    return found.who
"""

FLASK = """
import requests
from functools import wraps
from flask import Flask, abort

app = Flask(__name__)

def signed_in(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        if not requests.get("http://user").ok:
            abort(401)
        return view(*args, **kwargs)
    return wrapper

def staff_only(view):
    @wraps(view)
    @signed_in
    def wrapper(*args, **kwargs):
        if not requests.get("http://staff").ok:
            abort(403)
        return view(*args, **kwargs)
    return wrapper

@app.get("/one")
@signed_in
def one():
    return requests.get("http://one").text

@app.get("/other")
@staff_only
def other():
    return requests.get("http://other").text

@app.get("/third")
@staff_only
def third():
    return "third"
"""


def costs(source: str) -> dict[str, str]:
    """The outside calls of each endpoint."""
    project = Project([("app.py", "app", lower(source.encode()))])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=()))
    made, _ = endpoints(trace, CostTable(trace.machine))
    return {one.id: one.cost["http"].text for one in made}


@pytest.mark.parametrize(
    ("endpoint", "calls"),
    [
        ("GET /one", "2"),  # the setting and the user, who asks for the setting too
        ("GET /guarded", "3"),  # and the admin
        ("GET /only-guarded", "3"),
        ("GET /pages", "3"),
    ],
)
def test_a_request_asks_each_dependency_once(endpoint: str, calls: str) -> None:
    assert costs(FASTAPI)[endpoint] == calls


@pytest.mark.parametrize(("endpoint", "calls"), [("GET /one", "2"), ("GET /other", "3"), ("GET /third", "2")])
def test_a_handler_below_a_decorated_wrapper_is_followed(endpoint: str, calls: str) -> None:
    assert costs(FLASK)[endpoint] == calls
