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
