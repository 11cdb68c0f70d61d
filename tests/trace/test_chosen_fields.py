"""Nested serializers whose declaration chooses which of their fields are shown."""

import textwrap

import pytest

from tests.trace.rest_project import traced

APPLICATION = """
    from django.db import models
    from rest_framework import serializers, viewsets
    from rest_framework.routers import DefaultRouter

    class City(models.Model):
        name = models.CharField(max_length=9)

    class Author(models.Model):
        name = models.CharField(max_length=9)
        city = models.ForeignKey(City, models.CASCADE)
        friends = models.ManyToManyField("self")

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

    {chooser}

    class CitySerializer(serializers.ModelSerializer):
        class Meta:
            model = City
            fields = ["name"]

    class AuthorSerializer(Chosen):
        city = CitySerializer()
        class Meta:
            model = Author
            fields = ["id", "name", "city", "friends"]
            brief_fields = ["id", "name"]

    class BookSerializer(serializers.ModelSerializer):
        author = AuthorSerializer({given})
        class Meta:
            model = Book
            fields = ["id", "author"]

    class BookViewSet(viewsets.ReadOnlyModelViewSet):
        queryset = Book.objects.select_related("author")
        serializer_class = BookSerializer
        pagination_class = None

    router = DefaultRouter()
    router.register("books", BookViewSet)
    urlpatterns = router.urls
"""
BY_NAMES = """
    class Chosen(serializers.ModelSerializer):
        def __init__(self, *args, **kwargs):
            fields = kwargs.pop("fields", None)
            omitted = kwargs.pop("omit", ())
            super().__init__(*args, **kwargs)
            if fields is not None:
                for name in set(self.fields) - set(fields):
                    self.fields.pop(name)
            for name in omitted:
                self.fields.pop(name)
"""
BY_A_LIST_OF_META = """
    class Chosen(serializers.ModelSerializer):
        def __init__(self, *args, nested=False, **kwargs):
            self.names = getattr(self.Meta, "brief_fields", None) if nested else None
            super().__init__(*args, **kwargs)
        @property
        def fields(self):
            fields = super().fields
            return {k: v for k, v in fields.items() if k in self.names} if self.names else fields
"""
UNKNOWN = """
    class Chosen(serializers.ModelSerializer):
        def __init__(self, *args, nested=False, **kwargs):
            super().__init__(*args, **kwargs)
            if nested:
                for name in elsewhere.names_of(self):
                    self.fields.pop(name)
"""
OTHER = """
    class Chosen(serializers.ModelSerializer):
        def __init__(self, *args, nested=False, **kwargs):
            self.nested = nested
            super().__init__(*args, **kwargs)
"""
CITY, FRIENDS = "Author.city", "SELECT Author via friends"


@pytest.mark.parametrize(
    ("chooser", "given", "read"),
    [
        (BY_NAMES, "", {CITY, FRIENDS}),
        (BY_NAMES, "fields=None", {CITY, FRIENDS}),
        (BY_NAMES, "fields=('id', 'name')", set()),
        (BY_NAMES, "fields=('id', 'city')", {CITY}),
        (BY_NAMES, "omit=['city']", {FRIENDS}),
        (BY_NAMES, "fields=['name', 'city', 'friends'], omit=['city']", {FRIENDS}),
        (BY_NAMES, "fields=NAMES", set()),
        (BY_A_LIST_OF_META, "nested=True", set()),
        (BY_A_LIST_OF_META, "nested=False", {CITY, FRIENDS}),
        (BY_A_LIST_OF_META, "read_only=True", {CITY, FRIENDS}),
        (UNKNOWN, "nested=True", set()),
        (OTHER, "nested=True", {CITY, FRIENDS}),
    ],
)
def test_only_what_is_chosen_is_read(chooser: str, given: str, read: set[str]) -> None:
    code = textwrap.dedent(APPLICATION)
    code = code.replace("{chooser}", textwrap.dedent(chooser).strip()).replace("{given}", given)
    sources = {"settings.py": "ROOT_URLCONF = 'urls'\n", "urls.py": code}
    trace = traced(sources)
    listed = next(r for r in trace.entries if r.entry is not None and r.entry.path == "/books/")
    assert {e.label for e in listed.summary.effects if e.kind == "sql"} - {"SELECT Book"} == read
