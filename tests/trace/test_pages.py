"""Pages of Django's paginator: going through one is going through its rows."""

import textwrap

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of
from tests.trace.rest_project import library

SOURCE = """
    from django.core.paginator import Paginator
    from django.db import models
    from django.urls import path

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

    def view(request):
        page = Paginator({rows}, {size}).get_page(request.GET.get("page"))
        return [{read} for book in {iterated}]

    urlpatterns = [path("books/", view)]
    """
PLAIN = {"rows": "Book.objects.all()", "size": "25", "read": "book.author.name", "iterated": "page"}


def cost(**changed: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of the view: sizes → (fewest, most)."""
    text = textwrap.dedent(SOURCE).format(**PLAIN | changed)
    project = Project([("urls.py", "app", lower(text.encode())), *library()])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    return CostTable(trace.machine).root(trace.entries[0]).get("sql", {})


@pytest.mark.parametrize(
    "changed",
    [{"rows": 'Book.objects.select_related("author")'}, {"read": "book.author_id"}],
    ids=["loaded", "key alone"],
)
def test_rows_of_a_page_cost_a_count_and_a_select(changed: dict[str, str]) -> None:
    assert set(cost(**changed)) == {()}


@pytest.mark.parametrize("iterated", ["page", "page.object_list"])
def test_what_is_read_of_each_row_of_a_page_is_counted(iterated: str) -> None:
    assert cost(iterated=iterated)["books",] == (1, 1)
