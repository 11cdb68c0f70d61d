"""Lists that are written out and have more put into them, as the relations of a query mostly are."""

import pytest

from tests.frameworks.django_library import costs, effects

READ = "b.author.name; list(b.tags.all()); b.owner.email"
LOADED = [
    "SELECT Book",
    "SELECT Author (prefetch author)",
    "SELECT Tag (prefetch tags)",
    "Book.owner × books",
]
GROWN = {
    "append": """
        names = ["author"]
        names.append("tags")
    """,
    "insert": """
        names = ["author"]
        names.insert(1, "tags")
    """,
    "extend where something says so": """
        names = ["author"]
        if wanted():
            names.extend(["tags"])
    """,
    "augmented where something says so": """
        names = ["author"]
        if wanted():
            names += ["tags"]
    """,
    "a tuple made longer": """
        names = ("author",)
        if wanted():
            names = names + ("tags",)
    """,
    "a set": """
        names = {"author"}
        names.update({"tags"})
    """,
    "in a loop over names": """
        names = ["author"]
        for name in ("tags",):
            names.append(name)
    """,
}


@pytest.mark.parametrize("code", GROWN.values(), ids=GROWN)
def test_relations_that_are_named_one_by_one_are_loaded(code: str) -> None:
    assert costs(f"{code}\n        for b in Book.objects.prefetch_related(*names): {READ}") == LOADED


def test_what_a_caller_asks_for_is_loaded_for_that_caller_alone() -> None:
    code = """
        def rows(also=False):
            names = ["author"]
            if also:
                names.extend(["tags"])
            return Book.objects.prefetch_related(*names)
        def run():
            for b in rows({}): b.author.name; list(b.tags.all())
    """
    assert costs(code.format("also=True"))[-1] == "SELECT Tag (prefetch tags)"
    assert costs(code.format(""))[-1] == "SELECT Tag via tags × books"


def test_a_constant_of_the_module_stays_what_it_is_for_the_next_reader() -> None:
    assert costs("""
        NAMES = ["author"]
        def more():
            names = NAMES
            names.append("tags")
        def run():
            more()
            for b in Book.objects.prefetch_related(*NAMES): b.author.name; list(b.tags.all())
    """) == ["SELECT Book", "SELECT Author (prefetch author)", "SELECT Tag via tags × books"]


def test_names_put_into_an_empty_list_may_be_any() -> None:
    found = effects("""
        names = []
        names.append("author")
        names.append("tags")
        for b in Book.objects.prefetch_related(*names): list(b.tags.all())
    """)
    origin = found[-1].row.origin if found[-1].row is not None else found[-1].query.owner.origin  # type: ignore[union-attr]
    assert any(strategy == "unknown" for _, _, strategy in origin.strategies)  # type: ignore[union-attr]


def test_rows_that_join_one_that_was_there_are_walked_over() -> None:
    assert costs("""
        rows = [Book.objects.get(id=1)]
        for b in Book.objects.all():
            rows.append(b)
        for b in rows: b.owner.email
    """) == ["SELECT Book", "SELECT Book", "Book.owner × books"]
    assert costs("""
        rows = [None]
        rows.extend(Book.objects.all())
        for b in rows: b.owner.email
    """) == ["SELECT Book", "Book.owner × books"]
