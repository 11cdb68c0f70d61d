"""Tortoise ORM: what each request asks. The figures are those of Tortoise 1.1 itself, counted on this application with two sizes of data."""

from functools import cache

import pytest

from auditor.frameworks.tortoise_models import Registry
from auditor.frameworks.tortoise_schema import declarations
from auditor.sql.schema import build_schema
from tests.frameworks.linked import project, statements, traced
from tests.frameworks.tortoise_application import APP, MODELS


@cache
def costs() -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    """By path: the statements of its endpoint."""
    return statements(traced(project({"models.py": MODELS, "app.py": APP})))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/lazy", {(): 1, ("tweets",): 1}),
        ("/select_related", {(): 1}),
        ("/select_related_deep", {(): 1}),
        ("/prefetched", {(): 3}),
        ("/prefetched_deep", {(): 3}),
        ("/prefetched_m2m", {(): 3}),
        ("/prefetched_awaited", {(): 2, ("users",): 1}),
        ("/prefetched_all", {(): 2, ("users",): 1}),
        ("/prefetched_fk_awaited", {(): 2}),
        ("/prefetch_object", {(): 2}),
        ("/prefetch_attr", {(): 2}),
        ("/reverse", {(): 1, ("users",): 1}),
        ("/reverse_async_for", {(): 1, ("users",): 1}),
        ("/reverse_filter", {(): 1, ("users",): 1}),
        ("/reverse_all_values", {(): 1, ("users",): 1}),
        ("/back_and_forth", {(): 2, ("tweets",): 1}),
        ("/m2m", {(): 1, ("tweets",): 1}),
        ("/one_to_one", {(): 1, ("users",): 1}),
        ("/one_to_one_related", {(): 1}),
        ("/fetch_related", {(): 3}),
        ("/fetch_related_loop", {(): 1, ("users",): 1}),
        ("/fetch_for_list", {(): 2}),
        ("/keys", {(): 1}),
        ("/values", {(): 2}),
        ("/got/{key}", {(): 5}),
        ("/label", {(): 1, ("users",): 1}),
        ("/in_loop", {(): 1, ("users",): 1}),
        ("/chain", {(): 3}),
        ("/gathered", {(): 2}),
        ("/gathered_many", {(): 1, ("users",): 1}),
        ("/gathered_lazy", {(): 1, ("tweets",): 1}),
        ("/paginated", {(): 3}),
        ("/from_coroutine", {(): 2}),
        ("/repository", {(): 2, ("tweets",): 1}),
        ("/crud", {(): 1}),
        ("/twice", {(): 2}),
        ("/annotated", {(): 1}),
        ("/q", {(): 1}),
        ("/in_bulk", {(): 1}),
        ("/raw", {(): 3}),
        ("/create", {(): 1, ("users",): 1}),
        ("/create_related", {(): 4}),
        ("/bulk", {(): 4}),
        ("/save_loop", {(): 1, ("tweets",): 1}),
        ("/m2m_add", {(): 5}),
        ("/get_or_create_new", {(): 2}),
        ("/update_or_create", {(): 2}),
        ("/refresh", {(): 3}),
    ],
)
def test_a_request_asks_what_tortoise_asks(path: str, expected: dict[tuple[str, ...], int]) -> None:
    assert costs()[path] == {sizes: (often, often) for sizes, often in expected.items()}


def test_models_have_their_tables_keys_and_names_on_the_other_side() -> None:
    source = """
        from tortoise import Model, fields
        from tortoise.indexes import Index

        class Timed(Model):
            made = fields.DatetimeField(index=True)
            maker = fields.ForeignKeyField("models.Person", null=True)

            class Meta:
                abstract = True

        class Person(Model):
            key = fields.CharField(max_length=9, primary_key=True, source_field="person_key")
            boss: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField("models.Person", related_name="team")

        class Pet(Timed):
            owner = fields.OneToOneField("models.Person", related_name="pet", source_field="held_by")
            vet = fields.ForeignKeyField("models.Person", related_name=False, db_index=True)
            friends = fields.ManyToManyField("models.Person", related_name="friendly")

            class Meta:
                table = "pets"
                indexes = [Index(fields=("made", "vet"), name="x")]
                unique_together = ("vet", "made")

        class Plain:
            name = fields.TextField()
        """
    registry = Registry(project({"models.py": source}))
    person, pet = registry.by_key["models.Person"], registry.by_key["models.Pet"]
    assert set(registry.by_key) == {"models.Person", "models.Pet", "models.Timed"}
    assert (person.table, pet.table, person.primary_key, pet.primary_key) == ("person", "pets", "key", "id")
    assert set(pet.columns) == {"id", "made", "maker", "owner", "vet"}
    assert {r.name: (r.target, r.many, r.kind) for r in person.relations.values()} == {
        "boss": ("models.Person", False, "fk"),
        "team": ("models.Person", True, "reverse-fk"),
        "pet": ("models.Pet", False, "reverse-o2o"),
        "friendly": ("models.Pet", True, "m2m"),
        "pets": ("models.Pet", True, "reverse-fk"),
    }
    schema = build_schema(declarations(registry))
    assert set(schema.tables) == {"person", "pets"}
    found = {index.columns for index in schema.tables["pets"].indexes}
    assert {("made",), ("vet_id",), ("held_by",), ("made", "vet_id"), ("vet_id", "made")} <= found
    assert ("maker_id",) not in found  # a foreign key brings no index


def test_a_target_that_several_classes_are_called_is_nobodys() -> None:
    source = """
        from tortoise import Model, fields

        class Note(Model):
            of = fields.ForeignKeyField("models.Thing")
        """
    thing = """
        from tortoise import Model

        class Thing(Model):
            pass
        """
    registry = Registry(project({"a.py": source, "b.py": thing, "c.py": thing}))
    assert registry.by_key["a.Note"].relations["of"].target == ""
