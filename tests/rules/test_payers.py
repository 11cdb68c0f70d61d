"""Which endpoints a finding names: those that pay for it, not all that lead to the place it stands at."""

from pathlib import Path

import auditor.frameworks
from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import Semantics, orms_of

LIBRARY = Path(auditor.frameworks.__file__).parent / "library"
APPLICATION = b"""
from django.db import models
from rest_framework import serializers, viewsets
from rest_framework.routers import DefaultRouter

class Author(models.Model):
    name = models.CharField(max_length=9)

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)

class BookSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name")
    class Meta:
        model = Book
        fields = ["id", "author_name"]

class BookViewSet(viewsets.ModelViewSet):
    serializer_class = BookSerializer

    def get_queryset(self):
        return Book.objects.all()

router = DefaultRouter()
router.register("books", BookViewSet, basename="book")
urlpatterns = router.urls
"""


def test_what_a_list_loads_for_each_row_is_not_paid_where_one_row_is_deleted() -> None:
    library = [
        (f"<library>/{p.relative_to(LIBRARY)}", "library", lower(p.read_bytes()))
        for p in sorted(LIBRARY.rglob("*.py"))
    ]
    project = Project([("urls.py", "app", lower(APPLICATION)), *library])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    found = [f for f in run_rules(Scene(trace, load())) if f.rule == "lazy-load-in-loop"]
    assert [f.endpoints for f in found] == [("GET /books/",)]
