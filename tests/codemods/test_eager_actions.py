"""What each action of a view set is given where several share `get_queryset` and want different relations."""

from auditor.codemods import eager_load
from auditor.codemods.outcome import Written

from .conftest import proposed

MODELS = """\
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=50)

class Tag(models.Model):
    name = models.CharField(max_length=50)

class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    editor = models.ForeignKey(Author, null=True, related_name="edited", on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)
"""
URLS = """\
from django.urls import include, path
from rest_framework.routers import DefaultRouter
from views import BookViewSet

router = DefaultRouter()
router.register("books", BookViewSet, basename="book")
urlpatterns = [path("", include(router.urls))]
"""
VIEWS = """\
from models import Book
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response


class BookSerializer(serializers.ModelSerializer):
    writer = serializers.CharField(source="author.name")
    editor = serializers.SerializerMethodField()
    tags = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = Book
        fields = ["title", "writer", "editor", "tags"]

    def get_editor(self, book):
        return book.editor.name if book.editor else None


class BookViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = BookSerializer

    def get_queryset(self):
        return Book.objects.order_by("title")

    @action(detail=False)
    def tagged(self, request):
        books = self.get_queryset()
        return Response([[tag.name for tag in book.tags.all()] for book in books])
"""


def test_an_action_is_given_what_it_reads_and_the_list_what_its_serializer_reads() -> None:
    files = {
        "models.py": MODELS,
        "urls.py": URLS,
        "settings.py": 'ROOT_URLCONF = "urls"\n',
        "views.py": VIEWS,
    }
    _, results = proposed(files, eager_load)
    added = {
        line.strip()
        for one in results
        if isinstance(one, Written)
        for line in one.files["views.py"].splitlines()
        if line not in VIEWS.splitlines()
    }
    assert 'queryset = queryset.prefetch_related("tags")' in added
    assert {'.select_related("author", "editor")', '.prefetch_related("tags")'} <= added
    assert {line for line in added if line.startswith("if")} == {
        'if self.action == "list":',
        'if self.action == "tagged":',
    }
