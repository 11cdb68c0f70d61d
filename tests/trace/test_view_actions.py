"""What `@action` sets on a view set for one action alone."""

import textwrap

from auditor.trace.cost import CostTable
from tests.trace.rest_project import traced

APPLICATION = """
    from django.db import models
    from rest_framework import serializers, viewsets
    from rest_framework.decorators import action
    from rest_framework.routers import DefaultRouter
    from own import remembered

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

    class BriefSerializer(serializers.ModelSerializer):
        class Meta:
            model = Book
            fields = ["id"]

    class BookSerializer(serializers.ModelSerializer):
        author_name = serializers.CharField(source="author.name")
        class Meta:
            model = Book
            fields = ["id", "author_name"]

    class BookViewSet(viewsets.ReadOnlyModelViewSet):
        queryset = Book.objects.all()
        serializer_class = BriefSerializer

        def get_serializer_class(self):
            return self.serializer_class

        @action(detail=False, serializer_class=BookSerializer)
        def full(self, request):
            return super().list(request)

        @action(detail=False, serializer_class=BookSerializer, queryset=Book.objects.select_related("author"))
        def joined(self, request):
            return super().list(request)

        @action(detail=False)
        def brief(self, request):
            return super().list(request)

        @action(detail=False)
        @remembered(serializer_class=BookSerializer)
        def own(self, request):
            return super().list(request)

    router = DefaultRouter()
    router.register("books", BookViewSet)
    urlpatterns = router.urls
    """
OWN = "def remembered(**how):\n    def wrap(f):\n        return f\n    return wrap\n"


def costs() -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    sources = {"settings.py": "ROOT_URLCONF = 'urls'", "urls.py": textwrap.dedent(APPLICATION), "own.py": OWN}
    trace = traced(sources)
    table = CostTable(trace.machine)
    return {
        root.entry.path: table.root(root).get("sql", {}) for root in trace.entries if root.entry is not None
    }


def test_an_action_has_what_its_decorator_sets_and_the_others_have_the_class_attributes() -> None:
    told = costs()
    one_query: dict[tuple[str, ...], tuple[int, int]] = {(): (1, 1)}
    assert told["/books/"] == one_query
    assert told["/books/brief/"] == one_query
    assert told["/books/own/"] == one_query
    assert told["/books/joined/"] == one_query
    assert told["/books/full/"] == {(): (1, 1), ("books",): (1, 1)}
