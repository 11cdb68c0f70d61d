"""Trees of rows: what each method asks is what django-mptt 0.18 and django-treebeard 5 ask of SQLite."""

import textwrap

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of

SOURCE = """
    from django.db import models
    from django.urls import path
    from mptt.models import MPTTModel, TreeForeignKey
    from treebeard.mp_tree import MP_Node
    from wagtail.models import Page

    class Genre(MPTTModel):
        name = models.CharField(max_length=9)
        parent = TreeForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")

    class Shelf(MP_Node):
        name = models.CharField(max_length=9)

    class Plain(models.Model):
        name = models.CharField(max_length=9)

        def get_children(self):
            return []

    class Link(models.Model):
        page = models.ForeignKey(Page, models.CASCADE)

    def view(request):
        return [{read} for x in {model}.objects.all()]

    urlpatterns = [path("x/", view)]
    """


def cost(model: str, read: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of the view: sizes → (fewest, most)."""
    text = textwrap.dedent(SOURCE).format(model=model, read=read)
    project = Project([("urls.py", "app", lower(text.encode()))])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    return CostTable(trace.machine).root(trace.entries[0]).get("sql", {})


@pytest.mark.parametrize(
    ("model", "read"),
    [
        ("Genre", "x.get_level()"),
        ("Genre", "x.is_leaf_node()"),
        ("Genre", "x.get_descendant_count()"),
        ("Genre", "x.get_children()"),
        ("Shelf", "x.get_depth()"),
        ("Shelf", "x.is_root()"),
        ("Plain", "list(x.get_children())"),
    ],
)
def test_what_the_row_knows_itself_asks_nothing(model: str, read: str) -> None:
    assert cost(model, read) == {(): (1, 1)}


@pytest.mark.parametrize(
    ("model", "read"),
    [
        ("Genre", "[c.name for c in x.get_children()]"),
        ("Genre", "x.get_ancestors().count()"),
        ("Genre", "x.get_root().name"),
        ("Genre", "len(x.get_descendants())"),
        ("Shelf", "[c.name for c in x.get_children()]"),
        ("Shelf", "x.get_parent().name"),
        ("Shelf", "x.get_descendant_count()"),
    ],
)
def test_what_another_row_knows_is_asked_for_each(model: str, read: str) -> None:
    sizes = {"Genre": ("genres",), "Shelf": ("shelfs",)}[model]
    assert cost(model, read) == {(): (1, 1), sizes: (1, 1)}


def test_a_page_is_loaded_and_then_the_row_of_its_own_model() -> None:
    assert cost("Link", "x.page.specific.title") == {(): (1, 1), ("links",): (2, 2)}
