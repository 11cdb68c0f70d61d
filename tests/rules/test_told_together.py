"""What many functions do by calling the same, and what scripts do, is one finding with its places."""

import pytest

from auditor.model.report import Finding
from tests.rules.conftest import audited

_MODELS = """
from django.db import models

class Job(models.Model):
    name = models.CharField(max_length=20)
    created = models.DateTimeField(auto_now_add=True)
"""
_VIEW = """
def {name}(request):
    return JsonResponse({{"names": [job.name for job in Job.objects.all()]}})
"""


def told(views: int) -> tuple[Finding, ...]:
    names = [f"list_{n}" for n in range(views)]
    routes = ", ".join(f'path("{name}/", views.{name})' for name in names)
    files = {
        "models.py": _MODELS,
        "views.py": "from django.http import JsonResponse\nfrom models import Job\n"
        + "".join(_VIEW.format(name=name) for name in names),
        "urls.py": f"from django.urls import path\nimport views\nurlpatterns = [{routes}]\n",
    }
    return audited(files, "unbounded-fetch")


@pytest.mark.parametrize(("views", "findings"), [(1, 1), (2, 2), (3, 1), (4, 1), (5, 2)])
def test_from_three_functions_on_they_are_told_together_a_few_in_each(views: int, findings: int) -> None:
    assert len(told(views)) == findings


def test_the_places_and_the_endpoints_of_all_are_named() -> None:
    (only,) = told(4)
    assert len({(p.file, p.line) for p in only.related} | {(only.file, only.line)}) == 4
    assert len(only.endpoints) == 4
    assert only.title.endswith("3 more like it in other functions")


_TABLE = """
class {name}(Base):
    __tablename__ = "{name}s"
    id = Column(Integer, primary_key=True)
    created_at = Column(DateTime, default=datetime.utcnow)
    owner_id = Column(ForeignKey("owners.id"))
"""
_RELATION = '    {name}s = relationship("{name}")\n'
_TABLES = """
from datetime import datetime
from flask import Flask
from sqlalchemy import Column, DateTime, ForeignKey, Integer
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()
app = Flask(__name__)

class Owner(Base):
    __tablename__ = "owners"
    id = Column(Integer, primary_key=True)
"""
_SEARCHES = """
@app.get("/{name}/<int:key>")
def of_{name}(key):
    with Session() as session:
        return {{"id": session.query({name}).filter_by(owner_id=key).first().id}}
"""


def told_of_keys(names: str, *, searched: str = "") -> list[str]:
    text = _TABLES + "".join(_RELATION.format(name=name) for name in names)
    text += "".join(_TABLE.format(name=name) for name in names)
    text += "".join(_SEARCHES.format(name=name) for name in searched)
    text += "def counted(owner):\n" + "".join(f"    print(len(owner.{name}s))\n" for name in names)
    return sorted(f.title.partition("; ")[2] for f in audited({"app.py": text}, "missing-index"))


def test_keys_that_nothing_known_searches_by_are_told_together_a_few_in_each() -> None:
    assert told_of_keys("AB") == ["", ""]
    assert told_of_keys("ABCD") == ["3 more like it in other tables"]
    assert told_of_keys("ABCDE") == ["", "3 more like it in other tables"]


def test_keys_that_a_request_searches_by_are_told_by_themselves() -> None:
    assert told_of_keys("ABCD", searched="ABCD") == [""] * 4
    assert told_of_keys("ABCD", searched="A") == ["", "2 more like it in other tables"]


_COMMAND = """
from django.core.management.base import BaseCommand
from shop.models import Job

def fill():
    for job in Job.objects.all():
        job.name = job.name.strip()
        job.save()

class Command(BaseCommand):
    def handle(self, *args, **options):
        fill()
"""


def told_of_commands(count: int, **more: str) -> list[str]:
    files = {
        "shop/__init__.py": "",
        "shop/models.py": _MODELS,
        "shop/management/__init__.py": "",
        "shop/management/commands/__init__.py": "",
        **{f"shop/management/commands/fill_{n}.py": _COMMAND for n in range(count)},
        **more,
    }
    return sorted(f.title.partition("; ")[2] for f in audited(files, "write-per-row"))


def test_what_commands_do_is_told_together_a_few_in_each() -> None:
    assert told_of_commands(1) == [""]
    assert told_of_commands(4) == ["3 more like it in commands"]
    assert told_of_commands(5) == ["", "3 more like it in commands"]


def test_what_a_request_waits_for_too_is_told_by_itself() -> None:
    urls = (
        "from django.http import JsonResponse\nfrom django.urls import path\n"
        "from shop.management.commands.fill_0 import fill\n"
        "def view(request):\n    fill()\n    return JsonResponse({})\n"
        'urlpatterns = [path("x/", view)]\n'
    )
    assert told_of_commands(3, **{"urls.py": urls}) == ["", "1 more like it in commands"]
