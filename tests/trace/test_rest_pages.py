"""Lists of DRF: the pages that the project's settings ask for, and the rows of one page."""

import textwrap

import pytest

from auditor.trace.cost import CostTable
from tests.trace.rest_project import traced

APPLICATION = """
    from django.db import models
    from rest_framework import pagination, serializers, viewsets
    from rest_framework.routers import DefaultRouter

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

    class Pages(pagination.PageNumberPagination):
        page_size = 20

    class BookSerializer(serializers.ModelSerializer):
        author_name = serializers.CharField(source="author.name")
        class Meta:
            model = Book
            fields = ["id", "author_name"]
        {own}

    class BookViewSet(viewsets.ReadOnlyModelViewSet):
        queryset = Book.objects.{loaded}
        serializer_class = BookSerializer

    router = DefaultRouter()
    router.register("books", BookViewSet)
    urlpatterns = router.urls
    """
PAGES = "REST_FRAMEWORK = {'DEFAULT_PAGINATION_CLASS': 'urls.Pages'}"


def cost(
    settings: str, loaded: str = "all()", *, own: str = "", path: str = "/books/"
) -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of the list: sizes → (fewest, most)."""
    sources = {
        "settings.py": f"ROOT_URLCONF = 'urls'\n{settings}\n",
        "urls.py": textwrap.dedent(APPLICATION)
        .replace("{loaded}", loaded)
        .replace("{own}", textwrap.indent(textwrap.dedent(own), "    ").strip()),
    }
    trace = traced(sources)
    entry = next(root for root in trace.entries if root.entry is not None and root.entry.path == path)
    return CostTable(trace.machine).root(entry).get("sql", {})


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "REST_FRAMEWORK = {'PAGE_SIZE': 20}",
        "REST_FRAMEWORK = {'DEFAULT_PAGINATION_CLASS': None}",
    ],
    ids=["no settings", "only a size", "none at all"],
)
def test_without_a_pagination_nothing_is_counted(settings: str) -> None:
    assert cost(settings) == {(): (1, 1), ("books",): (1, 1)}


@pytest.mark.parametrize(
    "settings",
    [
        PAGES,
        "REST_FRAMEWORK = dict(DEFAULT_PAGINATION_CLASS='urls.Pages')",
        "REST_FRAMEWORK = {'DEFAULT_PAGINATION_CLASS': 'rest_framework.pagination.PageNumberPagination', 'PAGE_SIZE': 9}",
        "REST_FRAMEWORK = {'DEFAULT_PAGINATION_CLASS': 'rest_framework.pagination.LimitOffsetPagination', 'PAGE_SIZE': 9}",
    ],
    ids=["the project's", "as a call", "by number", "by offset"],
)
def test_a_page_is_counted_and_read_once(settings: str) -> None:
    assert cost(settings) == {(): (2, 2), ("books",): (1, 1)}


def test_a_view_without_pages_counts_nothing_whatever_the_settings_say() -> None:
    assert cost(PAGES, "all()\n    pagination_class = None") == {(): (1, 1), ("books",): (1, 1)}


def test_a_source_that_ends_in_a_count_asks_for_it_once_per_row() -> None:
    own = "author_name = serializers.IntegerField(source='author.book_set.count')"
    assert cost("", "select_related('author')", own=own) == {(): (1, 1), ("books",): (1, 1)}


def test_rows_of_a_page_keep_what_was_loaded_with_them() -> None:
    assert cost(PAGES, "select_related('author')") == {(): (2, 2)}


def test_settings_that_nobody_can_read_say_nothing_of_pages() -> None:
    assert ("books",) in cost("REST_FRAMEWORK = read()")


OWN = """
    def to_representation(self, instance):
        shown = super().to_representation(instance)
        shown["others"] = Book.objects.filter(author_id=instance.author_id).count()
        return shown
    """


def test_a_representation_of_its_own_reads_the_fields_once() -> None:
    assert cost("", own=OWN) == {(): (1, 1), ("books",): (2, 2)}
    assert cost("", "select_related('author')", own=OWN) == {(): (1, 1), ("books",): (1, 1)}


def test_one_object_is_shown_by_its_own_representation_too() -> None:
    assert cost("", own=OWN, path="/books/{pk}/") == {(): (3, 3)}


def test_what_a_representation_leaves_out_is_not_read() -> None:
    own = """
    def to_representation(self, instance):
        return {"id": instance.pk}
    """
    assert cost("", own=own) == {(): (1, 1)}
    assert cost("", own=own, path="/books/{pk}/") == {(): (1, 1)}


ACTIONS = """
    from django.db import models
    from rest_framework import serializers, viewsets
    from rest_framework.decorators import action
    from rest_framework.response import Response
    from rest_framework.routers import DefaultRouter

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

    class BriefSerializer(serializers.ModelSerializer):
        class Meta:
            model = Book
            fields = ["id"]

    class BookSerializer(BriefSerializer):
        author_name = serializers.CharField(source="author.name")
        class Meta:
            model = Book
            fields = ["id", "author_name"]

    class CountingSerializer(BriefSerializer):
        count = serializers.SerializerMethodField()

        def get_count(self, book):
            return Book.objects.filter(author_id=book.author_id).count()

    class PerActionMixin:
        serializer_classes = {}

        def get_serializer_class(self):
            return self.serializer_classes.get(self.action, self.serializer_class)

    class BookViewSet(PerActionMixin, viewsets.ReadOnlyModelViewSet):
        serializer_class = BookSerializer
        serializer_classes = {"brief": BriefSerializer, "other": CountingSerializer}

        def get_queryset(self):
            books = Book.objects.all()
            if self.action == "list":
                return books.select_related("author")
            return books

        @action(detail=False)
        def brief(self, request):
            return Response(self.get_serializer(self.get_queryset(), many=True).data)

        @action(detail=False)
        def whole(self, request):
            return Response(self.get_serializer(self.get_queryset(), many=True).data)

    router = DefaultRouter()
    router.register("books", BookViewSet, basename="book")
    urlpatterns = router.urls
    """


def test_a_view_set_does_what_it_does_for_its_action() -> None:
    trace = traced({"urls.py": textwrap.dedent(ACTIONS)})
    costs = {
        root.entry.path: CostTable(trace.machine).root(root)["sql"]
        for root in trace.entries
        if root.entry is not None
    }
    assert costs == {
        "/books/": {(): (1, 1)},
        "/books/brief/": {(): (1, 1)},
        "/books/whole/": {(): (1, 1), ("books",): (1, 1)},
        "/books/{pk}/": {(): (2, 2)},
    }
