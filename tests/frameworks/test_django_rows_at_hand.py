"""Relations of rows that are in memory already: `prefetch_related_objects`."""

import pytest

from tests.frameworks.django_library import costs


def test_prefetching_for_rows_at_hand() -> None:
    assert costs("""
        rows = list(Book.objects.all())
        prefetch_related_objects(rows, "author", "tags")
        for b in rows:
            b.author.name
            for t in b.tags.all(): t.name
    """) == ["SELECT Book", "SELECT Author (prefetch author)", "SELECT Tag (prefetch tags)"]


AT_HAND = {
    "handed to a helper": """
        def index(rows):
            prefetch_related_objects(rows, "author", "tags")
            for b in rows: show(b)
        def show(b):
            b.author.name
            for t in b.tags.all(): t.name
        def run():
            index(list(Book.objects.filter(id=3)))
    """,
    "by a helper that does it for one row unless somebody did for all": """
        FIELDS = ["author", "tags"]
        def show(b, done=False):
            if not done:
                prefetch_related_objects([b], *FIELDS)
            b.author.name
            for t in b.tags.all(): t.name
        def index(rows):
            prefetch_related_objects(rows, *FIELDS)
            for b in rows: show(b, done=True)
        def run():
            rows = list(Book.objects.filter(id=3))
            index(rows)
    """,
    "a queryset, which keeps its rows": """
        rows = Book.objects.filter(id=3)
        prefetch_related_objects(rows, "author", "tags")
        for b in rows:
            b.author.name
            for t in b.tags.all(): t.name
    """,
}


@pytest.mark.parametrize("code", AT_HAND.values(), ids=AT_HAND)
def test_prefetching_for_rows_that_are_handed_over(code: str) -> None:
    assert costs(code) == ["SELECT Book", "SELECT Author (prefetch author)", "SELECT Tag (prefetch tags)"]


def test_prefetching_for_each_row_by_a_helper_is_paid_for_each() -> None:
    assert costs("""
        def load(b):
            prefetch_related_objects([b], "author")
        def run():
            for b in Book.objects.filter(id=3):
                load(b)
                b.author.name
    """) == ["SELECT Book", "SELECT Author (prefetch author) × books"]
