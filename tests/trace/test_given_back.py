"""What a callee gives back that is one of its arguments, or a reading of one, as callers see it."""

import textwrap

import pytest

from auditor.trace.chains import chains
from tests.trace.rest_project import traced

APPLICATION = """
    from django.db import models
    from django.shortcuts import get_object_or_404
    from django.urls import path
    from rest_framework import generics, serializers

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

    class BookSerializer(serializers.ModelSerializer):
        class Meta:
            model = Book
            fields = ["id"]

    class First:
        def filter_queryset(self, request, queryset, view):
            return {first}

    class Second:
        def filter_queryset(self, request, queryset, view):
            return {second}

    class Detail(generics.RetrieveAPIView):
        serializer_class = BookSerializer

        def get_queryset(self):
            return Book.objects.all()

    urlpatterns = [path("books/<int:pk>/", Detail.as_view())]
    """
NONE = "REST_FRAMEWORK = {'DEFAULT_FILTER_BACKENDS': ()}"
ONE = "REST_FRAMEWORK = {'DEFAULT_FILTER_BACKENDS': ('urls.First',)}"
TWO = "REST_FRAMEWORK = {'DEFAULT_FILTER_BACKENDS': ('urls.First', 'urls.Second')}"
LIBRARYS = (
    "REST_FRAMEWORK = {'DEFAULT_FILTER_BACKENDS': "
    "('rest_framework.filters.SearchFilter', 'rest_framework.filters.OrderingFilter')}"
)


def asked(settings: str, first: str = "queryset", second: str = "queryset") -> list[str]:
    """The statements that one detail page asks."""
    text = textwrap.dedent(APPLICATION).replace("{first}", first).replace("{second}", second)
    sources = {"settings.py": f"ROOT_URLCONF = 'urls'\n{settings}\n", "urls.py": text}
    trace = traced(sources)
    (root,) = (r for r in trace.entries if r.entry is not None and r.entry.method == "GET")
    found, _ = chains(trace.machine, root.summary, 100)
    return [chain.effect.label for chain in found if chain.effect.kind == "sql"]


@pytest.mark.parametrize("settings", [NONE, ONE, TWO, LIBRARYS])
def test_row_of_a_detail_page_is_fetched_once_however_many_filters_it_goes_through(settings: str) -> None:
    assert asked(settings) == ["SELECT Book"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("queryset.filter(pk=1)", "queryset"),
        ("queryset", "queryset.exclude(pk=1)"),
        ("queryset.filter(pk=1)", "queryset.order_by('pk')"),
    ],
)
def test_filters_that_narrow_ask_nothing_themselves(first: str, second: str) -> None:
    assert set(asked(TWO, first, second)) == {"SELECT Book"}


def test_what_a_filter_asks_besides_is_told() -> None:
    assert sorted(asked(TWO, "queryset if Author.objects.count() else queryset.none()")) == [
        "COUNT Author",
        "SELECT Book",
    ]


def test_filter_that_gives_back_something_else_is_not_taken_for_the_one_before() -> None:
    assert "SELECT Author" in asked(ONE, "Author.objects.all()")
